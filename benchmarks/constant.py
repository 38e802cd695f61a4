"""The floor: the same Flask and gunicorn, answering a constant. What the service takes more than this is its own."""

from __future__ import annotations

from flask import Flask


def create_app() -> Flask:
    """For gunicorn: ``benchmarks.constant:create_app()``."""
    app = Flask(__name__)

    @app.post("/predict_json")
    def constant() -> dict[str, object]:
        return {"success": True, "prediction": 23.5}

    return app
