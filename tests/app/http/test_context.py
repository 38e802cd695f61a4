"""The context of a request: its id."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.http.context import start_request

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "ü", "a\u0000"])
def test_an_unusable_request_id_is_replaced(sent: str) -> None:
    request_id = start_request({"HTTP_X_REQUEST_ID": sent}, NOW).request_id
    assert request_id != sent
    assert len(request_id) == 36
    assert start_request({"HTTP_X_REQUEST_ID": "x" * 128}, NOW).request_id == "x" * 128
