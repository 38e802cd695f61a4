"""One error for many faults: its message is the first of them, and its list has an end."""

from __future__ import annotations

from app.errors import FieldError, InvalidInput


def test_a_list_of_errors_has_an_end() -> None:
    errors = [FieldError(row, "rm", "is missing") for row in range(600)]
    fault = InvalidInput.from_errors(errors)
    assert (fault.message, list(fault.errors)) == ("row 0: rm: is missing (and 599 more)", errors[:100])
