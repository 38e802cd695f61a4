"""The error of this package."""

from __future__ import annotations


class TrainError(Exception):
    """The training can't go on, and nothing was published.

    Its message is one sentence: which file, line, key or column is wrong, what was expected, and what to do.
    """
