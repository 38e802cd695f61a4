"""What the decoders pass on: where the rows are in a parsed body, and the numbers of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import FieldError

Float64Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class InputBatch:
    """Rows to predict for: ``values`` is float64 (n, k), NaN where an error says what is wrong instead."""

    values: Float64Matrix
    errors: list[FieldError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JsonRows:
    """Where a protocol has its rows in a JSON body.

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
