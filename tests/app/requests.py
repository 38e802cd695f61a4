"""Helpers that make and send requests, read the logs, and keep an application from writing them."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st
from numpy.typing import NDArray
from werkzeug.test import TestResponse

from app.settings import Settings
from journal import LogReader, daily_files
from registry import Actor, VersionStore
from registry.promotion import promote

ANN = Actor("ann", "because")
ROW, OTHER_ROW = [6, 250, 66.5], [7, 300, 10]
# What linear.tflite predicts for ROW and OTHER_ROW.
PREDICTION, OTHER_PREDICTION = pytest.approx(23.505, abs=1e-5), pytest.approx(32.7, abs=1e-5)
SLOW, NAN, RAISES = [10.5, 250, 66.5], [11.5, 250, 66.5], [12.5, 250, 66.5]  # to tricky.tflite, see tests/models
IMPLAUSIBLE = [1, 700, 100]
CSV = "rm,tax,age\n6,250,66.5\n7,300,10\n"
V2 = "/v2/models/boston"
TENSOR = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": ROW}


def any_json(*names: str) -> st.SearchStrategy[Any]:
    """Generate JSON values whose objects take their member names from these."""
    return st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers(-(2**70), 2**70) | st.text(max_size=6),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(names), inner, max_size=4),
        max_leaves=15,
    )


def make_champion(store: VersionStore, number: int) -> None:
    promote(store, number, "champion", ANN, override=True)


def ask(client: FlaskClient, row: Any = ROW, **headers: str) -> Any:
    return client.post(
        "/predict_json", json=row, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def version(client: FlaskClient, row: Any = ROW, **headers: str) -> int:
    """Return the number of the version that answers."""
    reply = ask(client, row, **headers)
    assert reply.status_code == 200, reply.json
    number: int = reply.json["version"]
    assert reply.headers["X-Model-Version"] == str(number)
    return number


def logged(settings: Settings, stream: str) -> list[dict[str, str]]:
    """Return all rows of a stream, oldest first."""
    return [row for path in daily_files(settings.logs / settings.model, stream) for row in LogReader(path)]


def send_csv(client: FlaskClient, text: str | bytes, query: str = "", **headers: str) -> TestResponse:
    return client.post(f"/predict_csv{query}", data=text, content_type="text/csv", headers=headers)


def read_csv(reply: TestResponse) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    return list(csv.DictReader(io.StringIO(reply.data.decode("utf-8", "surrogateescape"), newline="")))


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
    return client.post(f"{V2}/infer", data=head + (raw or b""), headers=headers)


class FullDisk:
    """Writes a log's bytes as ``os.write`` does, but for some writes of one stream; then the probe fails too.

    Args:
        failing: the numbers of the stream's writes that fail.
    """

    def __init__(self, stream: str, failing: range = range(1 << 30)) -> None:
        self._stream = stream
        self._writes = 0
        self.failing = failing

    def __call__(self, descriptor: int, data: bytes) -> int:
        name = Path(f"/proc/self/fd/{descriptor}").resolve().name
        is_full = self._writes in self.failing
        self._writes += self._stream in name
        if is_full and (self._stream in name or "probe" in name):
            raise OSError(28, "No space left on device")
        return os.write(descriptor, data)
