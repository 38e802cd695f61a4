"""``POST /predict_json``: the service's own protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.codecs.batch import InputBatch
from app.endpoints.data_plane import DataPlane
from app.endpoints.query import EXPLAIN, EXTRA, INTERVAL, Query, members_beside, parse_query
from app.http.application import Application
from app.http.context import RequestContext
from app.http.request_body import read_body
from app.http.responses import JSON, JSONResponse
from app.results import PredictionResult
from app.routing.table import Route

_REMEDY = "; add ?extra=ignore to the URL to leave other names out"


def register(app: Application, plane: DataPlane) -> None:
    """Add the route to the application."""
    find_route, predict, max_body = plane.router.route, plane.pipeline.predict, plane.settings.max_body

    def predict_json(context: RequestContext) -> JSONResponse:
        body = read_body(context, JSON, max_body)
        route = find_route(context.client_id)
        query = context.environ.get("QUERY_STRING")
        if query:
            wishes = parse_query(query, EXTRA, INTERVAL, EXPLAIN)
            batch, single = route.model.decoder.decode_rows(body, wishes.ignores_extra, _REMEDY)
            return answer_with(wishes, plane, context, route, batch, single)
        batch, single = route.model.decoder.decode_rows(body, False, _REMEDY)
        return prediction_response(context.add_complete(predict(route, batch)), context, single)

    app.add_fast_route("/predict_json", predict_json)


def answer_with(
    wishes: Query, plane: DataPlane, context: RequestContext, route: Route, batch: InputBatch, single: bool
) -> JSONResponse:
    """Predict for every row of a batch, and answer with what the query asks for beside the predictions.

    Args:
        single: whether it is one row on its own.

    Raises:
        ServingError: if a row has no answer, or what is asked for can't be given.
    """
    if wishes.explain:  # before anything is predicted
        plane.explainers.of(route.model).check_row_count(len(batch.values))
    result = context.add_complete(plane.pipeline.predict(route, batch, wishes.level))
    explanations = plane.explain(context, route, result) if wishes.explain else None
    beside = members_beside(result, explanations, route.model.signature.names, single)
    return prediction_response(result, context, single, beside)


def prediction_response(
    result: PredictionResult, context: RequestContext, single: bool, beside: Mapping[str, Any] | None = None
) -> JSONResponse:
    """Return an answer as JSON: one prediction and its warnings, or a list of both; and other members beside them."""
    predictions = result.predictions
    warnings: list[list[str]] = [[]] * len(predictions)
    for row, items in result.warnings.items():
        warnings[row] = [str(warning) for warning in items]
    key, value = ("prediction", predictions[0]) if single else ("predictions", predictions)
    content = {
        "success": True,
        key: value,
        "request_id": context.request_id,
        "model": result.model,
        "version": result.version,
        "warnings": warnings[0] if single else warnings,
    }
    if beside:
        content |= beside
    return JSONResponse(content)
