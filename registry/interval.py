"""Prediction intervals: how far a real value may lie from its prediction, as signature.json holds it.

The half width of a row is the level's quantile times the row's scale: exp(intercept + what each input adds). A number
adds slope * u + curve * u**2, u being its position in the training range: -1 at the low end, 1 at the high end and
never beyond. A category adds a constant for its code. How training chooses these numbers is no matter of this module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHOWN_LEVEL = 0.9  # of the intervals that people see, and that training and monitoring judge

# The largest |log(half width)|: within it, every half width is a positive number that float32 can hold.
MAX_LOG = 87.0

MIN_RANGE = 1e-60  # of a number; its square is still far from 0


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """What a number adds to the logarithm of the scale; low and high are the ends of its training range."""

    low: float
    high: float
    slope: float
    curve: float

    def __post_init__(self) -> None:
        _require_finite(low=self.low, high=self.high, slope=self.slope, curve=self.curve)
        if not (self.low < self.high and self.high - self.low > MIN_RANGE):
            raise ValueError(f"low: expected a number below high, not {self.low:g} and {self.high:g}")

    @property
    def largest(self) -> float:
        """The largest amount that it can add or take away."""
        return abs(self.slope) + abs(self.curve)


@dataclass(frozen=True, slots=True)
class CategoryTerm:
    """What a category adds to the logarithm of the scale: a weight for each of its codes, in the same order."""

    codes: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        for code, weight in zip(self.codes, self.weights, strict=False):
            _require_finite(codes=code, weights=weight)
        if not 0 < len(set(self.codes)) == len(self.codes) == len(self.weights):
            raise ValueError("weights: expected one for each code, and different codes")

    @property
    def largest(self) -> float:
        """The largest amount that it can add or take away."""
        return max(map(abs, self.weights))


Term = NumberTerm | CategoryTerm


@dataclass(frozen=True, slots=True)
class Interval:
    """The intervals of one version.

    Attributes:
        quantiles: of the scaled errors, in the label's unit, by level: 0.9 holds nine in ten.
        rows: how many errors these come from.
        intercept: of the logarithm of the scale.
        terms: one for each input, in their order.

    Raises:
        ValueError: if a half width could be zero or infinite, or a quantile makes no sense.
    """

    quantiles: Mapping[float, float] = field(hash=False)
    rows: int
    intercept: float
    terms: tuple[Term, ...]
    # The terms again, as the loops need them: of a number its column, range, middle and what a unit adds.
    _numbers: tuple[tuple[int, float, float, float, float, float], ...] = field(init=False, repr=False, compare=False)
    _categories: tuple[tuple[int, dict[float, float]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_quantiles(self.quantiles)
        _require_finite(intercept=self.intercept)
        if self.rows < 1:
            raise ValueError(f"rows: expected at least 1, not {self.rows}")
        largest = sum(term.largest for term in self.terms)
        logs = [math.log(quantile) + self.intercept for quantile in self.quantiles.values()]
        if not -MAX_LOG <= min(logs) - largest <= max(logs) + largest <= MAX_LOG:
            raise ValueError("intercept: with these quantiles and terms an interval could be empty or endless")
        numbers, categories = [], []
        for column, term in enumerate(self.terms):
            if isinstance(term, CategoryTerm):
                codes = map(float, map(np.float32, term.codes))  # as inputs have them
                categories.append((column, dict(zip(codes, term.weights, strict=True))))
            elif term.largest:
                low, high = term.low, term.high
                per_unit = 2 / (high - low)
                numbers.append(
                    (column, low, high, (low + high) / 2, term.slope * per_unit, term.curve * per_unit * per_unit)
                )
        object.__setattr__(self, "_numbers", tuple(numbers))
        object.__setattr__(self, "_categories", tuple(categories))

    def half_width(self, inputs: NDArray[np.float32], level: float) -> NDArray[np.float64]:
        """Return half the width of each row's interval, float64 (n,), for inputs (n, k).

        It is positive and finite for every row of finite numbers. A code that is none of a category's adds nothing.

        Raises:
            KeyError: if there is no such level.
        """
        quantile = self.quantiles[level]
        logs = np.full(len(inputs), self.intercept)
        for column, low, high, middle, slope, curve in self._numbers:
            values = np.clip(inputs[:, column].astype(np.float64), low, high) - middle
            logs += values * (slope + curve * values)
        for column, weights in self._categories:
            for code, weight in weights.items():
                logs[inputs[:, column] == code] += weight
        return np.asarray(quantile * np.exp(logs))

    def half_width_of(self, row: Sequence[float], level: float) -> float:
        """Return half the width of one row's interval, as :meth:`half_width` does for many.

        It takes less time than numpy does to start.

        Args:
            row: k inputs, as float32 holds them.

        Raises:
            KeyError: if there is no such level.
        """
        log = self.intercept
        for column, low, high, middle, slope, curve in self._numbers:
            value = row[column]
            value = (value if low <= value <= high else low if value < low else high) - middle
            log += value * (slope + curve * value)
        for column, weights in self._categories:
            log += weights.get(row[column], 0.0)
        return self.quantiles[level] * math.exp(log)

    def to_json(self) -> dict[str, Any]:
        """Return the member of signature.json."""
        return {
            "rows": self.rows,
            "quantiles": {f"{level:g}": quantile for level, quantile in self.quantiles.items()},
            "intercept": self.intercept,
            "terms": [asdict(term) for term in self.terms],
        }

    @classmethod
    def from_json(cls, content: Any) -> Interval:
        """Return the intervals that a member of signature.json describes.

        Raises:
            KeyError, TypeError, ValueError: naming the key that is missing or makes no sense.
        """
        quantiles = {float(level): float(quantile) for level, quantile in dict(content["quantiles"]).items()}
        if len(quantiles) < len(content["quantiles"]):
            raise ValueError("quantiles: expected different levels")
        terms = tuple(_term(item) for item in content["terms"])
        return cls(quantiles, int(content["rows"]), float(content["intercept"]), terms)


def _term(item: Any) -> Term:
    if "codes" in item:
        return CategoryTerm(tuple(map(float, item["codes"])), tuple(map(float, item["weights"])))
    return NumberTerm(*(float(item[key]) for key in ("low", "high", "slope", "curve")))


def _require_finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{name}: expected a finite number, not {value:g}")


def _check_quantiles(quantiles: Mapping[float, float]) -> None:
    levels, values = list(quantiles), list(quantiles.values())
    if not levels or levels != sorted(levels) or not 0 < levels[0] <= levels[-1] < 1:
        raise ValueError(f"quantiles: expected ascending levels between 0 and 1, not {levels}")
    if values != sorted(values) or not 0 < values[0] <= values[-1] < math.inf:
        raise ValueError(f"quantiles: expected positive numbers that rise with the level, not {values}")
