"""Rows that were encoded for one version, encoded for another one: their codes may stand for other texts.

The texts of a version's levels, and what stands for a missing value, are another version's business. So rows go from
one to the other by way of their texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.formatting import printable
from registry.input import Input
from registry.predictor import Float32Array
from registry.signature import Signature

_SHOWN = 40  # characters of a text that a message has


@dataclass(frozen=True, slots=True)
class Recoded:
    """Rows for the other version.

    Attributes:
        rows: float32 (n, k); a row that it does not take is there too, but must not be given to it.
        refused: why it does not take some, by position.
    """

    rows: Float32Array
    refused: dict[int, str]

    @property
    def taken(self) -> NDArray[np.bool_]:
        """Which rows it takes, bool (n,)."""
        taken = np.ones(len(self.rows), dtype=bool)
        taken[list(self.refused)] = False
        return taken


class Recoder:
    """Encodes rows of one version for another version of the model. May be used by several threads."""

    def __init__(self, source: Signature, target: Signature) -> None:
        pairs = zip(source.inputs, target.inputs, strict=True)
        self._columns = [(i, old, new) for i, (old, new) in enumerate(pairs) if _coding(old) != _coding(new)]

    @property
    def changes_nothing(self) -> bool:
        """Whether both versions encode all values alike."""
        return not self._columns

    def recode(self, rows: Float32Array) -> Recoded:
        """Encode rows, float32 (n, k): a text that the other version does not know becomes its level for others."""
        recoded = rows.copy() if self._columns else rows
        refused: dict[int, str] = {}
        for column, old, new in self._columns:
            has_texts = old.levels or new.levels
            special = {*old.texts, *new.texts, *_numbers_for_none(new)}  # all others stay as they are
            for value in set(rows[:, column].tolist()) if has_texts else special:
                places = rows[:, column] == value
                code, reason = _translate(old, new, value)
                recoded[places, column] = code
                if reason:
                    refused = dict.fromkeys(np.flatnonzero(places).tolist(), f"{new.name}: {reason}") | refused
        return Recoded(recoded, refused)


def _coding(item: Input) -> tuple[object, ...]:
    """Return what the encoding of an input depends on."""
    missing = None if item.missing is None else item.missing.value
    if item.levels:
        return item.codes, item.categories, item.other, missing
    return None, missing, frozenset(_numbers_for_none(item))


def _numbers_for_none(item: Input) -> tuple[float, ...]:
    return () if item.missing is None else item.missing.numbers


def _translate(old: Input, new: Input, value: float) -> tuple[float, str]:
    """Return the other version's code of a value, and why there is none; then the code may be anything."""
    text = old.format(value)
    if not text and new.missing is None:
        return value, "is missing, and it needs a value"
    try:
        code = new.parse(text)
    except ValueError:
        shown = printable(text[:_SHOWN])
        return value, f"it does not know '{shown}'" if new.levels else f"it expects a number, not '{shown}'"
    stands_for_nothing = new.missing is not None and code == new.missing.value and not new.is_no_value(text)
    if not math.isfinite(code) or stands_for_nothing:
        return value, f"it does not take {printable(text[:_SHOWN])}"
    return code, ""
