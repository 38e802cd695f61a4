"""TensorFlow Serving's REST interface, ``/v1/models/...``: predict by row and by column, regress, status, metadata.

Its errors are ``{"error": ...}`` with the status and, where there are some, the words of TensorFlow Serving:
docs/clients.md says what is the same and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from app.codecs.batch import JsonRows
from app.codecs.json_decoder import Located
from app.codecs.json_layouts import JsonLayouts, filled_list
from app.codecs.json_strict import ObjectPairs, as_object, excerpt, is_list, json_type
from app.endpoints.data_plane import DataPlane, takes_texts
from app.errors import MalformedRequest, NotFound, ServingError
from app.http.application import Application
from app.http.context import RequestContext, current_request
from app.http.error_responses import render_error_member
from app.http.request_body import read_body
from app.http.responses import JSONResponse
from app.routing.cache import LoadedModel, VersionStatus
from app.routing.table import Route
from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME, Signature

ROOT = "/v1"
_MODELS = f"{ROOT}/models"
_VERSION = r"(?:/versions/(?P<number>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?"
_METHOD = re.compile(rf"/v1/models/(?P<model>[^/:]+){_VERSION}:(?P<method>classify|regress|predict)")
_STATUS = re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_VERSION}(?P<metadata>/metadata)?")


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    endpoints = _Endpoints(plane)
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    for rule in (ROOT, f"{ROOT}/", f"{ROOT}/<path:rest>"):
        app.flask.add_url_rule(rule, rule, endpoints.dispatch, methods=methods, provide_automatic_options=False)
    app.register_error_renderer(ROOT, render_error_member)
    root = f"{ROOT}/models/{plane.settings.model}"
    for method in ("predict", "regress"):
        app.add_fast_route(f"{root}:{method}", partial(endpoints.answer, method=method), routed=True)


class _Endpoints:
    """The endpoints of one model. Their paths are matched as TensorFlow Serving matches them, not by Flask."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._router = plane.router
        self._model = plane.settings.model

    def dispatch(self, rest: str = "") -> Any:  # noqa: ARG002 - the path is matched as a whole
        context = current_request()
        path = context.environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        method = context.environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return self._get(path)
        match = _METHOD.fullmatch(path)
        if method != "POST" or match is None:
            raise MalformedRequest(f"Malformed request: {method} {path}")
        route = self._select(match["model"], match["number"], match["label"], context)
        return self.answer(context, match["method"], route)

    def _get(self, path: str) -> JSONResponse:
        match = _STATUS.fullmatch(path)
        if match is None:
            raise MalformedRequest(f"Malformed request: GET {path}")
        if path == _MODELS:  # TensorFlow Serving has no list
            return JSONResponse({"models": [{"name": self._model, **_format_statuses(self._router.statuses())}]})
        model, number, label = match["model"], match["number"], match["label"]
        if model is None:
            raise MalformedRequest("Missing model name in request.")
        if match["metadata"]:
            return JSONResponse(_metadata(self._select(model, number, label).model))
        return JSONResponse(_format_statuses(self._statuses(model, number, label)))

    def _select(self, name: str, number: str | None, label: str | None, context: RequestContext | None = None) -> Route:
        """Return the route of the version that a path names; without one, of the one that answers this request."""
        try:
            if label and name == self._model:
                return self._router.pinned(self._resolve_label(label))
            return self._plane.select(name, number, context)
        except NotFound as error:
            version = f"Specific({name}, {number})" if number else f"Latest({name})"
            raise NotFound(f"Servable not found for request: {version}") from error

    def _resolve_label(self, label: str) -> int:
        try:
            return self._router.resolve_alias(label)
        except NotFound as error:
            raise MalformedRequest(f"Unrecognized servable version label: {label}") from error

    def _statuses(self, name: str, number: str | None, label: str | None) -> list[VersionStatus]:
        statuses = self._router.statuses() if name == self._model else []
        wanted = self._resolve_label(label) if label and name == self._model else int(number) if number else None
        if wanted is None and statuses:
            return statuses
        if wanted is None:
            raise NotFound(f"Could not find any versions of model {name}")
        if not any(status.number == wanted for status in statuses):
            raise NotFound(f"Could not find version {wanted} of model {name}")
        try:  # one that somebody asks for is loaded, so that its status can be said
            self._router.pinned(wanted)
        except ServingError as error:
            return [VersionStatus(wanted, False, error.message)]
        return [VersionStatus(wanted, True)]

    def answer(self, context: RequestContext, method: str, route: Route | None = None) -> JSONResponse:
        route = route or self._router.route(context.client_id)
        body = read_body(
            context, None, self._plane.settings.max_body
        )  # any media type, as in TensorFlow Serving: curl -d declares a form
        if method == "classify":
            raise MalformedRequest("Expected classification signature method_name to be tensorflow/serving/classify")
        decoder = route.model.decoder
        locate = _locate_rows if method == "predict" else _locate_examples
        batch, key = decoder.decode_document(body, lambda data: locate(data, decoder.layouts))
        predictions = context.add_complete(self._plane.pipeline.predict(route, batch)).predictions
        return JSONResponse({key: predictions if method == "regress" else predictions.reshape(-1, 1)})


