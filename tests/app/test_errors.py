"""One error for many faults: its message is the first of them, and its list has an end."""

from __future__ import annotations

import pytest

from app.errors import FieldError, InvalidInput

RM = FieldError(0, "rm", "is missing")


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ([RM], "rm: is missing"),
        ([FieldError(0, "", "too few values")], "too few values"),
        ([FieldError(1, "rm", "is missing")], "row 1: rm: is missing"),
        ([RM, FieldError(1, "tax", "is missing")], "row 0: rm: is missing (and 1 more)"),
        ([RM] * 600, "rm: is missing (and 599 more)"),
    ],
)
def test_the_message_is_the_first_error_with_its_row_and_the_number_of_the_others(
    errors: list[FieldError], message: str
) -> None:
    fault = InvalidInput.from_errors(errors)
    assert fault.message == message
    assert list(fault.errors) == errors[:100]


def test_a_message_can_always_be_sent_as_utf_8() -> None:
    assert InvalidInput("\udcff.txt").message == r"\udcff.txt"
