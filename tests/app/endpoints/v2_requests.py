"""Requests of the Open Inference Protocol."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from flask.testing import FlaskClient
from numpy.typing import NDArray
from werkzeug.test import TestResponse

MODEL = "/v2/models/boston"
X = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [6, 250, 66.5]}
ROWS = np.array([[6, 250, 66.5], [7, 300, 10]], "<f4")


def column(name: str, data: list[Any], shape: list[int], datatype: str = "FP64") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def bytes_tensor(array: NDArray[Any], datatype: str = "FP32", name: str = "features") -> dict[str, Any]:
    """Return a tensor whose values come as bytes behind the JSON."""
    size = {"binary_data_size": array.nbytes}
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "parameters": size}


def infer(client: FlaskClient, *inputs: Any, raw: bytes | None = None, **members: Any) -> TestResponse:
    """Send a request in JSON; or with bytes behind it, even if there are none."""
    head = json.dumps({"inputs": list(inputs), **members}).encode()
    headers = {} if raw is None else {"Inference-Header-Content-Length": str(len(head))}
    return client.post(f"{MODEL}/infer", data=head + (raw or b""), headers=headers)
