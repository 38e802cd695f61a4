"""Rows a second of the protocols at 1, 100 and 10,000 rows a request, beside parse + model + format with no HTTP.

``python benchmarks/batch.py [ROUNDS]``, over what models/ holds. The service logs every request and prediction to the
disk as always; the floor logs nothing, checks nothing, and speaks to nobody. Two more say where the time goes: the
floor with the rows of the same log, and the same server reading, appending and sending as many bytes, all zeros, with
nothing in between: nobody who logs before the reply can be faster than that. One worker on one core, one client on the
other, in turn with the floors on the worker's core: on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import uuid4

import numpy as np
import orjson

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.client import ask, connect, post
from benchmarks.serving import pin, ratios, serving
from journal import (
    REQUEST_COLUMNS,
    Journal,
    encode_predictions,
    encode_request,
    prediction_columns,
    timestamp,
)
from registry import CHAMPION, INPUT_TENSOR, CommonSettings, Float32Array, Predictor, Signature, Version

SIZES = (1, 100, 10_000)
SECONDS = 1.0
NUMPY = orjson.OPT_SERIALIZE_NUMPY


@dataclass
class Case:
    """One protocol at one size: what is sent, and the same work without a server."""

    name: str
    size: int
    request: bytes
    rows: Float32Array
    floor: Callable[[], bytes]
    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def cases(size: int, signature: Signature, predictor: Predictor) -> Iterator[Case]:
    """Yield every protocol at one size, on random rows from the middle of the training ranges."""
    width = len(signature.inputs)
    low, high = np.array([item.training for item in signature.inputs]).T
    rows = (low + (high - low) * np.random.default_rng(0).uniform(0.3, 0.7, (size, width))).round(3)
    json = orjson.dumps(rows.tolist())
    tensor = {"name": INPUT_TENSOR, "shape": [size, width], "datatype": "FP32"}
    v2 = orjson.dumps({"inputs": [{**tensor, "data": rows.reshape(-1).tolist()}]})
    raw = rows.astype("<f4").tobytes()
    binary = {"inputs": [{**tensor, "parameters": {"binary_data_size": len(raw)}}]}
    head = orjson.dumps({**binary, "parameters": {"binary_data_output": True}})
    csv = "\n".join([",".join(signature.names), *(",".join(map(str, row)) for row in rows.tolist()), ""]).encode()

    def predict(values: object) -> np.ndarray:
        return predictor.predict(np.array(values, dtype=np.float32).reshape(-1, width))

    def json_to_json() -> bytes:
        return orjson.dumps({"predictions": predict(orjson.loads(json))}, option=NUMPY)

    def v2_to_json() -> bytes:
        return orjson.dumps({"data": predict(orjson.loads(v2)["inputs"][0]["data"])}, option=NUMPY)

    def bytes_to_bytes() -> bytes:
        return orjson.dumps(orjson.loads(head)) + predict(np.frombuffer(raw, "<f4")).tobytes()

    def csv_to_json() -> bytes:
        lines = csv.decode().splitlines()[1:]
        return orjson.dumps({"predictions": predict([line.split(",") for line in lines])}, option=NUMPY)

    def csv_to_csv() -> bytes:
        header, *lines = csv.decode().splitlines()
        predictions = predict([line.split(",") for line in lines]).tolist()
        return "\n".join([f"{header},prediction", *map("{},{}".format, lines, predictions)]).encode()

    infer, length = f"/v2/models/{signature.model}/infer", f"Inference-Header-Content-Length: {len(head)}"
    for name, request, floor in (
        ("/predict_json", post("/predict_json", json), json_to_json),
        ("/v2 JSON", post(infer, v2), v2_to_json),
        ("/v2 binary", post(infer, head + raw, "application/octet-stream", length), bytes_to_bytes),
        ("/invocations CSV", post("/invocations", csv, "text/csv"), csv_to_json),
        ("/predict_csv", post("/predict_csv", csv, "text/csv"), csv_to_csv),
    ):
        yield Case(name, size, request, rows.astype(np.float32), floor)


def logging(folder: Path, version: Version) -> Callable[[Case], int]:
    """Return a function that does a case's floor and logs its rows, and returns how many bytes these are."""
    journal = Journal(folder)
    journal.add_stream("predictions", prediction_columns(version.signature.names))
    journal.add_stream("requests", REQUEST_COLUMNS)
    fixed = {"client": "", "method": "POST", "path": "/", "content_type": "", "status": 200, "error": ""}

    def log(case: Case) -> int:
        case.floor()
        time, name = timestamp(datetime.now(UTC)), str(uuid4())
        body = case.request.partition(b"\r\n\r\n")[2]
        body = body if body.isascii() else b64encode(body)  # as the service does
        request = encode_request(time=time, request_id=name, duration_ms=1, body=body, **fixed)
        predicted = encode_predictions(time, name, version.signature.model, 1, CHAMPION, case.rows, case.rows[:, 0])
        journal.append(time[:10], {"predictions": predicted, "requests": request})
        return len(predicted) + len(request)

    return log


def rate(size: int, work: Callable[[], object], seconds: float) -> float:
    """Return rows a second."""
    start = time.perf_counter()
    count = 0
    while (taken := time.perf_counter() - start) < seconds:
        work()
        count += 1
    return count * size / taken


def main(rounds: int) -> None:
    store = CommonSettings.from_env(os.environ).store()
    version = store.open(store.number_of(CHAMPION))
    every = [case for size in SIZES for case in cases(size, version.signature, version.predictor)]
    (ROOT / "logs").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs,
        serving(logs) as service,
        serving(logs, app="benchmarks.constant:zeros") as zeros,
        connect(service.port) as connection,
        connect(zeros.port) as to_zeros,
    ):
        log = logging(Path(logs, "floor"), version)
        for turn in range(rounds + 1):
            for case in every:
                pin(1)
                served = rate(case.size, lambda case=case: ask(connection, case.request), SECONDS)
                body = case.request.partition(b"\r\n\r\n")[2]
                nothing = post(f"/{ask(connection, case.request)}/{log(case)}", body, "text/plain")
                zeros_rate = rate(case.size, lambda nothing=nothing: ask(to_zeros, nothing), SECONDS / 2)
                pin(0)
                alone = rate(case.size, case.floor, SECONDS / 2)
                logged = rate(case.size, lambda case=case: log(case), SECONDS / 2)
                if turn:  # the first is a warm-up
                    for name, value in (("service", served), ("zeros", zeros_rate), ("floor", alone), ("log", logged)):
                        case.rates[name].append(value)
                # Gigabytes of log would measure the disk, and how a virtual machine gets memory that it never had.
                for file in Path(logs).rglob("*.csv"):
                    file.unlink()
    print(
        f"{rounds} rounds of {SECONDS:g} s in turn, one connection, one worker, logging on; medians (lowest to highest)"
    )
    print(f"{'':39}  ratio to parse +       ratio to them and the   zeros, as many bytes,")
    print(f"{'':18}{'rows':>9}{'rows/s':>12}  model + format         same log               to parse + model + format")
    for case in every:
        print(f"{case.name:18}{case.size:9}  {median(case.rates['service']):10.0f}", end="")
        for name, floor in (("service", "floor"), ("service", "log"), ("zeros", "floor")):
            print(f"  {ratios(case.rates[name], case.rates[floor]):21}", end="")
        print()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
