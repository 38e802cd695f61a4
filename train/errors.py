"""The fault that training reports: one sentence that names the file, line, key or column, and what to do."""

from __future__ import annotations


class TrainError(Exception):
    """The training can't go on; nothing was published."""
