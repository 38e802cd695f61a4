"""What the decoders pass on: where the rows are in a parsed body, and the numbers of the rows."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import FieldError

Float64Matrix = NDArray[np.float64]
Float64Vector = NDArray[np.float64]


@dataclass(slots=True)
class InputBatch:
    """Rows to predict for. Nobody changes them: they are not frozen because that would take longer to make.

    Attributes:
        matrix: the values; None if there is one row of numbers only.
        warnings: of texts that are no level and got the code of the level for all others.
        dated: the positions of the inputs that came as parts of a date.
        numbers: the k values of one row, as Python has them: numpy takes longer to look at so few than the model does.
    """

    matrix: Float64Matrix | None
    errors: Sequence[FieldError] = ()
    warnings: Sequence[FieldError] = ()
    dated: frozenset[int] = frozenset()
    numbers: Sequence[float] = ()

    @property
    def values(self) -> Float64Matrix:
        """The values, (n, k). NaN where an error of the row says what is wrong; elsewhere, where a value is missing."""
        return to_float64(self.numbers).reshape(1, -1) if self.matrix is None else self.matrix


@dataclass(slots=True)
class JsonRows:
    """Where a protocol has its rows in a JSON body. Not frozen, for the same reason as InputBatch.

    Args:
        rows: lists by position or objects by name; or, if ``flat``, the values of all rows one after the other.
        names: what the positions are called; None for the inputs in their order.
        allow_extra: whether there may be columns that are no input, to be left out.
    """

    rows: Sequence[Any]
    names: Sequence[str] | None = None
    flat: bool = False
    allow_extra: bool = False

    def columns(self, inputs: Sequence[str]) -> Sequence[str]:
        """Return what the positions are called, among inputs of these names."""
        return inputs if self.names is None else self.names


def to_float64(cells: Sequence[Any]) -> Float64Vector:
    """Return numbers of JSON as an array (n,), which can't be written to, in half of numpy's time.

    Raises:
        struct.error: if one is no number; true and false are.
    """
    return np.frombuffer(struct.pack(f"{len(cells)}d", *cells))
