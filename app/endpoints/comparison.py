"""Two versions beside each other: what differs in their specs, and how their predictions for the same rows compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.endpoints.card_reader import CardReader
from app.endpoints.published_versions import PublishedVersion

SAMPLES = 2000  # of the bootstrap
_SEED = 0
_MAX_DIFFERENCES = 200
_MAX_TEXTS = 400  # characters of a list of levels


@dataclass(frozen=True, slots=True)
class Paired:
    """How the second version's predictions for the same test rows compare with the first one's.

    Attributes:
        rows: how many rows.
        better, worse: on how many of them the second is nearer to the real value, or farther from it.
        difference: of the mean squared errors, the second's minus the first's.
        low, high: its 95 % percentile bootstrap interval, for which the rows are drawn in pairs.
    """

    rows: int
    better: int
    worse: int
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Which one has the smaller error beyond what chance does: "better", "worse" or "unclear"."""
        if self.high < 0:
            return "better"
        return "worse" if self.low > 0 else "unclear"


def pair_predictions(first: PublishedVersion, second: PublishedVersion) -> Paired | None:
    """Compare the predictions of two versions for the same test rows.

    The interval is that of Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; drawing rows, and
    with each the errors of both versions, keeps what their errors have in common.

    Returns:
        None if they were not tested on the same rows, or their cards don't hold the predictions.
    """
    a, b = first.figures, second.figures
    if a is None or b is None or not a.actual or a.actual != b.actual:
        return None
    if first.test_rows is None or first.test_rows != second.test_rows:
        return None
    actual = np.array(a.actual)
    errors_a, errors_b = np.abs(actual - np.array(a.predicted)), np.abs(actual - np.array(b.predicted))
    differences = errors_b**2 - errors_a**2
    draws = np.random.default_rng(_SEED).integers(len(actual), size=(SAMPLES, len(actual)))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    return Paired(
        rows=len(actual),
        better=int(np.sum(errors_b < errors_a)),
        worse=int(np.sum(errors_b > errors_a)),
        difference=float(np.mean(differences)),
        low=float(low),
        high=float(high),
    )


def spec_differences(first: CardReader, second: CardReader) -> list[tuple[str, str, str]]:
    """Return each key that has another value in the second card's spec, with both values; "" where there is none."""
    a, b = (_flat("", card.at("spec", "content").content) for card in (first, second))
    keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
    return [(key, a.get(key, ""), b.get(key, "")) for key in keys[:_MAX_DIFFERENCES]]


def provenance_differences(first: CardReader, second: CardReader) -> list[tuple[str, str, str]]:
    """Return the same of data, rows, code and packages."""
    found = []
    paths = {
        "data": ("data", "file"),
        "data, SHA-256": ("data", "sha256"),
        "rows": ("data", "rows"),
        "training rows": ("split", "training_rows"),
        "test rows": ("split", "test_rows"),
        "test rows, SHA-256 of their positions": ("split", "test_rows_sha256"),
        "seed of the split": ("split", "seed"),
        "commit": ("commit",),
    }
    packages = {**first.members("packages"), **second.members("packages")}
    paths |= {f"package {name}": ("packages", name) for name in packages}
    for name, path in paths.items():
        a, b = (_text(card.at(*path).content) for card in (first, second))
        if a != b:
            found.append((name, a, b))
    return found


def pair_gates(first: CardReader, second: CardReader) -> list[tuple[str, CardReader, CardReader]]:
    """Return the name of each gate with its part of both cards, in the first one's order.

    Where one card has no such gate, its part is empty.
    """
    a, b = ({gate.text("name"): gate for gate in card.items("gates")} for card in (first, second))
    return [(name, a.get(name, CardReader(None)), b.get(name, CardReader(None))) for name in {**a, **b}]


def _flat(prefix: str, content: Any) -> dict[str, str]:
    """Return the values below an object or a list, by their paths. Inputs go by their names, not by their places."""
    if isinstance(content, dict):
        members = content.items()
    elif isinstance(content, list) and any(isinstance(item, dict) for item in content):
        members = {
            str(item.get("name", place)) if isinstance(item, dict) else str(place): item
            for place, item in enumerate(content)
        }.items()
    else:
        return {prefix: _text(content)}
    flat: dict[str, str] = {}
    for name, item in members:
        flat |= _flat(f"{prefix}.{name}" if prefix else str(name), item)
    return flat


def _text(content: Any) -> str:
    if isinstance(content, list):
        text = f"[{', '.join(map(_text, content))}]"
        is_long = len(text) > _MAX_TEXTS and any(isinstance(item, str) for item in content)
        return f"{text[:_MAX_TEXTS]}… ({len(content)} in all)" if is_long else text
    return "" if content is None else str(content)
