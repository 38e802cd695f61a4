"""The Open Inference Protocol, version 2, as KServe, MLServer and Triton speak it: ``/v2/...``.

Tensors come flat or nested in JSON, or as bytes behind it (the binary tensor extension): one of shape [n, k], or k of
them named after the inputs, as each model with texts among its inputs takes them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import orjson

from app.codecs.batch import Float64Matrix, JsonRows
from app.codecs.input_names import InputNames
from app.codecs.json_decoder import Located
from app.codecs.json_strict import as_object, excerpt, is_list, json_type, optional_object
from app.endpoints.data_plane import DataPlane, takes_texts
from app.endpoints.v2_tensors import BINARY_SIZE, TEXTS, arrange_rows, read_tensor
from app.errors import MalformedRequest, NotReady
from app.http.application import Application
from app.http.context import RequestContext, current_request
from app.http.error_responses import render_error_member
from app.http.request_body import read_body
from app.http.responses import BYTES, BytesResponse, JSONResponse
from app.results import PredictionResult
from app.routing.cache import LoadedModel
from app.routing.table import Route
from app.settings import VERSION
from registry import INPUT_TENSOR, OUTPUT_TENSOR, Signature
from request_ids import is_request_id

ROOT = "/v2"
EXTENSION = "binary_tensor_data"
_JSON_LENGTH = "Inference-Header-Content-Length"
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON may escape half a character, which can't be written as UTF-8


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    endpoints = _Endpoints(plane)

    def add(rule: str, view: Callable[..., Any], method: str = "GET") -> None:
        path = f"{ROOT}{rule}"
        app.flask.add_url_rule(path, path, view, methods=[method], strict_slashes=False)

    add("", endpoints.server)
    add("/health/live", endpoints.live)
    add("/health/ready", endpoints.server_ready)
    for rule in ("/models/<name>", "/models/<name>/versions/<version>"):
        add(rule, endpoints.metadata)
        add(f"{rule}/ready", endpoints.model_ready)
        add(f"{rule}/infer", endpoints.infer_named, "POST")
    app.register_error_renderer(ROOT, render_error_member)
    app.add_fast_route(f"{ROOT}/models/{plane.settings.model}/infer", endpoints.infer_routed, routed=True)


class _Endpoints:
    """The endpoints of one model."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def server(self) -> Any:
        return JSONResponse({"name": "flask-model-service", "version": VERSION, "extensions": [EXTENSION]})

    def live(self) -> Any:
        return JSONResponse({"live": True})

    def server_ready(self) -> Any:
        ready = self._plane.is_ready()
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    def metadata(self, name: str, version: str | None = None) -> Any:
        signature = self._plane.select(name, version).model.signature
        return JSONResponse(
            {
                "name": self._plane.settings.model,
                "versions": [str(status.number) for status in self._plane.router.statuses()],
                "platform": f"tensorflow_{self._plane.settings.runtime}",
                "inputs": _input_metadata(signature),
                "outputs": [{"name": OUTPUT_TENSOR, "datatype": "FP32", "shape": [-1, 1]}],
            }
        )

    def model_ready(self, name: str, version: str | None = None) -> Any:
        try:
            self._plane.select(name, version)
        except NotReady:
            return JSONResponse({"name": name, "ready": False}, 503)
        return JSONResponse({"name": name, "ready": True})

    def infer_named(self, name: str, version: str | None = None) -> Any:
        context = current_request()
        return self._infer(context, self._plane.select(name, version, context))

    def infer_routed(self, context: RequestContext) -> BytesResponse:
        return self._infer(context, self._plane.router.route(context.client_id))

    def _infer(self, context: RequestContext, route: Route) -> BytesResponse:
        body = read_body(context, None, self._plane.settings.max_body)
        length = _json_length(context.environ.get("HTTP_INFERENCE_HEADER_CONTENT_LENGTH"), body)
        raw = memoryview(body)[length:]  # each tensor takes a part: copies of the rest would take a square of the time
        if raw:  # most bytes would need an escape in the log; so it holds them in base64
            context.body = body[:length] + b"\n" + b64encode(raw)

        def locate(data: Any) -> Located[tuple[str | None, bool]]:
            content = as_object(data, "the body")
            request_id = content.get("id")
            if not isinstance(request_id, str | None) or _SURROGATE.search(request_id or ""):
                raise MalformedRequest("id: expected a text")
            # The header wins over the body. Set here, so that an error further on has the id too.
            if is_request_id(request_id or "") and not is_request_id(context.environ.get("HTTP_X_REQUEST_ID", "")):
                context.request_id = request_id or ""
            wants_bytes = _wants_bytes(content)
            return _locate_rows(content, raw, route.model), (request_id, wants_bytes)

        batch, (request_id, wants_bytes) = route.model.decoder.decode_document(body[:length], locate)
        result = context.add_complete(self._plane.pipeline.predict(route, batch))
        return _response(result, context.request_id if request_id is None else request_id, wants_bytes)


