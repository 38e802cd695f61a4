"""``POST /predict_json``: the service's own protocol."""

from __future__ import annotations

from urllib.parse import parse_qs

from app.endpoints.data_plane import DataPlane
from app.errors import MalformedRequest
from app.http.application import Application
from app.http.context import RequestContext
from app.http.request_body import read_body
from app.http.responses import JSON, JSONResponse
from app.results import PredictionResult

_REMEDY = "; add ?extra=ignore to the URL to leave other names out"


def register(app: Application, plane: DataPlane) -> None:
    """Add the route to the application."""
    find_route, predict, max_body = plane.router.route, plane.pipeline.predict, plane.settings.max_body

    def predict_json(context: RequestContext) -> JSONResponse:
        body = read_body(context, JSON, max_body)
        route = find_route(context.client_id)
        query = context.environ.get("QUERY_STRING")
        batch, single = route.model.decoder.decode_rows(body, _ignores_extra(query) if query else False, _REMEDY)
        return prediction_response(context.add_complete(predict(route, batch)), context, single)

    app.add_fast_route("/predict_json", predict_json)


def _ignores_extra(query: str) -> bool:
    values = parse_qs(query, keep_blank_values=True).get("extra")
    if values not in (None, ["ignore"]):
        raise MalformedRequest("extra: expected ignore, once")
    return values is not None


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
