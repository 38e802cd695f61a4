"""What lies between a request's text and the checks: where its rows are in what was parsed, and their numbers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import FieldError

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to predict for: ``values`` of shape (n, k), float64, NaN where a problem says what is wrong instead."""

    values: Values
    problems: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rows:
    """Where an adapter found the rows in a JSON body.

    Args:
        rows: lists by position or objects by name; or, if ``flat``, the values of all rows one after the other.
        names: what the positions are called; None for the inputs in their order.
        others: whether there may be columns that are no input, to be left out.
    """

    rows: Sequence[Any]
    names: Sequence[str] | None = None
    flat: bool = False
    others: bool = False

    def columns(self, inputs: Sequence[str]) -> Sequence[str]:
        """What the positions are called, among inputs of these names."""
        return inputs if self.names is None else self.names


def float64(cells: Sequence[Any]) -> Values:
    """Numbers of JSON as an array of shape (n,), which can't be written to, in half of numpy's time.

    Raises:
        struct.error: if one is no number; true and false are.
    """
    return np.frombuffer(struct.pack(f"{len(cells)}d", *cells))
