"""The paths of every protocol, as the document has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.endpoints.openapi.bodies import Bodies
from app.endpoints.openapi.replies import (
    HEALTH,
    OPEN_INFERENCE,
    OWN,
    PAGES,
    SCORING,
    TENSORFLOW_SERVING,
    VERSION_NUMBER,
    Protocol,
    flag,
    reply,
)
from app.endpoints.openapi.schemas import Schema, any_of, listed, record, ref
from app.http.responses import BYTES, CSV, FORM, HTML, JSON
from registry import CHAMPION, Signature

Item = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
PREDICTED = (400, 404, 413, 415, 500, 503)
# How a version's number may be written in a path.
_NUMBER: Schema = {**VERSION_NUMBER, "maximum": 10**18 - 1}


def operation(
    protocol: Protocol,
    name: str,
    summary: str,
    ok: Item,
    errors: Sequence[int],
    body: Item | None = None,
    parameters: Sequence[Item] = (),
    others: Item | None = None,
) -> Item:
    """An operation; ``others`` are the replies that are neither its answer nor an error."""
    headers = ("X-Request-ID", "X-Client-ID") if body else ("X-Request-ID",)
    given = [*({"$ref": f"#/components/parameters/{header}"} for header in headers), *parameters]
    return {
        "tags": [protocol.tag],
        "operationId": name,
        "summary": summary,
        "parameters": given,
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "responses": dict(sorted({"200": ok, **protocol.refer(*errors), **(others or {})}.items())),
    }


def parameter(name: str, where: str, schema: Schema, text: str, example: Any = None) -> Item:
    """A parameter of a path, or one that may be left out."""
    given = {} if example is None else {"example": example}
    return {"name": name, "in": where, "required": where == "path", "schema": schema, "description": text, **given}


def own(bodies: Bodies) -> dict[str, Item]:
    """The service's own protocol."""
    answer = any_of(ref("Answer"), ref("Answers"))
    refused = (400, 405, 413, 415, 422, 500, 503)
    strict = parameter("strict", "query", {"enum": ["0", "1"]}, "1: refuse the file if one of its rows is bad")
    uploads = {CSV: bodies.file(), "multipart/form-data": bodies.upload()}
    done = reply("Predictions", {CSV: TEXT, JSON: ref("BulkAnswer")}, "X-Model-Version")
    return {
        "/predict_json": {
            "post": operation(
                OWN,
                "predict_json",
                "Predict for a row, or for rows",
                reply("A prediction, or predictions", {JSON: answer}, "X-Model-Version"),
                refused,
                {JSON: bodies.content("RowOrRows")},
            )
        },
        "/predict_csv": {
            "post": operation(
                OWN, "predict_csv", "Predict for the rows of a CSV file", done, (*refused, 429), uploads, [strict]
            )
        },
        "/predict_form": {
            "post": operation(
                PAGES,
                "predict_form",
                "Predict for what was typed in the form",
                reply("The form with its answer", {HTML: TEXT, JSON: ref("Answer")}, "X-Model-Version"),
                refused,
                {FORM: bodies.content("Form")},
            )
        },
    }


def pages() -> dict[str, Item]:
    """The pages, and this document."""
    found = {
        "/": ("index", "What is predicted, and how to ask it", HTML),
        "/form": ("form", "The form", HTML),
        "/form_async": ("form_async", "The form, answered in place", HTML),
        "/form_csv": ("form_csv", "The form for a CSV file", HTML),
        "/docs": ("docs", "This document as a page to try it on", HTML),
        "/openapi.json": ("openapi", "This document", JSON),
    }
    return {
        path: {
            "get": operation(
                PAGES,
                name,
                summary,
                reply(summary, {kind: TEXT if kind == HTML else {"type": "object"}}),
                (400, 405) if path == "/docs" else (400, 405, 503),
            )
        }
        for path, (name, summary, kind) in found.items()
    }


def model_card(signature: Signature, number: int) -> dict[str, Item]:
    """The page of a version's model card."""
    where = [
        parameter("name", "path", {"enum": [signature.model]}, "The model's name"),
        parameter("version", "path", _NUMBER, "A version's number", number),
    ]
    done = reply("A version's model card", {HTML: TEXT})
    text = "What a version is, for whom, and how good it is"
    return {
        "/models/{name}/{version}": {
            "get": operation(PAGES, "model_card", text, done, (400, 404, 405), parameters=where)
        }
    }


def health(signature: Signature) -> dict[str, Item]:
    """The health checks, with those of MLflow and SageMaker."""
    counts = {name: {"type": "integer"} for name in ("version", "waiting", "seen", "dropped", "failed")}
    model = {
        "ready": {"const": True},
        "model": {"const": signature.model},
        "version": VERSION_NUMBER,
        "sha256": TEXT,
        "failing": {"const": True},
        "shadow": record(counts),
        "faults": record({}, others=TEXT),
    }
    ready = reply("It can predict and log", {JSON: record(model, ("failing", "shadow", "faults"))})
    unready = {"503": reply("It can't, and why", {JSON: flag("ready", False, reason=TEXT)})}
    missing = {"404": reply("There is no model, or no log: a line feed", None)}

    def get(name: str, summary: str, ok: Item, others: Item | None = None) -> Item:
        return {"get": operation(HEALTH, name, summary, ok, (400, 405), others=others)}

    return {
        "/health/live": get("live", "Whether the service lives", reply("It does", {JSON: flag("live", True)})),
        "/health/ready": get("ready", "Whether the service can predict", ready, unready),
        "/ping": get("ping", "The same, as SageMaker asks", reply("A line feed", None), missing),
        "/health": get("health", "The same, as MLflow asks", reply("A line feed", None), missing),
        "/version": get("version", "The service's version", reply("A version", {"text/plain": TEXT})),
    }


