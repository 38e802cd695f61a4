"""What a client is told when there is no prediction: one exception, which every protocol turns into its own body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one row; ``input`` is empty where it is about the row as a whole."""

    row: int
    input: str
    message: str

    def __str__(self) -> str:
        return f"{self.input}: {self.message}" if self.input else self.message


class Refusal(Exception):
    """The request is not answered with a prediction.

    Args:
        status: the HTTP status: 400 not an accepted shape, 413 too large, 415 wrong media type,
            422 values that can't be predicted, 500 the model failed, 503 no model or no log.
        error: what is wrong, in one sentence.
        problems: the places where it is wrong.
        headers: what the reply has to say beside.
    """

    def __init__(
        self,
        status: int,
        error: str,
        problems: Sequence[FieldError] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        error = error.encode("utf-8", "backslashreplace").decode()  # a file's name may be no UTF-8
        super().__init__(error)
        self.status = status
        self.error = error
        self.problems = tuple(problems)
        self.headers = tuple(headers)
