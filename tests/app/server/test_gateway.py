"""The WSGI side of Granian: what the application is told of a request, and when a reply ends its connection."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from app.server.gateway import Gateway, format_target


class Protocol:
    """Granian's side of a request: it notes the response."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def response_iter(self, status: int, headers: list[tuple[str, str]], body: Any) -> None:
        self.status, self.headers, self.body = status, headers, b""
        try:
            while True:
                self.body += body.__next__()
        except StopIteration:
            body.close()


def scope(body: bytes = b"", **more: object) -> dict[str, object]:
    return {"PATH_INFO": "/", "QUERY_STRING": "", "wsgi.input": io.BytesIO(body), **more}


def ask(gateway: Gateway, **request: Any) -> Protocol:
    protocol = Protocol()
    gateway(protocol, scope(**request))
    return protocol


def reader(*sizes: int | None) -> Gateway:
    """Return a gateway to an application that reads parts of so many bytes."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        parts = [environ["wsgi.input"].read(*([] if size is None else [size])) for size in sizes]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return parts

    return Gateway(application, multiprocess=True)


def test_the_environ_has_the_request_and_nothing_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    monkeypatch.setenv("HTTP_X_FORWARDED_FOR", "192.0.2.1")
    monkeypatch.setenv("REMOTE_USER", "root")
    gateway = Gateway(application, multiprocess=True)
    reply = ask(gateway, HTTP_HOST="example.org")
    assert (reply.status, reply.headers, reply.body) == (204, [], b"")
    assert (seen["HTTP_HOST"], seen["wsgi.multiprocess"], seen["wsgi.input_terminated"]) == ("example.org", True, True)
    assert {"HTTP_X_FORWARDED_FOR", "REMOTE_USER", "PATH"} & seen.keys() == set()


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        ("/predict_json", "", "/predict_json"),
        ("/predict_json", "x=%41", "/predict_json?x=%41"),
        ("/a b/\u00c3\u00a9;c=1,2", "", "/a%20b/%C3%A9;c=1,2"),
        ("/%zz", "", "/%25zz"),  # was sent like this: Granian takes what is no encoding as it is
        ("/a?b", "c", "/a%3Fb?c"),
    ],
)
def test_what_was_asked_for_is_written_as_in_http(path: str, query: str, target: str) -> None:
    assert format_target(path, query) == target


@pytest.mark.parametrize(
    ("sizes", "declared", "ends"),
    [
        ([3], {"CONTENT_LENGTH": "3"}, False),
        ([2, 1], {"CONTENT_LENGTH": "3"}, False),
        ([None], {"CONTENT_LENGTH": "3"}, False),
        ([-1], {"CONTENT_LENGTH": "3"}, False),
        ([2], {"CONTENT_LENGTH": "3"}, True),
        ([], {"CONTENT_LENGTH": "3"}, True),
        ([], {"CONTENT_LENGTH": "0"}, False),
        ([], {}, False),
        ([10], {"HTTP_TRANSFER_ENCODING": "chunked"}, False),
        ([None], {"HTTP_TRANSFER_ENCODING": "chunked"}, False),
        ([2], {"HTTP_TRANSFER_ENCODING": "chunked"}, True),
        ([], {"HTTP_TRANSFER_ENCODING": "chunked"}, True),
    ],
)
def test_a_reply_ends_its_connection_if_something_is_left_of_the_request(
    sizes: list[int | None], declared: dict[str, str], ends: bool
) -> None:
    reply = ask(reader(*sizes), body=b"abc", **declared)
    assert (("Connection", "close") in reply.headers) == ends
    assert b"abc".startswith(reply.body)


def test_as_the_worker_stops_each_reply_ends_its_connection() -> None:
    gateway = reader()
    assert ("Connection", "close") not in ask(gateway).headers
    gateway.ending = True
    assert ask(gateway).headers == [("Content-Type", "text/plain"), ("Connection", "close")]


def test_a_response_in_parts_is_handed_on_in_parts_and_closed() -> None:
    closed = []

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            yield from (b"a", b"b")

        def close(self) -> None:
            closed.append(True)

    def application(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Parts()

    assert ask(Gateway(application, multiprocess=False)).body == b"ab"
    assert closed == [True]
