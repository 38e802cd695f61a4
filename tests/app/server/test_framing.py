"""Where a request ends is found however it arrives; what is wrong is left to gunicorn's parser."""

from __future__ import annotations

import pytest
from gunicorn.http.errors import LimitRequestHeaders

from app.server.framing import MAX_GATHERED, RequestBuffer, Stage

GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
LENGTH = b"POST /predict_json HTTP/1.1\r\nHost: x\r\nCONTENT-Length:  14 \r\n\r\n[6, 250, 66.5]"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[6,\r\nb;x=y\r\n 250, 66.5]\r\n0\r\n\r\n"
TRAILERS = CHUNKED[:-2] + b"Digest: 0\r\n\r\n"


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([b"POST / HTTP/1.1", *lines, b"", b""])


@pytest.mark.parametrize("request_", [GET, LENGTH, CHUNKED, TRAILERS], ids=["get", "length", "chunked", "trailers"])
def test_a_request_is_whole_with_its_last_byte_and_not_before(request_: bytes) -> None:
    dripped = RequestBuffer()
    assert [dripped.add(request_[place : place + 1]) for place in range(len(request_))] == [False] * (
        len(request_) - 1
    ) + [True]
    for cut in range(1, len(request_)):
        halves = RequestBuffer()
        assert [halves.add(request_[:cut]), halves.add(request_[cut:])] == [False, True]
    assert dripped.take() == request_
    assert dripped.take() == b""


def test_what_comes_behind_a_request_is_kept() -> None:
    for request_ in (GET, LENGTH, CHUNKED):
        buffer = RequestBuffer()
        assert buffer.add(request_ + GET[:10])
        assert (buffer.stage, buffer.take()) == (Stage.WHOLE, request_ + GET[:10])


@pytest.mark.parametrize(
    "start",
    [
        head(b"Content-Length: %d" % (MAX_GATHERED + 1)),
        head(b"Content-Length: 3", b"Expect: 100-continue"),
        head(b"Transfer-Encoding: chunked") + b"fffff\r\n",
        head(b"Transfer-Encoding: chunked") + b"1" * (MAX_GATHERED + 1),
        head(b"Transfer-Encoding: chunked") + b"1\r\n.\r\n" * (MAX_GATHERED // 6 + 1),
    ],
)
def test_a_body_that_is_not_gathered_is_long(start: bytes) -> None:
    buffer = RequestBuffer()
    assert buffer.add(start)
    assert buffer.stage is Stage.LONG


@pytest.mark.parametrize(
    "wrong",
    [
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\r\n\r\n",
        head(b"Content-Length: -1"),
        head(b"Content-Length: one"),
        head(b"Content-Length: " + b"9" * 5000),
        head(b"Transfer-Encoding: chunked") + b"zz\r\n",
        head(b"Transfer-Encoding: chunked") + b"-1\r\n",
        head(b"Transfer-Encoding: chunked") + b"3\r\nabcdef\r\n0\r\n\r\n",
    ],
)
def test_what_is_wrong_is_not_waited_for(wrong: bytes) -> None:
    buffer = RequestBuffer()
    assert buffer.add(wrong)
    assert (buffer.stage, buffer.fault) == (Stage.WHOLE, None)


def test_a_head_without_end_is_refused() -> None:
    buffer = RequestBuffer()
    assert not buffer.add(b"GET / HTTP/1.1\r\n")
    assert any(buffer.add(b"X: y\r\n") for _ in range(MAX_GATHERED))
    assert isinstance(buffer.fault, LimitRequestHeaders)
