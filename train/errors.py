"""The error of this package."""

from __future__ import annotations


class TrainError(Exception):
    """The training can't go on, and nothing was published.

    Its message is one sentence: which file, line, key or column is wrong, what was expected, and what to do.
    """


class TeachesNothingError(TrainError):
    """A column has the same value in every training row.

    Attributes:
        column: its name in the file.
        problem: what it has instead of values that differ, as it follows the name.
    """

    def __init__(self, column: str, problem: str, message: str) -> None:
        super().__init__(message)
        self.column, self.problem = column, problem
