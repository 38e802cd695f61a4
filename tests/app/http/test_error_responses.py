"""Exceptions become errors that tell a client no more than it may know."""

from __future__ import annotations

from app.http.context import start_request
from app.http.error_responses import status_of, to_serving_error


def test_an_unexpected_exception_tells_the_client_no_detail() -> None:
    context = start_request({"PATH_INFO": "/predict_json"}, 0.0)
    fault = to_serving_error(OSError("/secret"), context)
    message = "the service failed; its error log has the reason under this request id"
    assert (status_of(fault), fault.message, fault.headers) == (500, message, ())
