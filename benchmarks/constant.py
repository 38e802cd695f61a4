"""The floor: the same Flask and gunicorn, answering a constant. What the service takes more than this is its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from flask import Flask, request


def create_app() -> Flask:
    """For gunicorn: ``benchmarks.constant:create_app()``."""
    app = Flask(__name__)

    @app.post("/predict_json")
    def constant() -> dict[str, object]:
        request.get_data()  # the connection would end with a reply to what was not read
        return {"success": True, "prediction": 23.5}

    return app


def zeros(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
    """What the server and the disk alone take: reads the body, appends L bytes, and answers ``POST /N/L`` with N."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    size, length = map(int, environ["PATH_INFO"][1:].split("/"))
    log = os.open(f"{os.environ['SERVE_LOGS']}/zeros.csv", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, bytes(length))
    os.close(log)
    start_response("200 OK", [("Content-Length", str(size))])
    return [bytes(size)]
