"""A body arrives whole, within its limit, of its media type, and decompressed."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import MalformedRequest
from app.http.request_body import decompressor
from tests.app.conftest import Service

JSON = b"[[6, 250, 66.5], [7, 300, 10]]"
CSV = b"rm,tax,age\n6,250,66.5\n7,300,10\n"
V2 = b'{"inputs": [{"name": "features", "shape": [2, 3], "datatype": "FP32", "data": [6, 250, 66.5, 7, 300, 10]}]}'
SENT = {
    "/predict_json": (JSON, "application/json"),
    "/predict_form": (b"rooms=6&tax=250&age=66.5", "application/x-www-form-urlencoded"),
    "/predict_csv": (CSV, "text/csv"),
    "/v1/models/boston:predict": (b'{"instances": %b}' % JSON, "application/json"),
    "/v2/models/boston/infer": (V2, "application/json"),
    "/invocations": (CSV, "text/csv"),
}
WAYS = [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress), ("identity", bytes)]


def post(client: Service, path: str, body: bytes, encoding: str) -> Any:
    headers = {"Content-Encoding": encoding, "X-Request-ID": "same"}
    return client.post(path, data=body, content_type=SENT[path][1], headers=headers)


@pytest.mark.parametrize("path", SENT)
def test_a_compressed_body_gets_the_answer_and_the_log_of_what_it_was(service: Service, path: str) -> None:
    plain = service.post(path, data=SENT[path][0], content_type=SENT[path][1], headers={"X-Request-ID": "same"})
    assert plain.status_code == 200
    for encoding, pack in WAYS:
        assert post(service, path, pack(SENT[path][0]), encoding).data == plain.data
    bodies = [row["body"] for row in service.new_rows("requests")]
    expected = bodies[0] if path == "/predict_csv" else SENT[path][0].decode()
    assert bodies == [expected] * (1 + len(WAYS))


@pytest.mark.parametrize("path", SENT)
@pytest.mark.parametrize(
    ("pack", "encoding", "status", "message"),
    [
        (bytes, "gzip", 400, "is not in gzip or deflate"),
        (bytes, "br", 415, "compressed in a way that is not known here"),
        (lambda body: gzip.compress(body)[:-9], "gzip", 400, "ends before its end"),
        (lambda body: gzip.compress(body)[:-8] + bytes(8), "gzip", 400, "incorrect data check"),
        (lambda body: gzip.compress(body) + b"more", "gzip", 400, "incorrect header check"),
        (lambda _: b"", "gzip", 400, "ends before its end"),
    ],
    ids=["plain", "brotli", "cut", "damaged", "more behind", "nothing"],
)
def test_a_body_that_cannot_be_decompressed_is_refused_and_logged(
    service: Service, path: str, pack: Any, encoding: str, status: int, message: str
) -> None:
    reply = post(service, path, pack(SENT[path][0]), encoding)
    assert (reply.status_code, message in reply.text) == (status, True)
    assert [row["status"] for row in service.new_rows("requests")] == [str(status)]
    assert service.new_rows("predictions") == [] or path == "/predict_csv"


@pytest.mark.parametrize(
    ("path", "media_type", "status"),
    [
        ("/predict_json", "text/json", 200),
        ("/predict_json", "application/vnd.api+json; charset=UTF-8", 200),
        ("/predict_json", "Application/LD+JSON", 200),
        ("/predict_json", "text/x+json", 415),
        ("/predict_json", "application/vnd.ms-excel", 415),
        ("/predict_csv", "application/vnd.ms-excel", 200),
        ("/predict_csv", "application/csv", 200),
        ("/predict_csv", "text/json", 415),
        ("/invocations", "application/vnd.ms-excel", 200),
        ("/invocations", "application/problem+json", 400),
    ],
)
def test_a_media_type_may_have_another_of_its_names(service: Service, path: str, media_type: str, status: int) -> None:
    reply = service.post(path, data=SENT[path][0], content_type=media_type, buffered=True)
    assert reply.status_code == status, reply.text
    assert status != 415 or f"the Content-Type is {media_type}: send " in reply.text


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A thousandth of 256 MB."""
    return zlib.compress(bytes(1 << 28), 9)


@pytest.mark.parametrize("path", SENT)
def test_a_body_that_is_too_large_decompressed_takes_no_memory(service: Service, path: str, bomb: bytes) -> None:
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        status = post(service, path, bomb, "deflate").status_code
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert status == (400 if path == "/predict_csv" else 413)  # a line of the file is too long first


class Late(io.RawIOBase):
    """A body whose deadline passes."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> int:
        raise TimeoutError


@pytest.mark.parametrize("path", SENT)
def test_a_body_that_is_late_is_answered_with_408_and_logged(service: Service, path: str) -> None:
    environ = {"wsgi.input": Late(), "CONTENT_LENGTH": "100"}
    reply = service.post(path, content_type=SENT[path][1], environ_overrides=environ)
    assert reply.status_code == 408
    (row,) = service.new_rows("requests")
    assert row["status"] == "408"
    assert "did not arrive whole before the time limit" in row["error"]


@given(st.binary(max_size=3000), st.integers(1, 700), st.integers(1, 700), st.integers(1, 4))
def test_any_bytes_come_out_as_they_went_in(content: bytes, chunk: int, wanted: int, members: int) -> None:
    cuts = [len(content) * number // members for number in range(members + 1)]
    packed = b"".join(gzip.compress(content[a:b]) for a, b in pairwise(cuts))
    source = io.BytesIO(packed)
    read = decompressor({"HTTP_CONTENT_ENCODING": "gzip"}, lambda size: source.read(min(size, chunk)))
    parts = list(iter(lambda: read(wanted), b""))
    assert b"".join(parts) == content
    assert all(len(part) == wanted for part in parts[:-1])


@given(st.binary(max_size=300))
def test_any_bytes_are_decompressed_or_refused(content: bytes) -> None:
    source = io.BytesIO(content)
    read = decompressor({"HTTP_CONTENT_ENCODING": "deflate"}, source.read)
    with suppress(MalformedRequest):
        while read(100):
            pass
