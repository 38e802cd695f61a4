"""Responses: the headers that every one has, and files that are sent and closed."""

from __future__ import annotations

from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Any

import pytest
from werkzeug import Response

from app.http.context import start_request
from app.http.responses import BytesResponse, FileResponse, JSONResponse, WSGIResponse, send


def send_to(method: str, response: WSGIResponse, version: int = 0) -> tuple[str, dict[str, str], Any]:
    """Send a response; return its status line, its headers, and what a server iterates over."""
    environ = {"REQUEST_METHOD": method, "HTTP_X_REQUEST_ID": "mine", "wsgi.url_scheme": "http", "HTTP_HOST": "x"}
    context = start_request(environ, datetime(2026, 11, 23, tzinfo=UTC))
    context.version = version
    started: list[Any] = []
    body = send(response, context, lambda status, headers, *_: started.extend((status, dict(headers))))
    return started[0], started[1], body


def test_every_response_has_the_request_id_and_a_prediction_its_version() -> None:
    status, headers, body = send_to("POST", JSONResponse({"predictions": [1.5]}), version=7)
    assert (status, body) == ("200 OK", [b'{"predictions":[1.5]}'])
    assert headers == {
        "Content-Type": "application/json",
        "Content-Length": "21",
        "X-Request-ID": "mine",
        "X-Content-Type-Options": "nosniff",
        "X-Model-Version": "7",
    }
    assert "X-Model-Version" not in send_to("POST", JSONResponse({}))[1]


def test_head_has_the_same_headers_and_no_body() -> None:
    status, headers, body = send_to("HEAD", BytesResponse(b"1234", "text/plain", 404))
    assert (status, headers["Content-Length"], body) == ("404 Not Found", "4", [])


@pytest.mark.parametrize("own", [None, "default-src 'self'"])
def test_a_page_may_load_its_own_files_only_unless_it_has_a_policy(own: str | None) -> None:
    page = Response("<p>", mimetype="text/html", headers={"Content-Security-Policy": own} if own else None)
    _, headers, _ = send_to("GET", page)
    assert headers["Content-Security-Policy"].startswith(own or "default-src 'none'; style-src 'self'")
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("is_read", [True, False])
def test_a_file_is_sent_from_its_beginning_and_closed_once(is_read: bool) -> None:
    closed: list[None] = []
    with TemporaryFile() as file:
        file.write(b"x" * 600_000)
        response = FileResponse([b"<", file, b">"], "text/csv; charset=utf-8")
        response.on_close = lambda: closed.append(None)
        _, headers, body = send_to("POST", response)
        assert (headers["Content-Length"], response.mimetype) == ("600002", "text/csv")
        if is_read:
            assert b"".join(body) == b"<" + b"x" * 600_000 + b">"
        response.close()
        assert (file.closed, len(closed)) == (True, 1)
