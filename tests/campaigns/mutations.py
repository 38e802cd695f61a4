"""Right requests of all routes, and what fuzzing does to them."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import replace

from tests.conftest import HOUSES

# Wide enough for every row inside the limits: so every 5xx is a fault.
WIDE = replace(HOUSES, output=replace(HOUSES.output, plausible=(-200, 400)))
NAMES = HOUSES.names
ROW = b"[6, 250, 66.5]"
NAMED = b'{"rm": 6, "tax": 250, "age": 66.5}'
_TENSOR = b'{"name": "features", "shape": [1, 3], "datatype": "FP64", "data": %s}'
_FRAME = b'{"dataframe_split": {"columns": ["rm", "tax", "age"], "data": [%s]}}' % ROW
_FORM = b"rm=6&tax=250&age=66.5"
_CSV = b'rm,tax,age\n6,250,66.5\n"7",300,1e1\n'
_JSON, _URLENCODED, _TEXT_CSV = "application/json", "application/x-www-form-urlencoded", "text/csv"
_MULTIPART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n%s\r\n--b--\r\n' % _CSV

# Path, Content-Type, body.
REQUESTS: Sequence[tuple[str, str, bytes]] = (
    ("/predict_json", _JSON, ROW),
    ("/predict_json", _JSON, NAMED),
    ("/predict_json", _JSON, b"[%s, %s]" % (ROW, NAMED)),
    ("/predict_form", _URLENCODED, _FORM),
    ("/predict_csv", _TEXT_CSV, _CSV),
    ("/predict_csv", "multipart/form-data; boundary=b", _MULTIPART),
    ("/v1/models/boston:predict", _JSON, b'{"instances": [%s]}' % ROW),
    ("/v1/models/boston:predict", _JSON, b'{"inputs": {"rm": [6], "tax": [250], "age": [66.5]}}'),
    ("/v1/models/boston:regress", _JSON, b'{"examples": [%s]}' % NAMED),
    ("/v1/models/boston/versions/1:predict", _JSON, b'{"instances": [%s]}' % NAMED),
    ("/v2/models/boston/infer", _JSON, b'{"inputs": [%s]}' % (_TENSOR % ROW)),
    ("/v2/models/boston/versions/1/infer", _JSON, b'{"id": "a", "inputs": [%s]}' % (_TENSOR % ROW)),
    ("/invocations", _JSON, b'{"inputs": [%s]}' % ROW),
    ("/invocations", _JSON, _FRAME),
    ("/invocations", _JSON, b'{"dataframe_records": [%s]}' % NAMED),
    ("/invocations", _TEXT_CSV, _CSV),
)
READ = ("/", "/form", "/docs", "/openapi.json", "/health/live", "/health/ready", "/v1/models/boston", "/v2", "/ping")
_TOKENS = [
    *(b"NaN", b"Infinity", b"null", b"true", b"1e400", b"-0", b"1e-400", b'"6"', b"[[", b"]]", b"{}", b"\\ud800"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\r", b"\n\n", b'""', b",", b";", b"\t", b"9" * 400, b"[" * 400),
    *(b"rm", b"tax", b"columns", b"shape", b"datatype", b"BYTES", b"instances", b"inputs", b"data", b"parameters"),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 0\r\n",
        b"Expect: 100-continue\r\n",
        b"Accept: text/html\r\n",
    ),
    *(
        b"Content-Encoding: gzip\r\n",
        b"X-Request-ID: \xe9\r\n",
        b"Accept: text/html\r\n",
        b"HTTP/1.0",
        b"%00",
        b"../",
        b"//",
    ),
]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one to four changes: tokens put in, parts removed, repeated, moved or overwritten."""
    for _ in range(chance.choice((1, 1, 1, 2, 2, 4))):
        start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        end = min(end, start + 40)
        change = chance.randrange(6)
        if change == 0:
            data = data[:start] + chance.choice(_TOKENS) + data[start:]
        elif change == 1:
            data = data[:start] + data[end:]
        elif change == 2:
            data = data[:end] + data[start:end] * chance.randrange(1, 4) + data[end:]
        elif change == 3:
            data = data[:start] + chance.choice(_TOKENS) + data[end:]
        elif change == 4:
            data = data[:start] + chance.randbytes(1) + data[start + 1 :]
        else:
            data = data[:start] + data[start:end][::-1] + data[end:]
    return data


def request(chance: random.Random, request_id: str) -> bytes:
    """Return a whole HTTP request: its body is changed, or all of it, or it is compressed, or sent in chunks."""
    if chance.random() < 0.1:
        path = chance.choice(READ).encode()
        return mutate(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path, chance)
    path, media_type, body = chance.choice(REQUESTS)
    if chance.random() < 0.8:
        body = mutate(body, chance)
    fields = [f"Host: x\r\nConnection: close\r\nX-Request-ID: {request_id}\r\nContent-Type: {media_type}\r\n"]
    way = chance.random()
    if way < 0.1:
        body = gzip.compress(body, 1, mtime=0)
        fields.append("Content-Encoding: gzip\r\n")
    if way > 0.9:
        fields.append("Transfer-Encoding: chunked\r\n")
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        fields.append(f"Content-Length: {len(body)}\r\n")
    whole = f"POST {path} HTTP/1.1\r\n{''.join(fields)}\r\n".encode() + body
    return mutate(whole, chance) if chance.random() < 0.3 else whole


def as_flat_row(body: bytes) -> list[float] | None:
    """Return the numbers of a JSON row of three as Python reads it; None if it is something else, or has a BOM."""
    try:
        row = json.loads(body.decode(), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    if isinstance(row, list) and len(row) == len(NAMES) and all(type(value) in (int, float) for value in row):
        return [min(max(value, -1e300), 1e300) for value in row]
    return None


def is_within_limits(row: Sequence[float]) -> bool:
    return all(item.limits[0] <= value <= item.limits[1] for item, value in zip(HOUSES.inputs, row, strict=True))


def predicted(row: Sequence[float]) -> float:
    """Return what linear.tflite predicts."""
    return 8 * row[0] - 0.01 * row[1] - 0.03 * row[2] - 20
