"""The figures of a version: what its pages draw of the training rows and the test rows, as card.json holds them.

Training computes them once, so that no page reads rows or asks the model.
"""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class InputFigures:
    """One input.

    Attributes:
        mostly: the 10 % and the 90 % quantile of the training rows.
        median: theirs; of a category the most frequent code.
        x, y: the partial dependence: the mean prediction over training rows as the input takes each x.
    """

    histogram: Histogram
    mostly: tuple[float, float]
    median: float
    x: tuple[float, ...]
    y: tuple[float, ...]


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
        """Return the member of card.json."""
        return asdict(self)

    @classmethod
    def from_card(cls, card: Any) -> Figures | None:
        """Return the figures in a card; None if it has none, or others than these."""
        try:
            content = card[KEY]
            inputs = {name: _input(item) for name, item in content["inputs"].items()}
            series = (tuple(map(float, content[name])) for name in ("actual", "predicted", "half_width"))
            return cls(inputs, _histogram(content["output"]), *series)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


def _input(item: Any) -> InputFigures:
    low, high = map(float, item["mostly"])
    x, y = (tuple(map(float, item[name])) for name in ("x", "y"))
    return InputFigures(_histogram(item["histogram"]), (low, high), float(item["median"]), x, y)


def _histogram(item: Any) -> Histogram:
    return Histogram(tuple(map(float, item["edges"])), tuple(map(int, item["counts"])))
