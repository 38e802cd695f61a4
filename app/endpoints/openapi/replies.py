"""The replies of each protocol as the document has them: bodies, errors and headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.endpoints.openapi.schemas import Schema, record, ref
from app.http.responses import HTML, JSON
from registry import Signature

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
VERSION_NUMBER: Schema = {"type": "integer", "minimum": 1}
REQUEST_ID: Schema = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$", "examples": ["order-4711"]}

_RESPONSES = "#/components/responses/"

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "The request's id, as the logs have it", "required": True, "schema": REQUEST_ID},
    "X-Model-Version": {"description": "The version that predicted", "schema": VERSION_NUMBER},
    "Allow": {"description": "The methods that this path takes", "required": True, "schema": _TEXT},
    "Retry-After": {"description": "After how many seconds to try again", "required": True, "schema": _COUNT},
    "Inference-Header-Content-Length": {
        "description": "How many bytes of the body are JSON, if the output tensor is behind them",
        "schema": _COUNT,
    },
}
_MEANS = {
    400: "It is not of an accepted shape, or did not arrive whole",
    404: "There is no such model or version",
    405: "This path takes other methods",
    413: "The body is too large, or has too many rows",
    415: "It is of another media type, not in UTF-8, or compressed in another way than gzip or deflate",
    422: "A value can't be predicted from",
    429: "There are too many files at once",
    500: "The model's output failed its check, or the service failed",
    503: "There is no model, or the log can't be written",
}
_BESIDE = {405: ["Allow"], 429: ["Retry-After"], 500: ["X-Model-Version"]}


@dataclass(frozen=True, slots=True)
class Protocol:
    """A group of operations, and how it puts an error: the name of the schema; pages if the client wants one."""

    tag: str
    description: str
    error: str
    pages: bool = False

    def refer(self, *statuses: int) -> dict[str, Any]:
        """References to the errors of these statuses."""
        return {str(status): {"$ref": f"{_RESPONSES}{self._name(status)}"} for status in statuses}

    def errors(self) -> dict[str, Any]:
        """Every error, by the name that :meth:`refer` gives it."""
        content = {JSON: {"schema": ref(self.error)}, **({HTML: {"schema": _TEXT}} if self.pages else {})}
        return {
            self._name(status): {**reply(text, None, *_BESIDE.get(status, ())), "content": content}
            for status, text in _MEANS.items()
        }

    def _name(self, status: int) -> str:
        return f"{self.tag.replace(' ', '')}.{status}"


OWN = Protocol("Predict", "The service's own protocol.", "Error", pages=True)
PAGES = Protocol("Pages", "For people, in a browser; a program is told an error in JSON.", "Error", pages=True)
HEALTH = Protocol("Health", "Whether the service lives, and can predict.", "Error", pages=True)
TENSORFLOW_SERVING = Protocol(
    "TensorFlow Serving",
    "Its REST interface. The declared Content-Type does not matter. There is no classify.",
    "TensorFlowServingError",
)
OPEN_INFERENCE = Protocol(
    "Open Inference",
    "The protocol's version 2, with its binary tensors. The declared Content-Type does not matter.",
    "OpenInferenceError",
)
SCORING = Protocol("MLflow", "MLflow's scoring server, and SageMaker's contract.", "MLflowError")
PROTOCOLS = (OWN, TENSORFLOW_SERVING, OPEN_INFERENCE, SCORING, PAGES, HEALTH)


def errors(paths: dict[str, Any]) -> dict[str, Any]:
    """The errors that operations of these paths refer to."""
    operations = [operation for methods in paths.values() for operation in methods.values()]
    used = {item.get("$ref") for operation in operations for item in operation["responses"].values()}
    found = {name: item for group in PROTOCOLS for name, item in group.errors().items()}
    return {name: item for name, item in found.items() if f"{_RESPONSES}{name}" in used}


def reply(text: str, content: dict[str, Schema] | None, *headers: str) -> dict[str, Any]:
    """A reply; ``content`` is a schema for each media type."""
    given = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *headers)}
    bodies = {media_type: {"schema": schema} for media_type, schema in (content or {}).items()}
    return {"description": text, "headers": given, **({"content": bodies} if bodies else {})}


def components(signature: Signature) -> dict[str, Schema]:
    """The schemas of bodies that are alike for many operations."""
    warnings: Schema = {"type": "array", "items": _TEXT}
    problem = record({"row": _COUNT, "input": _TEXT, "message": _TEXT})
    frame = {"success": {"const": True}, "request_id": REQUEST_ID, **named(signature), "version": VERSION_NUMBER}
    return {
        "Answer": record({**frame, "prediction": ref("Prediction"), "warnings": warnings}),
        "Answers": record({**frame, "predictions": _list(ref("Prediction")), "warnings": _list(warnings)}),
        "Error": record(
            {
                "success": {"const": False},
                "error": {**_TEXT, "description": "what is wrong, in one sentence"},
                "problems": {**_list(problem), "maxItems": 100},
                "request_id": REQUEST_ID,
            }
        ),
        "TensorFlowServingError": record({"error": _TEXT}),
        "OpenInferenceError": record({"error": _TEXT}),
        "MLflowError": record({"error_code": {**_TEXT, "pattern": "^[A-Z_]+$"}, "message": _TEXT}),
        "BulkAnswer": record(
            {
                **frame,
                "predictions": _list({"anyOf": [ref("Prediction"), {"type": "null"}]}),
                "warnings": _list(warnings),
                "problems": _list(record({"row": _COUNT, "line": _COUNT, "input": _TEXT, "message": _TEXT})),
            }
        ),
        "ModelStatus": record({"model_version_status": _list(_state())}),
        "ModelMetadata": record({"model_spec": {"type": "object"}, "metadata": {"type": "object"}}),
        "Tensor": record({"name": _TEXT, "datatype": {"const": "FP32"}, "shape": _list({"type": "integer"})}),
        "InferenceReply": _inference(signature),
    }


def named(signature: Signature) -> Schema:
    """The member that names the model."""
    return {"model": {"const": signature.model}}


def flag(name: str, value: bool, /, **more: Schema) -> Schema:
    """A reply that says one thing of the service."""
    return record({name: {"const": value}, **more})


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _state() -> Schema:
    states: Sequence[str] = ("START", "AVAILABLE", "END")
    fault = record({"error_code": {"enum": ["OK", "UNAVAILABLE"]}, "error_message": _TEXT})
    return record({"version": {**_TEXT, "pattern": "^[0-9]+$"}, "state": {"enum": list(states)}, "status": fault})


def _inference(signature: Signature) -> Schema:
    shape = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}
    output = {"name": _TEXT, "shape": shape, "datatype": {"const": "FP32"}}
    return record(
        {
            "model_name": {"const": signature.model},
            "model_version": {**_TEXT, "pattern": "^[0-9]+$"},
            "id": _TEXT,
            "parameters": record({"warnings": _TEXT}),
            "outputs": _list(record({**output, "data": _list({"type": "number"})})),
        },
        ["parameters"],
    )
