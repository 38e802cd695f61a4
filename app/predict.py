"""``POST /predict_json``: the service's own protocol."""

from __future__ import annotations

from collections.abc import Callable

from app.http import JSON, Reply, read_body
from app.record import Record
from app.service import Answer, Service


def adapter(service: Service, max_body: int) -> Callable[[Record], Reply]:
    """Decode, predict, encode: for one service."""

    def predict_json(record: Record) -> Reply:
        body = read_body(record, JSON, max_body)
        table, single = service.champion().decoder.json(body)
        return reply(service.predict(table, record), record, single)

    return predict_json


def reply(answer: Answer, record: Record, single: bool) -> Reply:
    """An answer as JSON: one prediction and its warnings, or a list of both."""
    predictions, given = answer.predictions, answer.warnings
    warnings = [[str(warning) for warning in given.get(row, ())] for row in range(len(predictions))]
    return Reply(
        {
            "success": True,
            **({"prediction": predictions[0]} if single else {"predictions": predictions}),
            "request_id": record.request_id,
            "model": answer.model,
            "version": answer.version,
            "warnings": warnings[0] if single else warnings,
        }
    )
