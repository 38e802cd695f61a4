"""Rows a second of the protocols at 1, 100 and 10,000 rows a request, beside parse + model + format with no HTTP.

``python benchmarks/batch.py [ROUNDS]``, over what models/ holds. The service logs every request and prediction to the
disk as always; the floor logs nothing, checks nothing, and speaks to nobody. Two more say where the time goes: the
floor with the rows of the same log, and the same server reading, appending and sending as many bytes, all zeros, with
nothing in between: nobody who logs before the reply can be faster than that. One worker on one core, one client on the
other, in turn with the floors on the worker's core: on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from base64 import b64encode
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

from benchmarks.serving import pin, serving  # noqa: E402
from journal import (  # noqa: E402
    REQUEST_COLUMNS,
    Journal,
    encode_predictions,
    encode_request,
    prediction_columns,
    timestamp,
)
from registry import CHAMPION, INPUT_TENSOR, CommonSettings, Float32Array, Predictor, Signature, Version  # noqa: E402

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
    rates: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    logged: list[float] = field(default_factory=list)
    zeros: list[float] = field(default_factory=list)


def ratios(rates: list[float], floors: list[float]) -> str:
    found = sorted(a / b for a, b in zip(rates, floors, strict=True))
    return f"{median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


def post(path: str, body: bytes, content_type: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def cases(signature: Signature, predictor: Predictor) -> Iterator[Case]:
    """Every protocol at every size, on random rows from the middle of the training ranges."""
    width = len(signature.inputs)
    low, high = np.array([item.training for item in signature.inputs]).T
    random = np.random.default_rng(0)
    model = signature.model
    for size in SIZES:
        rows = (low + (high - low) * random.uniform(0.3, 0.7, (size, width))).round(3)
        seen = rows.astype(np.float32)
        lists, flat = rows.tolist(), rows.reshape(-1).tolist()
        json = orjson.dumps(lists)
        tensor = {"name": INPUT_TENSOR, "shape": [size, width], "datatype": "FP32"}
        v2 = orjson.dumps({"inputs": [{**tensor, "data": flat}]})
        raw = rows.astype("<f4").tobytes()
        binary = {"inputs": [{**tensor, "parameters": {"binary_data_size": len(raw)}}]}
        head = orjson.dumps({**binary, "parameters": {"binary_data_output": True}})
        csv = "\n".join([",".join(signature.names), *(",".join(map(str, row)) for row in lists), ""]).encode()

        def predict(values: object) -> np.ndarray:
            return predictor.predict(np.array(values, dtype=np.float32).reshape(-1, width))

        def of_json(body: bytes = json) -> bytes:
            return orjson.dumps({"predictions": predict(orjson.loads(body))}, option=NUMPY)

        def of_v2(body: bytes = v2) -> bytes:
            return orjson.dumps({"data": predict(orjson.loads(body)["inputs"][0]["data"])}, option=NUMPY)

        def of_bytes(body: bytes = head + raw, length: int = len(head)) -> bytes:
            asked = orjson.loads(body[:length])
            return orjson.dumps(asked) + predict(np.frombuffer(body[length:], "<f4")).tobytes()

        def of_csv(body: bytes = csv) -> bytes:
            lines = body.decode().splitlines()[1:]
            return orjson.dumps({"predictions": predict([line.split(",") for line in lines])}, option=NUMPY)

        def csv_to_csv(body: bytes = csv) -> bytes:
            header, *lines = body.decode().splitlines()
            predictions = predict([line.split(",") for line in lines]).tolist()
            return "\n".join([f"{header},prediction", *map("{},{}".format, lines, predictions)]).encode()

        length = f"Inference-Header-Content-Length: {len(head)}"
        yield Case("/predict_json", size, post("/predict_json", json, "application/json"), seen, of_json)
        yield Case("/v2 JSON", size, post(f"/v2/models/{model}/infer", v2, "application/json"), seen, of_v2)
        octets = "application/octet-stream"
        yield Case("/v2 binary", size, post(f"/v2/models/{model}/infer", head + raw, octets, length), seen, of_bytes)
        yield Case("/invocations CSV", size, post("/invocations", csv, "text/csv"), seen, of_csv)
        yield Case("/predict_csv", size, post("/predict_csv", csv, "text/csv"), seen, csv_to_csv)


def logging(folder: Path, version: Version) -> Callable[[Case], int]:
    """A case's floor, and the rows of the log for it; gives how many bytes these are."""
    journal = Journal(folder)
    journal.add_stream("predictions", prediction_columns(version.signature.names))
    journal.add_stream("requests", REQUEST_COLUMNS)
    said = {"client": "", "method": "POST", "path": "/", "content_type": "", "status": 200, "error": ""}

    def log(case: Case) -> int:
        case.floor()
        time, name = timestamp(datetime.now(UTC)), str(uuid4())
        body = case.request.partition(b"\r\n\r\n")[2]
        body = body if body.isascii() else b64encode(body)  # as the service does
        request = encode_request(time=time, request_id=name, duration_ms=1, body=body, **said)
        predicted = encode_predictions(time, name, version.signature.model, 1, CHAMPION, case.rows, case.rows[:, 0])
        journal.append(time[:10], {"predictions": predicted, "requests": request})
        return len(predicted) + len(request)

    return log


