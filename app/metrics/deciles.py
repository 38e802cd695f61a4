"""The deciles of a version's reference: by them rows are counted, so that a change of their distribution shows."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from app.metrics.layout import BINS
from registry import Float32Array, Input, Predictor, VersionStore

logger = logging.getLogger(__name__)

_PART = 1000  # rows that are predicted for at a time: a runtime keeps the memory of its largest batch


@dataclass(frozen=True, slots=True)
class Deciles:
    """The bins of one column: below the reference, its ten deciles, above it. A value on an edge is in the lower bin.

    Attributes:
        edges: the upper edges of all bins but the last, ascending.
        shares: of the reference's rows, by bin; where values are equal, a decile may have more or fewer than a tenth.
        missing: what stands for a missing value, which is in no bin; None if there is none.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float | None = None

    @classmethod
    def of(cls, values: Float32Array, missing: float | None = None) -> Self:
        """Return the deciles of values, float32 (R,), R > 0. They are values themselves (Hyndman and Fan's type 1)."""
        if missing is not None:
            values = values[values != missing]
            if not len(values):
                return cls((math.inf,) * (BINS - 1), (0.0,) * BINS, missing)
        inner = np.quantile(values, np.arange(1, 11) / 10, method="inverted_cdf")
        edges = np.concatenate([[np.nextafter(values.min(), np.float32(-np.inf))], inner]).astype(np.float64)
        counts = np.bincount(np.searchsorted(edges, values), minlength=BINS)
        return cls(tuple(edges.tolist()), tuple((counts / len(values)).tolist()), missing)


def find_deciles(store: VersionStore, number: int, predictor: Predictor, inputs: Sequence[Input]) -> list[Deciles]:
    """Return the deciles of a version's predictions for its reference rows, then of each input there.

    Args:
        inputs: of the version.

    Returns:
        nothing if it has no reference, or one that can't be read or predicted for: the version can serve without.
    """
    try:
        rows = np.array(store.reference(number), dtype=np.float32)
        if not len(rows):
            return []
        parts = [predictor.predict(rows[start : start + _PART]) for start in range(0, len(rows), _PART)]
        missing = [item.missing.value if item.missing else None for item in inputs]
        return [Deciles.of(np.concatenate(parts)), *map(Deciles.of, rows.T, missing)]
    except Exception as error:  # noqa: BLE001 - whatever a runtime raises, the version is served all the same
        logger.warning("version %d: its rows are not counted by decile: %s", number, error)
        return []
