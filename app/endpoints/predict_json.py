"""``POST /predict_json``: the service's own protocol."""

from __future__ import annotations

from app.http.application import Application
from app.http.context import RequestContext
from app.http.request_body import read_body
from app.http.responses import JSON, JSONResponse
from app.inference.pipeline import InferencePipeline
from app.results import PredictionResult
from app.routing.router import ModelRouter
from app.settings import Settings


def register(app: Application, router: ModelRouter, pipeline: InferencePipeline, settings: Settings) -> None:
    """Add the route to the application."""

    def predict_json(context: RequestContext) -> JSONResponse:
        body = read_body(context, JSON, settings.max_body)
        route = router.route(context.client_id)
        batch, single = route.model.decoder.decode_rows(body)
        return prediction_response(context.add_complete(pipeline.predict(route, batch)), context, single)

    app.add_fast_route("/predict_json", predict_json)


def prediction_response(result: PredictionResult, context: RequestContext, single: bool) -> JSONResponse:
    """Return an answer as JSON: one prediction and its warnings, or a list of both."""
    predictions = result.predictions
    warnings: list[list[str]] = [[]] * len(predictions)
    for row, items in result.warnings.items():
        warnings[row] = [str(warning) for warning in items]
    return JSONResponse(
        {
            "success": True,
            **({"prediction": predictions[0]} if single else {"predictions": predictions}),
            "request_id": context.request_id,
            "model": result.model,
            "version": result.version,
            "warnings": warnings[0] if single else warnings,
        }
    )
