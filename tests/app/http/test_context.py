"""The context of a request: its id, its client, and what was attempted for it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from app.errors import FieldError, ModelFailed
from app.http.context import current_request, start_request
from app.results import Attempt, PredictionResult

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_usable_id_of_the_client_is_the_request_id() -> None:
    context = start_request({"HTTP_X_REQUEST_ID": "x" * 128}, NOW)
    assert (context.request_id, context.client_id, context.arrived) == ("x" * 128, "x" * 128, NOW)
    assert current_request() is context
    assert start_request({"HTTP_X_CLIENT_ID": "ann"}, NOW).client_id == "ann"


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 129, "ü", "a\u0000", "a\n"])
def test_an_unusable_id_is_replaced(sent: str | None) -> None:
    request_id = start_request({} if sent is None else {"HTTP_X_REQUEST_ID": sent}, NOW).request_id
    assert request_id != sent
    assert len(request_id) == 36


def test_what_was_attempted_is_taken_down_and_rows_without_an_answer_are_named() -> None:
    rows = np.ones((2, 3), np.float32)
    attempt = Attempt("boston", 2, "champion", rows, rows[:, 0])
    result = PredictionResult(rows[:, 0], "boston", 2, {}, [], False, [attempt], (), (rows, None))
    context = start_request({}, NOW)
    assert context.add_complete(result) is result
    result.errors = [FieldError(1, "", "the model failed")]
    with pytest.raises(ModelFailed, match="^row 1: the model failed$"):
        context.add_complete(result)
    assert (context.version, context.attempts) == (2, [attempt, attempt])
    assert len(context.to_mirror) == 2
