"""MLflow's scoring server and SageMaker's contract: ``/invocations``, ``/ping``, ``/health``, ``/version``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from app.codecs import csv_reader as csv_rows
from app.codecs.batch import Rows
from app.codecs.json_strict import members, optional
from app.endpoints.health import Readiness
from app.endpoints.tabular_json import columns, filled_list, instances
from app.errors import Refusal
from app.http.application import App
from app.http.context import RequestContext
from app.http.request_body import declared_type, read_body
from app.http.responses import CSV, JSON, Reply
from app.inference.pipeline import InferencePipeline
from app.routing.router import ModelRouter
from app.settings import VERSION, Settings
from registry import Signature

PATH = "/invocations"
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
# MLflow's names of the statuses that this service has (mlflow's databricks.proto); what is not here is BAD_REQUEST.
_CODES = {
    404: "ENDPOINT_NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


def register(app: App, versions: ModelRouter, service: InferencePipeline, settings: Settings, ready: Readiness) -> None:
    """Add the routes to the application."""

    def invocations(record: RequestContext) -> Reply:
        body = read_body(record, None, settings.max_body)
        media_type = declared_type(record.environ, JSON, CSV)
        serving = versions.choose(record)
        if media_type == CSV:
            table = csv_rows.table(body, serving.decoder)
        else:
            table = serving.decoder.find(body, lambda data: _find(data, serving.signature))
        return Reply({"predictions": service.predict(serving, table, record).predictions})

    def ping() -> Any:
        return Reply.of_bytes(b"\n", JSON, HTTPStatus.OK if ready else HTTPStatus.NOT_FOUND)

    def version() -> Any:
        return Reply.of_bytes(VERSION.encode(), "text/plain")

    app.add_prediction(PATH, invocations)
    app.add_protocol(PATH, refuse)
    app.add_url_rule("/ping", "/ping", ping)
    app.add_url_rule("/health", "/health", ping)
    app.add_url_rule("/version", "/version", version)


def refuse(refusal: Refusal, record: RequestContext) -> Reply:  # noqa: ARG001 - as every protocol's
    """A refusal as MLflow puts it: whatever is wrong with the data is a bad request."""
    status = 400 if refusal.status == 422 else refusal.status
    return Reply({"error_code": _CODES.get(status, "BAD_REQUEST"), "message": refusal.error}, status)


def _find(data: Any, signature: Signature) -> Rows:
    request = members(data, "the body")
    given = [form for form in _FORMS if form in request]
    if len(given) != 1:
        found = f", not {' and '.join(given)}" if given else ""
        raise Refusal(400, f"expected an object with exactly one of {', '.join(_FORMS)}{found}")
    optional(request, "params")  # for models that have some
    form, value = given[0], request[given[0]]
    if form == "dataframe_records":
        return Rows(filled_list(value, form), others=True)
    if form == "instances":
        return instances(value, signature, form, others=True)
    if form == "inputs":
        return columns(value, signature, form, others=True)
    frame = members(value, form)
    if "data" not in frame:
        raise Refusal(400, f"{form}: data is missing")
    names = frame.get("columns")
    if names is not None and not all(isinstance(name, str) for name in filled_list(names, "columns")):
        raise Refusal(400, f"{form}: columns: expected a list of names")
    return Rows(filled_list(frame["data"], "data"), names, others=True)
