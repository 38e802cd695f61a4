"""TensorFlow Route's REST interface, ``/v1/models/...``: predict by row and by column, regress, status, metadata.

Its errors are ``{"error": ...}`` with the status of TensorFlow's code, in its own words where it has some: see
docs/clients.md for what is the same and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from app.codecs.batch import Rows
from app.codecs.json_strict import Pairs, is_list, kind, members, shown
from app.endpoints.tabular_json import columns, filled_list, instances
from app.errors import Refusal
from app.http.application import App
from app.http.context import RequestContext, current
from app.http.request_body import read_body
from app.http.responses import Reply
from app.inference.pipeline import InferencePipeline
from app.routing.cache import State
from app.routing.router import ModelRouter
from app.routing.table import Route
from app.settings import Settings
from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME, Signature

ROOT = "/v1"
_VERSION = r"(?:/versions/(?P<number>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?"
_METHOD = re.compile(rf"/v1/models/(?P<model>[^/:]+){_VERSION}:(?P<method>classify|regress|predict)")
_STATE = re.compile(rf"/v1/models(?:/(?P<model>[^/:]+))?{_VERSION}(?P<metadata>/metadata)?")


def register(app: App, versions: ModelRouter, service: InferencePipeline, settings: Settings) -> None:
    """Add the routes to the application."""
    model = settings.model

    def labelled(label: str) -> int:
        try:
            return versions.number_of(label)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            raise Refusal(400, f"Unrecognized servable version label: {label}") from refusal

    def select(asked: str, number: str | None, label: str | None, record: RequestContext | None = None) -> Route:
        """The version that the path names; if it names none, the one that answers this request, or the champion."""
        name = f"Specific({asked}, {number})" if number else f"Latest({asked})"
        try:
            if asked != model:
                raise Refusal(404, "another model")
            if label is None and number is None:
                return versions.choose(record) if record else versions.champion()
            return versions.numbered(labelled(label) if label else int(number or 0))
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            raise Refusal(404, f"Servable not found for request: {name}") from refusal

    def answer(record: RequestContext, method: str, serving: Route) -> Reply:
        body = read_body(record, None, settings.max_body)  # curl -d declares a form, and the original does not look
        return _METHODS[method](body, serving, service, record)

    def post(path: str) -> Any:
        asked = _METHOD.fullmatch(path)
        if asked is None:
            raise _malformed("POST", path)
        record = current()
        return answer(record, asked["method"], select(asked["model"], asked["number"], asked["label"], record))

    def get(path: str) -> Any:
        asked = _STATE.fullmatch(path)
        if asked is None:
            raise _malformed("GET", path)
        if asked["model"] is None:
            raise Refusal(400, "Missing model name in request.")
        if asked["metadata"]:
            return Reply(_metadata(select(asked["model"], asked["number"], asked["label"])))
        return Reply({"model_version_status": status(asked["model"], asked["number"], asked["label"])})

    def status(asked: str, number: str | None, label: str | None) -> list[dict[str, Any]]:
        if label and asked == model:
            number = str(labelled(label))
        states = versions.states() if asked == model else []
        if number is None:
            if not states:
                raise Refusal(404, f"Could not find any versions of model {asked}")
            return [_state(state) for state in states]
        for state in states:
            if state.number == int(number):
                return [_state(_asked_for(state, versions))]
        raise Refusal(404, f"Could not find version {number} of model {asked}")

    def dispatch(rest: str = "") -> Any:  # noqa: ARG001 - the path is matched as a whole
        environ = current().environ
        path, method = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"), environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return get(path)
        if method == "POST":
            return post(path)
        raise _malformed(method, path)

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    for rule in (ROOT, f"{ROOT}/", f"{ROOT}/<path:rest>"):
        app.add_url_rule(rule, rule, dispatch, methods=methods, provide_automatic_options=False)
    app.add_protocol(ROOT, refuse)
    chosen = versions.choose
    root = f"{ROOT}/models/{model}"
    app.add_prediction(f"{root}:predict", lambda record: answer(record, "predict", chosen(record)), routed=True)
    app.add_prediction(f"{root}:regress", lambda record: answer(record, "regress", chosen(record)), routed=True)


def refuse(refusal: Refusal, record: RequestContext) -> Reply:  # noqa: ARG001 - as every protocol's
    """A refusal as TensorFlow Route puts it: it has one status for whatever is wrong with a request."""
    return Reply({"error": refusal.error}, 400 if refusal.status == 422 else refusal.status)


def _malformed(method: str, path: str) -> Refusal:
    return Refusal(400, f"Malformed request: {method} {path}")


def _predict(body: bytes, serving: Route, service: InferencePipeline, record: RequestContext) -> Reply:
    key = "predictions"

    def find(data: Any) -> Rows:
        nonlocal key
        request = _request(data)
        if "instances" in request and "inputs" in request:
            raise Refusal(400, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
        if "instances" in request:
            return instances(request["instances"], serving.signature, "instances")
        if "inputs" in request:
            key = "outputs"
            return columns(request["inputs"], serving.signature, "inputs")
        raise Refusal(400, "Missing 'inputs' or 'instances' key")

    answer = service.predict(serving, serving.decoder.find(body, find), record)
    return Reply({key: answer.predictions.reshape(-1, 1)})


def _regress(body: bytes, serving: Route, service: InferencePipeline, record: RequestContext) -> Reply:
    table = serving.decoder.find(body, _examples)
    return Reply({"results": service.predict(serving, table, record).predictions})


def _classify(body: bytes, serving: Route, service: InferencePipeline, record: RequestContext) -> Reply:  # noqa: ARG001 - as every method's
    raise Refusal(400, "Expected classification signature method_name to be tensorflow/serving/classify")


_METHODS: dict[str, Callable[[bytes, Route, InferencePipeline, RequestContext], Reply]] = {
    "predict": _predict,
    "regress": _regress,
    "classify": _classify,
}


def _request(data: Any) -> dict[str, Any]:
    request = members(data, "the body")
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise Refusal(400, f"signature_name: expected a text, not {kind(name)}")
    if name not in ("", SIGNATURE_NAME):
        raise Refusal(400, f'Route signature name: "{shown(name)}" not found in signature def')
    return request


def _examples(data: Any) -> Rows:
    """The rows of a regress request. A feature is a value or a list of one; those of the context are in each row."""
    request = _request(data)
    if "examples" not in request:
        raise Refusal(400, "Missing 'examples' key")
    examples = filled_list(request["examples"], "examples")
    context = request.get("context", {})
    members(context, "context")
    if isinstance(data, dict) and not context:
        return Rows(examples)
    shared = _features(context)
    return Rows([Pairs([*shared, *row]) if isinstance(row := _features(one), Pairs) else row for one in examples])


def _features(row: Any) -> Any:
    if not isinstance(row, Pairs | dict):
        return row
    pairs = row if isinstance(row, Pairs) else row.items()
    return Pairs((name, cell[0] if is_list(cell) and len(cell) == 1 else cell) for name, cell in pairs)


def _asked_for(state: State, versions: ModelRouter) -> State:
    """The state of one version that somebody asks for: it is opened, so that it can be history_queries."""
    try:
        versions.numbered(state.number)
    except Refusal as refusal:
        return State(state.number, False, refusal.error)
    return State(state.number, True)


def _state(state: State) -> dict[str, Any]:
    """A version that nobody asked for yet is at its start: this service opens it then."""
    word = "AVAILABLE" if state.open else "END" if state.fault else "START"
    error = {"error_code": "UNAVAILABLE" if state.fault else "OK", "error_message": state.fault}
    return {"version": str(state.number), "state": word, "status": error}


def _metadata(serving: Route) -> dict[str, Any]:
    signature: Signature = serving.signature
    return {
        "model_spec": {"name": signature.model, "signature_name": "", "version": str(serving.version.number)},
        "metadata": {
            "signature_def": {
                "signature_def": {
                    SIGNATURE_NAME: {
                        "inputs": {INPUT_TENSOR: _tensor(f"{SIGNATURE_NAME}_{INPUT_TENSOR}:0", len(signature.inputs))},
                        # Of the SavedModel's two functions Keras exports this one last.
                        "outputs": {OUTPUT_TENSOR: _tensor("StatefulPartitionedCall_1:0", 1)},
                        "method_name": "tensorflow/serving/predict",
                    }
                }
            }
        },
    }


def _tensor(name: str, width: int) -> dict[str, Any]:
    shape = {"dim": [{"size": "-1", "name": ""}, {"size": str(width), "name": ""}], "unknown_rank": False}
    return {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": name}
