"""MLflow's scoring server and SageMaker's contract: ``/invocations``, ``/ping``, ``/health``, ``/version``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from app.codecs.batch import JsonRows
from app.codecs.csv_reader import decode_csv
from app.codecs.json_decoder import Located
from app.codecs.json_layouts import JsonLayouts, filled_list
from app.codecs.json_strict import as_object, optional_object
from app.endpoints.data_plane import DataPlane
from app.errors import MalformedRequest, ServingError
from app.http.application import Application
from app.http.context import RequestContext
from app.http.request_body import read_body, require_media_type
from app.http.responses import CSV, JSON, BytesResponse, JSONResponse
from app.settings import VERSION

PATH = "/invocations"
_LAYOUTS = ("dataframe_split", "dataframe_records", "instances", "inputs")
# MLflow's names of the statuses that this service has (mlflow's databricks.proto); what is not here is BAD_REQUEST.
_ERROR_CODES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "ENDPOINT_NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""

    def invocations(context: RequestContext) -> JSONResponse:
        body = read_body(context, None, plane.settings.max_body)
        media_type = require_media_type(context.environ, JSON, CSV)
        route = plane.router.route(context.client_id)
        decoder = route.model.decoder
        if media_type == CSV:
            batch = decode_csv(body, decoder)
        else:
            batch, _ = decoder.decode_document(body, lambda data: _locate_rows(data, decoder.layouts))
        return JSONResponse({"predictions": context.add_complete(plane.pipeline.predict(route, batch)).predictions})

    def ping() -> Any:
        return BytesResponse(b"\n", JSON, HTTPStatus.OK if plane.is_ready() else HTTPStatus.NOT_FOUND)

    def version() -> Any:
        return BytesResponse(VERSION.encode(), "text/plain")

    app.add_fast_route(PATH, invocations)
    app.register_error_renderer(PATH, render_error)
    app.flask.add_url_rule("/ping", "/ping", ping)
    app.flask.add_url_rule("/health", "/health", ping)
    app.flask.add_url_rule("/version", "/version", version)


def render_error(error: ServingError, status: int, context: RequestContext) -> JSONResponse:  # noqa: ARG001 - an ErrorRenderer
    """Return an error as MLflow puts it: whatever is wrong with the data is a bad request."""
    status = 400 if status == 422 else status
    return JSONResponse({"error_code": _ERROR_CODES.get(status, "BAD_REQUEST"), "message": error.message}, status)


def _locate_rows(data: Any, layouts: JsonLayouts) -> Located[None]:
    request = as_object(data, "the body")
    sent = [layout for layout in _LAYOUTS if layout in request]
    if len(sent) != 1:
        instead = f", not {' and '.join(sent)}" if sent else ""
        raise MalformedRequest(f"expected an object with exactly one of {', '.join(_LAYOUTS)}{instead}")
    optional_object(request, "params")  # for models that have some
    layout, value = sent[0], request[sent[0]]
    if layout == "dataframe_records":
        return JsonRows(filled_list(value, layout), allow_extra=True), None
    locate = {"instances": layouts.instances, "inputs": layouts.columns, "dataframe_split": layouts.frame}[layout]
    return locate(value, layout, allow_extra=True), None
