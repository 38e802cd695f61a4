"""Rows that were encoded for one version, encoded for another one: their codes may stand for other texts.

The texts of one version's levels, and what stands for a missing value, are another version's business. So rows go from
one to the other by way of their texts; and a row with a text or a gap that the other one does not take gets no answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.routing.cache import LoadedModel
from registry import Float32Array, Input, Signature


@dataclass(frozen=True, slots=True)
class Recoded:
    """Rows for the other version.

    Attributes:
        rows: float32 (n, k), those that it does not take among them.
        refused: why it does not take some, by position.
    """

    rows: Float32Array
    refused: dict[int, str]


class Recoder:
    """Encodes rows of one version for another one. May be used by several threads."""

    def __init__(self, source: Signature, target: Signature) -> None:
        pairs = zip(source.inputs, target.inputs, strict=True)
        self._columns = [(i, old, new) for i, (old, new) in enumerate(pairs) if _coding(old) != _coding(new)]

    @property
    def changes_nothing(self) -> bool:
        """Whether both versions encode all values alike."""
        return not self._columns

    def recode(self, rows: Float32Array) -> Recoded:
        """Encode rows, float32 (n, k)."""
        recoded = rows.copy()
        refused: dict[int, str] = {}
        for column, old, new in self._columns:
            has_texts = old.levels or new.levels
            for value in np.unique(rows[:, column]).tolist() if has_texts else {**old.texts, **new.texts}:
                places = rows[:, column] == value
                code, reason = _translate(old, new, value)
                recoded[places, column] = code
                if reason:
                    refused = dict.fromkeys(np.flatnonzero(places).tolist(), f"{new.name}: {reason}") | refused
        return Recoded(recoded, refused)


def find_recoder(source: Signature, target: LoadedModel) -> Recoder | None:
    """Return what encodes one version's rows for another one; None if there is nothing to change.

    It is kept with the other one.
    """
    if source is target.signature:
        return None
    kept: Sequence[tuple[Signature, Recoder]] = target.kept.get("recoders", ())
    recoder = next((recoder for signature, recoder in kept if signature is source), None)
    if recoder is None:
        recoder = Recoder(source, target.signature)
        target.kept["recoders"] = ((source, recoder), *kept[:3])
    return None if recoder.changes_nothing else recoder


def _coding(item: Input) -> tuple[object, ...]:
    """Return what the encoding of an input depends on."""
    missing = None if item.missing is None else item.missing.value
    return (item.levels, item.categories, item.other, missing) if item.levels else ((), missing)


def _translate(old: Input, new: Input, value: float) -> tuple[float, str]:
    """Return the other version's code of a value, and why there is none; then the code may be anything."""
    text = old.format(value)
    if not text and new.missing is None:
        return value, "is missing, and it needs a value"
    try:
        code = new.parse(text)
    except ValueError:
        return value, f"it does not know '{text}'" if new.levels else f"it expects a number, not '{text}'"
    if not math.isfinite(code) or (text and new.missing is not None and code == new.missing.value):
        return value, f"it does not take {text}"
    return code, ""
