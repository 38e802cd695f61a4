"""Every fault has a status and a message, and no message says more than a client may know."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound

from app import errors
from app.errors import ServingError
from app.http.context import start_request
from app.http.error_responses import HTTPError, render_error_member, status_of, to_serving_error

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONTEXT = start_request({"PATH_INFO": "/predict_json", "REQUEST_METHOD": "GET"}, NOW)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.MalformedRequest("no JSON"), 400),
        (errors.NotFound("no such version"), 404),
        (errors.TooLarge("too large"), 413),
        (errors.InvalidInput("out of limits"), 422),
        (errors.ModelFailed("no output"), 500),
        (errors.NotReady("no model"), 503),
        (errors.ModelNotReady("no model"), 503),
        (HTTPError(429, "too many"), 429),
    ],
)
def test_each_kind_of_error_has_a_status(error: ServingError, status: int) -> None:
    assert status_of(error) == status
    assert to_serving_error(error, CONTEXT) is error
    response = render_error_member(error, status, CONTEXT)
    assert response.status_code == (400 if status == 422 else status)


@pytest.mark.parametrize(
    ("error", "status", "message", "headers"),
    [
        (MethodNotAllowed(["POST", "OPTIONS"]), 405, "/predict_json takes OPTIONS, POST, not GET", ["OPTIONS, POST"]),
        (NotFound(), 404, "/predict_json: not found", []),
        (OSError("/secret"), 500, "the service failed; its error log has the reason under this request id", []),
    ],
)
def test_an_exception_is_told_in_one_sentence(error: Exception, status: int, message: str, headers: list[str]) -> None:
    fault = to_serving_error(error, CONTEXT)
    assert isinstance(fault, HTTPError)
    assert (status_of(fault), fault.message, [value for _, value in fault.headers]) == (status, message, headers)
