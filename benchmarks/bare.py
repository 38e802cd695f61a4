"""About the least that does the work of one row as it is promised.

One function without Flask, for one row of numbers in JSON and nothing else. It checks the ranges, runs the model,
writes both logs under the folder's lock behind a look for torn lines, records the request for the metrics, and answers
with the same members. What the service takes more is the price of its other protocols, messages and modules.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson

from app.settings import Settings
from registry import CHAMPION
from request_ids import new_request_id


def create_app() -> Callable[[dict[str, Any], Callable[..., object]], list[bytes]]:
    """Return the application: ``benchmarks.bare:create_app()``."""
    store = Settings.from_env(os.environ).store()
    version = store.open(store.number_of(CHAMPION), "litert")
    signature, predictor = version.signature, version.predictor
    ranges = [item.training for item in signature.inputs]
    pack, float32, shape = struct.Struct(f"{len(ranges)}f").pack, np.dtype(np.float32), (1, len(ranges))
    logs = Path(os.environ["SERVE_LOGS"], str(uuid4()))
    logs.mkdir()
    folder = os.open(logs, os.O_RDONLY)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    predictions, requests = (os.open(logs / name, flags) for name in ("predictions.csv", "requests.csv"))
    ends = [0, 0]
    lock, ring, place = threading.Lock(), bytearray(128 * 1024), 0
    record = struct.Struct(f"3d5id{4 * len(ranges)}s").pack_into
    middle = f",0,{signature.model},{version.number},champion,"

    def application(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        nonlocal place
        arrived, started = time.time(), time.perf_counter()
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        cells = orjson.loads(body)
        for cell, (low, high) in zip(cells, ranges, strict=True):
            if not low <= cell <= high:
                raise ValueError(cell)
        inputs = np.ndarray(shape, float32, pack(*cells))
        prediction = predictor.predict(inputs)
        request_id = new_request_id()
        moment = f"{datetime.fromtimestamp(arrived, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        numbers = orjson.dumps([inputs, prediction], option=orjson.OPT_SERIALIZE_NUMPY)[3:-2].replace(b"]],[", b",")
        predicted = f"{moment},{request_id}{middle}{numbers.decode()},\n".encode()
        text = body.decode().replace('"', '""')
        duration = (time.perf_counter() - started) * 1000
        client = f"{environ['REMOTE_ADDR']},POST,{environ['PATH_INFO']},{environ['CONTENT_TYPE']}"
        requested = f'{moment},{request_id},{client},200,{duration:.3f},,"{text}"\n'.encode()
        with lock:
            fcntl.flock(folder, fcntl.LOCK_EX)
            try:
                if [os.lseek(predictions, 0, os.SEEK_END), os.lseek(requests, 0, os.SEEK_END)] != ends:
                    raise OSError("somebody else writes")
                ends[0] += os.write(predictions, predicted)
                ends[1] += os.write(requests, requested)
            finally:
                fcntl.flock(folder, fcntl.LOCK_UN)
            place = (place + 128) % len(ring)
            value, seconds = prediction.item(), time.perf_counter() - started
            record(ring, place, seconds, duration, 1.0, 1, 2, 3, 4, 5, value, inputs.tobytes())
        content = {
            "success": True,
            "prediction": prediction[0],
            "request_id": request_id,
            "model": signature.model,
            "version": version.number,
            "warnings": [],
        }
        reply = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(reply)))]
        start_response("200 OK", [*headers, ("X-Request-ID", request_id), ("X-Model-Version", str(version.number))])
        return [reply]

    return application
