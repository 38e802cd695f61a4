"""The context of a request: its id, and what was attempted for it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from app.errors import FieldError, ModelFailed
from app.http.context import start_request
from app.results import PredictionResult

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "ü", "a\u0000"])
def test_an_unusable_request_id_is_replaced(sent: str) -> None:
    request_id = start_request({"HTTP_X_REQUEST_ID": sent}, NOW).request_id
    assert request_id != sent
    assert len(request_id) == 36
    assert start_request({"HTTP_X_REQUEST_ID": "x" * 128}, NOW).request_id == "x" * 128


def test_a_row_without_an_answer_is_named() -> None:
    result = PredictionResult(np.ones(2, np.float32), "boston", 2, {}, [FieldError(1, "", "it failed")], True, [])
    with pytest.raises(ModelFailed, match="^row 1: it failed$"):
        start_request({}, NOW).add_complete(result)
