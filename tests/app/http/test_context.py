"""The context of a request: its id."""

from __future__ import annotations

import pytest

from app.http.context import start_request


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "ü", "a\u0000"])
def test_an_unusable_request_id_is_replaced(sent: str) -> None:
    request_id = start_request({"HTTP_X_REQUEST_ID": sent}, 0.0).request_id
    assert request_id != sent
    assert len(request_id) == 36
    assert start_request({"HTTP_X_REQUEST_ID": "x" * 128}, 0.0).request_id == "x" * 128