def tensorflow_serving(signature: Signature, bodies: Bodies, number: int) -> dict[str, Item]:
    """TensorFlow Route's paths: of the model, of a version, of a label."""
    model = parameter("model", "path", {"enum": [signature.model]}, "The model's name")
    version = parameter("version", "path", _NUMBER, "A version's number", number)
    label = parameter("label", "path", {"type": "string", "pattern": "^[^/:]+$"}, "An alias of a version", CHAMPION)
    places = {
        "": ("", "the model", [model]),
        "/versions/{version}": ("_version", "a version", [model, version]),
        "/labels/{label}": ("_label", "a version by its alias", [model, label]),
    }
    column = listed(listed(NUMBER, 1))
    by_row, by_column = record({"predictions": column}), record({"outputs": column})
    methods = {
        "predict": (bodies.content("PredictRequest"), any_of(by_row, by_column)),
        "regress": (bodies.content("RegressRequest"), record({"results": listed(NUMBER)})),
    }
    states = {"": ("status", "state", "ModelStatus"), "/metadata": ("metadata", "metadata", "ModelMetadata")}
    paths = {}
    for place, (suffix, what, parameters) in places.items():
        root = f"/v1/models/{{model}}{place}"
        for method, (body, answer) in methods.items():
            done = reply("Predictions", {JSON: answer}, "X-Model-Version")
            text = f"{method.capitalize()} with {what}"
            sent = {JSON: body}
            name = f"v1_{method}{suffix}"
            paths[f"{root}:{method}"] = {
                "post": operation(TENSORFLOW_SERVING, name, text, done, PREDICTED, sent, parameters)
            }
        for end, (name, noun, schema) in states.items():
            text = f"The {noun} of {what}"
            done = reply(text, {JSON: ref(schema)})
            paths[root + end] = {
                "get": operation(
                    TENSORFLOW_SERVING, f"v1_{name}{suffix}", text, done, (400, 404, 503), parameters=parameters
                )
            }
    return paths


def open_inference(signature: Signature, bodies: Bodies, number: int) -> dict[str, Item]:
    """The Open Inference Protocol's paths: of the server, of the model, of a version."""
    protocol = OPEN_INFERENCE
    model = parameter("name", "path", {"enum": [signature.model]}, "The model's name")
    version = parameter("version", "path", _NUMBER, "A version's number", number)
    length_name = "Inference-Header-Content-Length"
    length = parameter(
        length_name, "header", {"type": "integer", "minimum": 1}, "How many bytes of the body are JSON; tensors follow"
    )
    name = {"name": {"const": signature.model}}
    server = record({"name": TEXT, "version": TEXT, "extensions": listed(TEXT)})
    tensors = {"inputs": listed(ref("Tensor")), "outputs": listed(ref("Tensor"))}
    metadata = record({**name, "versions": listed(TEXT), "platform": TEXT, **tensors})
    done = reply("Predictions", {JSON: ref("InferenceReply"), BYTES: {}}, "X-Model-Version", length_name)
    sent = {JSON: bodies.content("InferenceRequest"), BYTES: {"schema": {}}}
    unready = reply("It can't", {JSON: flag("ready", False)})

    def get(id_: str, text: str, schema: Schema, errors: Sequence[int] = (400, 405), **more: Any) -> Item:
        return {"get": operation(protocol, f"v2_{id_}", text, reply(text, {JSON: schema}), errors, **more)}

    paths = {
        "/v2": get("server", "What the server is", server),
        "/v2/health/live": get("live", "Whether the server lives", flag("live", True)),
        "/v2/health/ready": get(
            "ready", "Whether the server can predict", flag("ready", True), others={"503": unready}
        ),
    }
    for place, what, parameters in (("", "", [model]), ("/versions/{version}", "_version", [model, version])):
        root, found = f"/v2/models/{{name}}{place}", {"parameters": parameters}
        lacking = {"503": reply("It can't", {JSON: flag("ready", False, **name)})}
        paths[root] = get(f"metadata{what}", "What the model takes and gives", metadata, (400, 404, 405, 503), **found)
        paths[f"{root}/ready"] = get(
            f"model_ready{what}",
            "Whether the model can predict",
            flag("ready", True, **name),
            (400, 404, 405),
            others=lacking,
            **found,
        )
        paths[f"{root}/infer"] = {
            "post": operation(
                protocol, f"v2_infer{what}", "Predict", done, (*PREDICTED, 405), sent, [*parameters, length]
            )
        }
    return paths


def scoring(bodies: Bodies) -> dict[str, Item]:
    """MLflow's scoring path."""
    answer = reply("Predictions", {JSON: record({"predictions": listed(ref("Prediction"))})}, "X-Model-Version")
    refused = (400, 405, 413, 415, 500, 503)
    sent = {JSON: bodies.content("InvocationsRequest"), CSV: bodies.file()}
    return {"/invocations": {"post": operation(SCORING, "invocations", "Predict", answer, refused, sent)}}
