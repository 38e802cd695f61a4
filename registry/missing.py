"""What happens if a client leaves an input out, or writes a word that means that it has no value."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Missing:
    """What happens if a client leaves the input out.

    Args:
        value: what stands in the model's rows then: a float32 that is no accepted value.
        fill: the accepted value, or code, that the model takes instead.
        indicator: whether the model learned what it means that the value is missing, beside the fill.
        fills_in_model: whether the model turns ``value`` into ``fill``; if not, the predictor does it before the model.
        texts: what clients may write instead of nothing: words like "NA", and numbers like "-999".
    """

    value: float
    fill: float
    indicator: bool = False
    fills_in_model: bool = True
    texts: tuple[str, ...] = ()

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that some of the texts are."""
        return tuple(dict.fromkeys(filter(math.isfinite, map(to_number, self.texts))))

    @cached_property
    def no_value(self) -> frozenset[str | float]:
        """All that means no value: the empty text, the other texts, and the numbers that some of them are."""
        return frozenset(("", *self.texts, *self.numbers))

    def to_json(self) -> dict[str, Any]:
        """Return the member of an input in signature.json."""
        keys = ("value", "fill", "indicator", "fills_in_model", *(("texts",) if self.texts else ()))
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def from_json(cls, item: Mapping[str, Any]) -> Missing:
        """Return what a member of an input in signature.json describes.

        Raises:
            KeyError, TypeError, ValueError: naming the key that is missing or has a wrong type.
        """
        return cls(
            float(item["value"]),
            float(item["fill"]),
            bool(item["indicator"]),
            bool(item["fills_in_model"]),
            tuple(str(text) for text in item.get("texts", ())),
        )


def name_beside(names: Collection[str], name: str = "missing") -> str:
    """Return the name of a group beside others, in parentheses if one of them has it: a category may be "missing"."""
    while name in names:
        name = f"({name})"
    return name


def to_number(text: str) -> float:
    """Return the number that a text is, with a point before its decimals; NaN if it is none."""
    try:
        return float(text) if "_" not in text else math.nan  # Python would read 1_000 as a number
    except ValueError:
        return math.nan
