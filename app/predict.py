"""``POST /predict_json``: the service's own protocol."""

from __future__ import annotations

from flask import Blueprint, Response

from app.http import JSON, json_reply, read_body
from app.record import Record, current
from app.service import Answer, Service


def blueprint(service: Service, max_body: int) -> Blueprint:
    """The route, over one service."""
    routes = Blueprint("predict", __name__)

    @routes.post("/predict_json")
    def predict_json() -> Response:
        record = current()
        serving = service.champion()
        table, single = serving.decoder.json(read_body(JSON, max_body))
        return reply(service.predict(table, record), record, single)

    return routes


def reply(answer: Answer, record: Record, single: bool) -> Response:
    """An answer as JSON: one prediction and its warnings, or a list of both."""
    warnings = [[str(warning) for warning in answer.warnings.get(row, ())] for row in range(len(answer.predictions))]
    return json_reply(
        {
            "success": True,
            **({"prediction": answer.predictions[0]} if single else {"predictions": answer.predictions}),
            "request_id": record.request_id,
            "model": answer.model,
            "version": answer.version,
            "warnings": warnings[0] if single else warnings,
        }
    )
