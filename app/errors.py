"""The kinds of faults that leave a request without a prediction.

Each protocol puts them into its own body (app/endpoints); HTTP gives each kind a status in app/http/error_responses.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

_SPELLED_OUT = 100  # field errors that a reply names
MAX_ERRORS = 1001  # that are looked for where one is enough to refuse the request: the first, "and at least 1,000 more"


class FieldError(NamedTuple):
    """One thing that is wrong with one row, or worth a warning.

    Attributes:
        input: empty where it concerns the row as a whole.
        flag: what the log calls a warning: ``outside_training``, ``missing`` or ``other``.
        column: the date column that the client sent, if the input is a part of its date.
    """

    row: int
    input: str
    message: str
    flag: str = "outside_training"
    column: str = ""

    @property
    def place(self) -> str:
        """What the client sent the value as: its date column, else the input; empty if it concerns the whole row."""
        return self.column or self.input

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class ServingError(Exception):
    """The request is not answered with a prediction.

    Args:
        message: what is wrong, in one sentence.
        errors: the places where it is wrong.
    """

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        self.message = message.encode("utf-8", "backslashreplace").decode()  # a file's name may be no UTF-8
        self.errors = tuple(errors)
        super().__init__(self.message)

    @classmethod
    def from_errors(cls, errors: Sequence[FieldError], message: str = "") -> Self:
        """Return one fault for all errors, at least one; its message is the first of them, unless it is given."""
        first = errors[0]
        where = f"row {first.row}: " if any(error.row for error in errors) else ""
        message = message or f"{where}{first}"
        if len(errors) > 1:
            at_least = "at least " if len(errors) >= MAX_ERRORS else ""
            message += f" (and {at_least}{min(len(errors), MAX_ERRORS) - 1:,} more)"
        return cls(message, errors[:_SPELLED_OUT])


class MalformedRequest(ServingError):
    """The request has a shape that is not accepted, or did not arrive whole."""


class InvalidInput(ServingError):
    """A value can't be predicted from."""


class InvalidTruth(ServingError):
    """What a client says was true can't be."""


class TooLarge(ServingError):
    """The request has too many bytes or rows."""


class NotFound(ServingError):
    """There is no such model or version."""


class NotReady(ServingError):
    """There is no model that can answer, or all that were asked broke down; or no log that can be written."""


class ModelNotReady(NotReady):
    """A version can't be opened."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no model is ready: {reason}")
        self.reason = reason


class ModelFailed(ServingError):
    """No version gave an output that may be sent."""
