"""The OpenAPI document of one version: openapi.json, which is the same for all, and what the signature decides.

openapi.json refers to schemas that are added here. A new route or reply is written down there; only what depends on
the inputs, the model's name or the limit of rows is made in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from app.endpoints.data_plane import takes_texts
from app.endpoints.openapi.examples import ExampleRows, request_examples
from app.endpoints.openapi.request_bodies import request_schemas
from app.endpoints.openapi.schemas import form_row, signature_schemas
from app.endpoints.v2_tensors import TEXTS
from app.http.tokens import SCHEMES
from app.settings import VERSION
from registry import Signature, plain

FIXED_PART = Path(__file__).with_name("openapi.json")
_INTERVAL = "#/components/parameters/interval"
_UNAUTHORIZED = {
    "description": "A valid token is needed",
    "headers": {
        "X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"},
        "WWW-Authenticate": {"required": True, "schema": {"type": "string"}, "description": "How to send a token"},
    },
}


def build_document(
    fixed_part: bytes, signature: Signature, number: int, digest: str, max_rows: int, rows: ExampleRows
) -> dict[str, Any]:
    """Return the document for a version.

    Args:
        fixed_part: the content of :data:`FIXED_PART`.
        number: the version's number.
        digest: the digest of the version's files, for its description.
        max_rows: the most rows that a request may have.
        rows: rows for the examples, in the order of the inputs; at least one.
    """
    document: dict[str, Any] = orjson.loads(fixed_part)
    components = document["components"]
    components["schemas"] |= signature_schemas(signature, max_rows) | request_schemas(signature, max_rows)
    components["parameters"]["version"]["example"] = number
    _set_levels(document, signature)
    if takes_texts(signature):
        components["schemas"]["Tensor"]["properties"]["datatype"] = {"enum": ["FP32", TEXTS]}
    if any(item.missing for item in signature.inputs):  # a form has no null
        components["schemas"]["Form"] = form_row(signature)
    for (name, media_type), examples in request_examples(signature, rows).items():
        content = components["requestBodies"][name]["content"][media_type]
        content["examples"] = {title: {"value": value} for title, value in examples.items()}
    info = {
        "title": signature.title,
        "version": VERSION,
        "description": f"Version {number} of the model {signature.model}, {digest}. "
        "Limits and examples are those of this version; a version that is named in a path may have others.",
    }
    return {"openapi": document.pop("openapi"), "info": info, **document}


def _set_levels(document: dict[str, Any], signature: Signature) -> None:
    """Name the levels of intervals that can be asked for; without any, the parameter goes."""
    parameters, levels = document["components"]["parameters"], signature.interval and signature.interval.quantiles
    if levels:
        parameters["interval"]["schema"] = {"enum": [plain(level) for level in sorted(levels)]}
        return
    del parameters["interval"]
    for operations in document["paths"].values():
        for operation in operations.values():
            if given := operation.get("parameters"):
                operation["parameters"] = [item for item in given if item.get("$ref") != _INTERVAL]


def add_security(document: dict[str, Any], needs_token: Callable[[str, str], bool]) -> None:
    """Add the ways to send a token, and the reply of status 401, to the operations of a document that need a token.

    Args:
        needs_token: says it of a method and a path.
    """
    responses = document["components"]["responses"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if needs_token(method.upper(), path):
                document["components"]["securitySchemes"] = {name: {"type": "http", "scheme": name} for name in SCHEMES}
                operation["security"] = [{name: []} for name in SCHEMES]
                family = operation["responses"]["400"]["$ref"].rpartition("/")[2].removesuffix(".400")
                responses[f"{family}.401"] = {**responses[f"{family}.400"], **_UNAUTHORIZED}
                operation["responses"]["401"] = {"$ref": f"#/components/responses/{family}.401"}