def ask(connection: socket.socket, request: bytes) -> int:
    """One request on a kept connection, and its whole reply; gives the length of the reply's body."""
    connection.sendall(request)
    reply = b""
    while b"\r\n\r\n" not in reply:
        reply += connection.recv(1 << 18)
    head, _, body = reply.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(reply[:1000].decode(errors="replace"))
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    left = length - len(body)
    while left:
        left -= len(connection.recv(min(left, 1 << 18)))
    return length


def rate(size: int, work: Callable[[], object], seconds: float) -> float:
    """Float32Array a second."""
    start = time.perf_counter()
    count = 0
    while (taken := time.perf_counter() - start) < seconds:
        work()
        count += 1
    return count * size / taken


def main(rounds: int) -> None:
    store = CommonSettings.from_env(os.environ).store()
    version = store.open(store.number_of(CHAMPION))
    every = list(cases(version.signature, version.predictor))
    (ROOT / "logs").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / "logs") as logs,
        serving(logs) as port,
        serving(logs, app="benchmarks.constant:zeros") as other_port,
        socket.create_connection(("127.0.0.1", port)) as connection,
        socket.create_connection(("127.0.0.1", other_port)) as other,
    ):
        for each in (connection, other):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        log = logging(Path(logs, "floor"), version)
        for turn in range(rounds + 1):
            for case in every:
                pin(1)
                served = rate(case.size, lambda case=case: ask(connection, case.request), SECONDS)
                body = case.request.partition(b"\r\n\r\n")[2]
                nothing = post(f"/{ask(connection, case.request)}/{log(case)}", body, "text/plain")
                zeros = rate(case.size, lambda nothing=nothing: ask(other, nothing), SECONDS / 2)
                pin(0)
                alone = rate(case.size, case.floor, SECONDS / 2)
                logged = rate(case.size, lambda case=case: log(case), SECONDS / 2)
                if turn:  # the first is a warm-up
                    case.rates.append(served)
                    case.floors.append(alone)
                    case.logged.append(logged)
                    case.zeros.append(zeros)
                # Gigabytes of log would measure the disk, and how a virtual machine gets memory that it never had.
                for file in Path(logs).rglob("*.csv"):
                    file.unlink()
    print(
        f"{rounds} rounds of {SECONDS:g} s in turn, one connection, one worker, logging on; medians (lowest to highest)"
    )
    print(f"{'':39}  ratio to parse +       ratio to them and the   zeros, as many bytes,")
    print(f"{'':18}{'rows':>9}{'rows/s':>12}  model + format         same log               to parse + model + format")
    for case in every:
        print(f"{case.name:18}{case.size:9}  {median(case.rates):10.0f}", end="")
        for rates, floors in ((case.rates, case.floors), (case.rates, case.logged), (case.zeros, case.floors)):
            print(f"  {ratios(rates, floors):21}", end="")
        print()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
