"""The Open Inference Protocol, version 2, as KServe, MLServer and Triton speak it: ``/v2/...``.

Tensors come flat or nested in JSON, or as bytes behind it (the binary tensor extension): one of shape [n, k], or k of
them named after the inputs.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson

from app.codecs.batch import Rows, Values
from app.codecs.json_strict import is_list, kind, members, optional, shown
from app.endpoints.health import Readiness
from app.endpoints.v2_tensors import BINARY_SIZE, read_tensor, rows
from app.errors import Refusal
from app.http.application import App
from app.http.context import RequestContext, current, is_request_id
from app.http.request_body import read_body
from app.http.responses import BYTES, Reply
from app.inference.pipeline import InferencePipeline, PredictionResult
from app.routing.router import ModelRouter
from app.routing.table import Route
from app.settings import VERSION, Settings
from registry import INPUT_TENSOR, OUTPUT_TENSOR, Signature

ROOT = "/v2"
EXTENSION = "binary_tensor_data"
_JSON_LENGTH = "Inference-Header-Content-Length"


def register(app: App, versions: ModelRouter, service: InferencePipeline, settings: Settings, ready: Readiness) -> None:
    """Add the routes to the application."""
    model = settings.model

    def select(name: str, version: str | None, record: RequestContext | None = None) -> Route:
        if name != model:
            raise Refusal(404, f"there is no model {name} here, only {model}")
        if version is None:
            return versions.choose(record) if record else versions.champion()
        if not version.isascii() or not version.isdecimal() or len(version) > 18:
            raise Refusal(404, f"{model}: version {version} is not published")
        return versions.numbered(int(version))

    def infer(record: RequestContext, serving: Route) -> Reply:
        body = read_body(record, None, settings.max_body)
        return _infer(body, serving, service, record)

    def server() -> Any:
        return Reply({"name": "flask-model-service", "version": VERSION, "extensions": [EXTENSION]})

    def live() -> Any:
        return Reply({"live": True})

    def server_ready() -> Any:
        up = bool(ready)
        return Reply({"ready": up}, 200 if up else 503)

    def metadata(name: str, version: str | None = None) -> Any:
        serving = select(name, version)
        width = len(serving.signature.inputs)
        return Reply(
            {
                "name": model,
                "versions": [str(state.number) for state in versions.states()],
                "platform": f"tensorflow_{settings.runtime}",
                "inputs": [{"name": INPUT_TENSOR, "datatype": "FP32", "shape": [-1, width]}],
                "outputs": [{"name": OUTPUT_TENSOR, "datatype": "FP32", "shape": [-1, 1]}],
            }
        )

    def model_ready(name: str, version: str | None = None) -> Any:
        try:
            select(name, version)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            return Reply({"name": name, "ready": False}, 503)
        return Reply({"name": name, "ready": True})

    def post(name: str, version: str | None = None) -> Any:
        record = current()
        return infer(record, select(name, version, record))

    def add(rule: str, view: Callable[..., Any], method: str = "GET") -> None:
        app.add_url_rule(f"{ROOT}{rule}", f"{ROOT}{rule}", view, methods=[method], strict_slashes=False)

    add("", server)
    add("/health/live", live)
    add("/health/ready", server_ready)
    for rule in ("/models/<name>", "/models/<name>/versions/<version>"):
        add(rule, metadata)
        add(f"{rule}/ready", model_ready)
        add(f"{rule}/infer", post, "POST")
    app.add_protocol(ROOT, refuse)
    chosen = versions.choose
    app.add_prediction(f"{ROOT}/models/{model}/infer", lambda record: infer(record, chosen(record)), routed=True)


def refuse(refusal: Refusal, record: RequestContext) -> Reply:  # noqa: ARG001 - as every protocol's
    """A refusal as the protocol puts it; Triton, KServe and MLServer answer 400 to whatever is wrong with a tensor."""
    return Reply({"error": refusal.error}, 400 if refusal.status == 422 else refusal.status)


class _Request:
    """What an inference request says beside its rows: its id, and in which form the output is wanted."""

    def __init__(self, content: dict[str, Any], record: RequestContext) -> None:
        self.id = content.get("id")
        if not isinstance(self.id, str | None) or not _is_unicode(self.id or ""):
            raise Refusal(400, "id: expected a text")
        if self.id and is_request_id(self.id) and not is_request_id(record.environ.get("HTTP_X_REQUEST_ID", "")):
            record.request_id = self.id
        parameters = optional(content, "parameters")
        self.wants_bytes = parameters.get("binary_data_output") is True
        for output in _objects([] if content.get("outputs") is None else content["outputs"], "outputs"):
            name = output.get("name")
            if name != OUTPUT_TENSOR:
                given = f"no {shown(name)}" if isinstance(name, str) else "none without a name"
                raise Refusal(400, f"outputs: there is {given}, only {OUTPUT_TENSOR}")
            asked = optional(output, "parameters").get("binary_data")
            self.wants_bytes = self.wants_bytes if asked is None else asked is True


def _rows(content: dict[str, Any], raw: bytes, signature: Signature) -> Rows | Values:
    tensors = []
    for item in _objects(content.get("inputs"), "inputs"):
        tensor, raw = read_tensor(item, raw)
        tensors.append(tensor)
    if not tensors:
        raise Refusal(400, "inputs: there is no tensor")
    if raw:
        raise Refusal(400, f"{len(raw)} bytes are left behind the last tensor: each has to say its {BINARY_SIZE}")
    return rows(tensors, signature)


def _infer(body: bytes, serving: Route, service: InferencePipeline, record: RequestContext) -> Reply:
    length = _json_length(record.environ.get("HTTP_INFERENCE_HEADER_CONTENT_LENGTH"), body)
    raw = body[length:]
    if raw:  # most bytes would need an escape in the log; so it holds them in base64
        record.body = body[:length] + b"\n" + b64encode(raw)
    asked: _Request | None = None

    def find(data: Any) -> Rows | Values:
        nonlocal asked
        content = members(data, "the body")
        asked = _Request(content, record)
        return _rows(content, raw, serving.signature)

    table = serving.decoder.find(body[:length], find)
    assert asked is not None  # noqa: S101 - the decoder has called find
    answer = service.predict(serving, table, record)
    return _reply(answer, record.request_id if asked.id is None else asked.id, asked.wants_bytes)


def _reply(answer: PredictionResult, request_id: str, wants_bytes: bool) -> Reply:
    output: dict[str, Any] = {"name": OUTPUT_TENSOR, "shape": [len(answer.predictions), 1], "datatype": "FP32"}
    content = {
        "model_name": answer.model,
        "model_version": str(answer.version),
        "id": request_id,
        **({"parameters": {"warnings": _warnings(answer)}} if answer.warnings else {}),
        "outputs": [output],
    }
    if not wants_bytes:
        output["data"] = answer.predictions
        return Reply(content)
    raw = answer.predictions.astype("<f4").tobytes()
    output["parameters"] = {BINARY_SIZE: len(raw)}
    head = orjson.dumps(content)
    reply = Reply.of_bytes(head + raw, BYTES)
    reply.headers.append((_JSON_LENGTH, str(len(head))))
    return reply


def _warnings(answer: PredictionResult) -> str:
    """A parameter is a number or a text, so all warnings are one text."""
    return "; ".join(f"row {row}: {item}" for row, items in answer.warnings.items() for item in items)


def _json_length(header: str | None, body: bytes) -> int:
    """How many bytes of the body are JSON; the rest are tensors."""
    if header is None:
        return len(body)
    if not (header.isascii() and header.isdecimal()) or not 0 < len(header) < 12 or int(header) > len(body):
        message = f"{_JSON_LENGTH}: expected how many of the body's {len(body)} bytes are JSON"
        raise Refusal(400, message)
    return int(header)


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: JSON may escape half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    if not is_list(value):
        raise Refusal(400, f"{what}: expected a list of objects, not {kind(value)}")
    return [members(item, f"{what}: an element") for item in value]
