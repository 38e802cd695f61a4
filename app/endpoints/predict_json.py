"""``POST /predict_json``: the service's own protocol."""

from __future__ import annotations

from app.http.application import App
from app.http.context import RequestContext
from app.http.request_body import read_body
from app.http.responses import JSON, Reply
from app.inference.pipeline import InferencePipeline, PredictionResult
from app.routing.router import ModelRouter
from app.settings import Settings


def register(app: App, versions: ModelRouter, service: InferencePipeline, settings: Settings) -> None:
    """Add the route to the application."""

    def predict_json(record: RequestContext) -> Reply:
        body = read_body(record, JSON, settings.max_body)
        serving = versions.choose(record)
        table, single = serving.decoder.json(body)
        return reply(service.predict(serving, table, record), record, single)

    app.add_prediction("/predict_json", predict_json)


def reply(answer: PredictionResult, record: RequestContext, single: bool) -> Reply:
    """An answer as JSON: one prediction and its warnings, or a list of both."""
    predictions, given = answer.predictions, answer.warnings
    warnings: list[list[str]] = [[]] * len(predictions)
    for row, items in given.items():
        warnings[row] = [str(warning) for warning in items]
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
