"""One error for many faults: its message is the first of them, and its list has an end."""

from __future__ import annotations

from app.errors import MAX_ERRORS, FieldError, InvalidInput


def test_a_list_of_errors_has_an_end() -> None:
    errors = [FieldError(row, "rm", "is missing") for row in range(600)]
    fault = InvalidInput.from_errors(errors)
    assert (fault.message, list(fault.errors)) == ("row 0: rm: is missing (and 599 more)", errors[:100])


def test_a_message_says_when_there_may_be_more_errors_than_were_looked_for() -> None:
    error = FieldError(0, "rm", "is missing")
    assert str(InvalidInput.from_errors([error] * MAX_ERRORS)) == "rm: is missing (and at least 1,000 more)"
    assert str(InvalidInput.from_errors([error] * (MAX_ERRORS - 1))).endswith(" (and 999 more)")
