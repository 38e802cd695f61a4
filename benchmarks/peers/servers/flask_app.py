"""The tutorial's Flask app: Keras opened at the start and asked at each request; no checks and no log."""

import os
from pathlib import Path

import keras
import numpy as np
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue


def create_app(method: str = "predict") -> Flask:
    """Return the app, which predicts with that method of the Keras model."""
    app = Flask(__name__)
    model = keras.models.load_model(Path(os.environ["PEERS_VERSION"], "model.keras"), compile=False)
    predict = getattr(model, method)

    @app.route("/predict", methods=["POST"])
    def answer() -> ResponseReturnValue:
        rows = np.array(request.get_json()["instances"], dtype=np.float32)
        return jsonify(predictions=predict(rows).reshape(-1).tolist())

    return app
