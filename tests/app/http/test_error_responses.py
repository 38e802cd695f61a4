"""An exception becomes an error that says no more than a client may know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound

from app.http.context import start_request
from app.http.error_responses import HTTPError, status_of, to_serving_error

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONTEXT = start_request({"PATH_INFO": "/predict_json", "REQUEST_METHOD": "GET"}, NOW)


@pytest.mark.parametrize(
    ("error", "status", "message", "headers"),
    [
        (MethodNotAllowed(["POST", "OPTIONS"]), 405, "/predict_json takes OPTIONS, POST, not GET", ["OPTIONS, POST"]),
        (NotFound(), 404, "/predict_json: not found", []),
        (OSError("/secret"), 500, "the service failed; its error log has the reason under this request id", []),
    ],
)
def test_an_exception_becomes_one_sentence(error: Exception, status: int, message: str, headers: list[str]) -> None:
    fault = to_serving_error(error, CONTEXT)
    assert isinstance(fault, HTTPError)
    assert (status_of(fault), fault.message, [value for _, value in fault.headers]) == (status, message, headers)
