"""Prediction intervals: how far a real value may lie from its prediction, as signature.json holds it.

The half width of a row is the level's quantile times the row's scale: exp(intercept + what each input adds). A number
adds a multiple of its standardised value, clipped to the training range, and one of its square; a category adds a
constant for its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """The intervals of one version.

    Attributes:
        quantiles: of the scaled errors, by level: 0.9 holds nine in ten.
        rows: how many errors these come from.
    """

    quantiles: Mapping[float, float]
    rows: int

    def half_width(self, inputs: NDArray[np.float32], level: float) -> NDArray[np.float64]:
        """Return half the width of each row's interval, float64 (n,), for inputs (n, k).

        Raises:
            KeyError: if there is no such level.
        """
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """Return the member of signature.json."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, content: Any) -> Interval:
        """Return the intervals that a member of signature.json describes.

        Raises:
            KeyError, TypeError, ValueError: if it is none.
        """
        raise NotImplementedError