def _input_metadata(signature: Signature) -> list[dict[str, Any]]:
    """Return the one tensor of numbers; or a tensor for each input, if there are texts among them."""
    if not takes_texts(signature):
        return [{"name": INPUT_TENSOR, "datatype": "FP32", "shape": [-1, len(signature.inputs)]}]
    return [
        {"name": item.name, "datatype": TEXTS if item.levels else "FP32", "shape": [-1, 1]} for item in signature.inputs
    ]


def _wants_bytes(content: dict[str, Any]) -> bool:
    """Return whether the output is wanted in bytes behind the JSON."""
    wants_bytes = optional_object(content, "parameters").get("binary_data_output") is True
    for output in _objects([] if content.get("outputs") is None else content["outputs"], "outputs"):
        name = output.get("name")
        if name != OUTPUT_TENSOR:
            sent = f"no {excerpt(name)}" if isinstance(name, str) else "none without a name"
            raise MalformedRequest(f"outputs: there is {sent}, only {OUTPUT_TENSOR}")
        binary_data = optional_object(output, "parameters").get("binary_data")
        wants_bytes = wants_bytes if binary_data is None else binary_data is True
    return wants_bytes


def _locate_rows(content: dict[str, Any], raw: memoryview, model: LoadedModel) -> JsonRows | Float64Matrix:
    signature, tensors = model.signature, []
    items = _objects(content.get("inputs"), "inputs")
    if optional_object(content, "parameters").get("content_type") == "pd":
        items = _drop_other_columns(items, model.decoder.inputs)
    for item in items:
        tensor, raw = read_tensor(item, raw, signature.inputs)
        tensors.append(tensor)
    if not tensors:
        raise MalformedRequest("inputs: there is no tensor")
    if raw:
        raise MalformedRequest(f"{len(raw)} bytes are left behind the last tensor: each has to say its {BINARY_SIZE}")
    return arrange_rows(tensors, signature, only_numbers=not model.decoder.is_mixed)


def _drop_other_columns(items: list[dict[str, Any]], inputs: InputNames) -> list[dict[str, Any]]:
    """Return the tensors of a data frame that are an input, or whose bytes have to be passed over."""
    names = [item.get("name") for item in items]
    found = inputs.find([name if isinstance(name, str) else "" for name in names], allow_extra=True)
    if not any(found):
        return items
    pairs = zip(items, found, strict=True)
    return [item for item, positions in pairs if positions or BINARY_SIZE in optional_object(item, "parameters")]


def _response(result: PredictionResult, request_id: str, wants_bytes: bool) -> BytesResponse:
    output: dict[str, Any] = {"name": OUTPUT_TENSOR, "shape": [len(result.predictions), 1], "datatype": "FP32"}
    # A parameter is a number or a text, so all warnings are one text.
    warnings = "; ".join(f"row {row}: {item}" for row, items in result.warnings.items() for item in items)
    content = {
        "model_name": result.model,
        "model_version": str(result.version),
        "id": request_id,
        **({"parameters": {"warnings": warnings}} if warnings else {}),
        "outputs": [output],
    }
    if not wants_bytes:
        output["data"] = result.predictions
        return JSONResponse(content)
    raw = result.predictions.astype("<f4").tobytes()
    output["parameters"] = {BINARY_SIZE: len(raw)}
    head = orjson.dumps(content)
    response = BytesResponse(head + raw, BYTES)
    response.headers.append((_JSON_LENGTH, str(len(head))))
    return response


def _json_length(header: str | None, body: bytes) -> int:
    """Return how many bytes of the body are JSON; the rest are tensors."""
    if header is None:
        return len(body)
    if not (header.isascii() and header.isdecimal()) or not 0 < len(header) < 12 or int(header) > len(body):
        raise MalformedRequest(f"{_JSON_LENGTH}: expected how many of the body's {len(body)} bytes are JSON")
    return int(header)


def _objects(value: Any, key: str) -> list[dict[str, Any]]:
    if not is_list(value):
        raise MalformedRequest(f"{key}: expected a list of objects, not {json_type(value)}")
    return [as_object(item, f"{key}: an element") for item in value]
