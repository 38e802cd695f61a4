"""The figures of a version: what its pages draw of the training rows and the test rows, as card.json holds them.

Training computes them once, so that no page reads rows or asks the model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEY = "figures"  # in card.json


@dataclass(frozen=True, slots=True)
class Histogram:
    """How training rows are spread.

    Attributes:
        edges: n + 1 for the n bins of a number; for a category its n codes.
        counts: n.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def rows_by_code(self) -> dict[float, int]:
        """Of a category, how many training rows have each code."""
        return dict(zip(self.edges, self.counts, strict=False))


@dataclass(frozen=True, slots=True)
class InputFigures:
    """One input.

    Attributes:
        mostly: the 10 % and the 90 % quantile of the training rows.
        median: theirs; of a category the most frequent code.
        x, y: the partial dependence: the mean prediction over training rows as the input takes each x.
        missing: in how many training rows the input was missing; they are not in the other attributes.
    """

    histogram: Histogram
    mostly: tuple[float, float]
    median: float
    x: tuple[float, ...]
    y: tuple[float, ...]
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a version, in the units of its signature.

    Attributes:
        inputs: by name.
        output: of the label in the training rows.
        actual, predicted, half_width: of at most 500 test rows; half_width is that of the 90 % interval, empty without.
    """

    inputs: Mapping[str, InputFigures]
    output: Histogram
    actual: tuple[float, ...]
    predicted: tuple[float, ...]
    half_width: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the member of card.json. It counts missing values where there are some."""
        content = asdict(self)
        for item in content["inputs"].values():
            if not item["missing"]:
                del item["missing"]
        return content

    @classmethod
    def from_text(cls, text: bytes) -> Figures | None:
        """Return the figures in the text of card.json; None if it is no JSON, or :meth:`from_card` finds none."""
        try:
            return cls.from_card(json.loads(text))
        except (ValueError, RecursionError):
            return None

    @classmethod
    def from_card(cls, card: Any) -> Figures | None:
        """Return the figures in a card; None if it has none, or others than these."""
        try:
            content = card[KEY]
            inputs = {str(name): _input(item) for name, item in content["inputs"].items()}
            actual, predicted, half_width = (_numbers(content[name]) for name in ("actual", "predicted", "half_width"))
            if len(predicted) != len(actual) or len(half_width) not in (0, len(actual)):
                return None
            return cls(inputs, _histogram(content["output"]), actual, predicted, half_width)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            return None


def _input(item: Any) -> InputFigures:
    histogram, x, y = _histogram(item["histogram"]), _numbers(item["x"]), _numbers(item["y"])
    low, high = _numbers(item["mostly"])
    (median,) = _numbers([item["median"]])
    if len(x) != len(y):
        raise ValueError("expected a y for each x")
    return InputFigures(histogram, (low, high), median, x, y, int(item.get("missing", 0)))


def _histogram(item: Any) -> Histogram:
    edges, counts = _numbers(item["edges"]), tuple(map(int, item["counts"]))
    if not counts or len(edges) - len(counts) not in (0, 1) or min(counts) < 0:
        raise ValueError("expected edges and counts")
    return Histogram(edges, counts)


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    numbers = tuple(map(float, values))
    if not all(map(math.isfinite, numbers)):
        raise ValueError("expected finite numbers")
    return numbers
