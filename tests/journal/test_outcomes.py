"""What a row of the request log says of its answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal import PartialFailure, is_predicted


@given(st.integers(0), st.integers(0), st.text())
def test_a_partial_failure_reads_back_from_the_text_in_the_log(failed: int, total: int, message: str) -> None:
    failure = PartialFailure(failed, total, message)
    assert PartialFailure.parse(str(failure)) == failure


@pytest.mark.parametrize(
    ("status", "error", "predicted"),
    [
        ("200", "", True),
        ("200", "1 of 3 rows have no prediction; line 2: rm is missing", True),
        ("200", "3 of 3 rows have no prediction; line 2: rm is missing", False),
        ("200", "1 of 13 rows have no prediction; 13 of 13 rows have no prediction; x", True),
        ("422", "", False),
        ("503", "1 of 3 rows have no prediction; line 2: rm is missing", False),
    ],
)
def test_a_request_is_predicted_if_any_of_its_rows_is(status: str, error: str, predicted: bool) -> None:
    assert is_predicted({"status": status, "error": error}) is predicted


@pytest.mark.parametrize(
    "error", ["", "rm is missing", "x 1 of 3 rows have no prediction; y", "01 of 3 rows have no prediction; y"]
)
def test_any_other_error_is_no_partial_failure(error: str) -> None:
    assert PartialFailure.parse(error) is None