def _locate_rows(data: Any, layouts: JsonLayouts) -> Located[str]:
    """Return the rows of a predict request, and under which key its predictions are sent."""
    request = _read_request(data)
    if "instances" in request and "inputs" in request:
        raise MalformedRequest("Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
    if "instances" in request:
        return layouts.instances(request["instances"], "instances"), "predictions"
    if "inputs" in request:
        return layouts.columns(request["inputs"], "inputs"), "outputs"
    raise MalformedRequest("Missing 'inputs' or 'instances' key")


def _locate_examples(data: Any, _: JsonLayouts) -> Located[str]:
    """Return the same of a regress request: a feature is a value or a list of one; the context's are in each row."""
    request = _read_request(data)
    if "examples" not in request:
        raise MalformedRequest("Missing 'examples' key")
    examples = filled_list(request["examples"], "examples")
    context = request.get("context", {})
    as_object(context, "context")
    if context or not isinstance(data, dict):
        shared = _read_features(context)
        rows = map(_read_features, examples)
        examples = [ObjectPairs([*shared, *row]) if isinstance(row, ObjectPairs) else row for row in rows]
    return JsonRows(examples), "results"


def _read_request(data: Any) -> dict[str, Any]:
    request = as_object(data, "the body")
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise MalformedRequest(f"signature_name: expected a text, not {json_type(name)}")
    if name not in ("", SIGNATURE_NAME):
        raise MalformedRequest(f'Serving signature name: "{excerpt(name)}" not found in signature def')
    return request


def _read_features(row: Any) -> Any:
    if not isinstance(row, ObjectPairs | dict):
        return row
    pairs = row if isinstance(row, ObjectPairs) else row.items()
    return ObjectPairs((name, cell[0] if is_list(cell) and len(cell) == 1 else cell) for name, cell in pairs)


def _format_statuses(statuses: Iterable[VersionStatus]) -> dict[str, Any]:
    return {"model_version_status": list(map(_format_status, statuses))}


def _format_status(status: VersionStatus) -> dict[str, Any]:
    """Return a status; a version that nobody asked for yet is at its start: this service loads it then."""
    state = "AVAILABLE" if status.loaded else "END" if status.fault else "START"
    error = {"error_code": "UNAVAILABLE" if status.fault else "OK", "error_message": status.fault}
    return {"version": str(status.number), "state": state, "status": error}


def _metadata(model: LoadedModel) -> dict[str, Any]:
    signature = {
        "inputs": _input_metadata(model.signature),
        # Of the SavedModel's two functions Keras exports this one last.
        "outputs": {OUTPUT_TENSOR: _tensor("StatefulPartitionedCall_1:0", 1)},
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": model.signature.model, "signature_name": "", "version": str(model.number)},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE_NAME: signature}}},
    }


def _input_metadata(signature: Signature) -> dict[str, Any]:
    """Return the model's tensor of numbers; or, if there are texts, what the service takes instead: a tensor an input.

    The SavedModel of such a version has the one tensor too, in which the codes of signature.json stand for the texts.
    """
    if not takes_texts(signature):
        return {INPUT_TENSOR: _tensor(f"{SIGNATURE_NAME}_{INPUT_TENSOR}:0", len(signature.inputs))}
    return {
        item.name: _tensor(f"{SIGNATURE_NAME}_{item.name}:0", 1, "DT_STRING" if item.levels else "DT_FLOAT")
        for item in signature.inputs
    }


def _tensor(name: str, width: int, dtype: str = "DT_FLOAT") -> dict[str, Any]:
    shape = {"dim": [{"size": "-1", "name": ""}, {"size": str(width), "name": ""}], "unknown_rank": False}
    return {"dtype": dtype, "tensor_shape": shape, "name": name}
