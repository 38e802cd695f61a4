"""The servers that are measured: how each is started, asked and understood; a line of CONTENDERS each.

The peers' own files are in servers/: the smallest that each peer's documentation teaches. Each has one process for the
model, LiteRT where it may choose, and no log of requests. This service has both its logs, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rows = list[list[float]]


@dataclass(frozen=True)
class Protocol:
    """Where rows are sent, what the JSON of a request is, and where the JSON of a reply has the predictions."""

    path: str
    encode: Callable[[Rows], object]
    decode: Callable[[Any], list[float]]


# This service's: one row has a prediction, several have predictions.
OWN = Protocol(
    "/predict_json",
    lambda rows: rows[0] if len(rows) == 1 else rows,
    lambda reply: reply["predictions"] if "predictions" in reply else [reply["prediction"]],
)


def instances(path: str) -> Protocol:
    """Return a protocol of MLflow, which peers get that have none of their own."""
    return Protocol(path, lambda rows: {"instances": rows}, lambda reply: reply["predictions"])


def open_inference(path: str) -> Protocol:
    """Return the Open Inference protocol, with the rows as one tensor."""

    def encode(rows: Rows) -> object:
        shape, data = [len(rows), len(rows[0])], [value for row in rows for value in row]
        return {"inputs": [{"name": "rows", "shape": shape, "datatype": "FP32", "data": data}]}

    return Protocol(path, encode, lambda reply: reply["outputs"][0]["data"])


@dataclass(frozen=True)
class Contender:
    """A server. In its command and settings, ``{port}`` and ``{folder}``, its own empty one, are filled in."""

    name: str
    protocol: Protocol
    command: str
    settings: Mapping[str, str] = field(default_factory=dict)
    requirements: str = ""  # the name of a file in requirements/; without one it runs in the project's own environment
    packages: tuple[str, ...] = ()  # of the project's environment, for the table
    prepare: str = ""  # a command that makes what the server opens


SERVICE = {"SERVE_BIND": "127.0.0.1:{port}", "SERVE_WORKERS": "1", "SERVE_LOGS": "{folder}/logs"}
MLSERVER = {
    "MLSERVER_HOST": "127.0.0.1",
    "MLSERVER_HTTP_PORT": "{port}",
    "MLSERVER_GRPC_PORT": "0",
    "MLSERVER_METRICS_PORT": "0",
    "MLSERVER_DEBUG": "false",  # or it logs each request
    "MLSERVER_PARALLEL_WORKERS": "0",  # the model in the server's own process
    "MLSERVER_MODEL_NAME": "housing",
    "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_model.Runtime",
}

# The first is what the others are compared with.
CONTENDERS = (
    Contender(
        "this service on gunicorn",
        OWN,
        "python -m app serve",
        SERVICE,
        packages=("ai-edge-litert", "flask", "gunicorn"),
    ),
    Contender(
        "this service on Granian",
        OWN,
        "python -m app serve",
        SERVICE | {"SERVE_SERVER": "granian"},
        packages=("ai-edge-litert", "flask", "granian"),
    ),
    Contender(
        "FastAPI on uvicorn",
        instances("/predict"),
        "uvicorn fastapi_app:app --host 127.0.0.1 --port {port} --no-access-log",
        requirements="fastapi",
    ),
    Contender(
        "MLServer",
        open_inference("/v2/models/housing/infer"),
        "mlserver start .",
        MLSERVER,
        requirements="mlserver",
    ),
    Contender(
        "BentoML",
        instances("/predict"),
        "bentoml serve bentoml_service:Housing --host 127.0.0.1 --port {port}",
        requirements="bentoml",
    ),
    Contender("LitServe", instances("/predict"), "python litserve_api.py {port}", requirements="litserve"),
    Contender(
        "MLflow models serve",
        instances("/invocations"),
        "mlflow models serve --model-uri {folder}/model --env-manager local --host 127.0.0.1 --port {port} --workers 1",
        {"UVICORN_ACCESS_LOG": "false"},
        requirements="mlflow",
        prepare="python mlflow_model.py {folder}/model",
    ),
    Contender(
        "Flask with Keras' predict, as tutorials have it",
        instances("/predict"),
        "gunicorn --bind 127.0.0.1:{port} --threads 4 flask_app:create_app()",
        requirements="flask",
    ),
    Contender(
        "Flask with Keras' predict_on_batch",
        instances("/predict"),
        "gunicorn --bind 127.0.0.1:{port} --threads 4 flask_app:create_app('predict_on_batch')",
        requirements="flask",
    ),
)
