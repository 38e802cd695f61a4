"""Error figures of some rows, with intervals, and the slices that rows are divided into.

A residual is prediction less truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from monitor.accuracy.jackknife import Estimate, jackknife, positive, sums_by_request
from monitor.drift.result import MIN_REQUESTS
from monitor.profiles.reference import Column, Float32s, Reference


@dataclass(frozen=True, slots=True)
class Figures:
    """How well some rows were predicted, in the output's unit; NaN without rows.

    Attributes:
        bias: the mean residual: positive if the predictions are too large.
    """

    rows: int
    requests: int
    rmse: Estimate
    mae: Estimate
    bias: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return the figures as the report has them; ``low`` and ``high`` are of the RMSE."""
        return {
            "rows": self.rows,
            "requests": self.requests,
            "rmse": self.rmse.value,
            "low": self.rmse.low,
            "high": self.rmse.high,
            "mae": self.mae.value,
            "mae_interval": self.mae.interval,
            "bias": self.bias.value,
            "bias_interval": self.bias.interval,
            "too_few": self.requests < MIN_REQUESTS,
        }


def measure(rows: pd.DataFrame) -> Figures:
    """Return the figures of rows with a ``request_id`` and a ``residual``."""
    residual = rows["residual"].to_numpy(np.float64)
    sums = sums_by_request(rows["request_id"].to_numpy(), residual, np.abs(residual), residual**2)
    return Figures(
        rows=len(rows),
        requests=len(sums),
        rmse=positive(sums, lambda part: np.sqrt(part[..., 3] / part[..., 0])),
        mae=positive(sums, lambda part: part[..., 2] / part[..., 0]),
        bias=jackknife(sums, lambda part: part[..., 1] / part[..., 0]),
    )


def slices(rows: pd.DataFrame, reference: Reference) -> Iterator[tuple[str, pd.Series]]:
    """Yield name and rows, as a mask, of each slice: the thirds of each number in the reference, and each category."""
    for column, training in zip(reference.columns, reference.rows.T, strict=True):
        if column.kind == "prediction" or column.name not in rows:
            continue
        values = rows[column.name]
        if column.kind == "category":
            yield from (
                (f"{column.name} = {column.word(code)}", values == code)
                for code in sorted(set(() if column.words else column.points) | set(values.dropna()))
            )
        else:
            yield from _thirds(column, training, values)
        if values.isna().any():
            yield f"{column.name} is missing", values.isna()


def _thirds(column: Column, training: Float32s, values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    edges = np.unique(np.nanquantile(training, [1 / 3, 2 / 3])) if column.rows else np.array([])
    if len(edges):
        yield f"{column.name} ≤ {edges[0]:g}", values <= edges[0]
        for low, high in pairwise(edges):
            yield f"{column.name} {low:g} – {high:g}", (values > low) & (values <= high)
        yield f"{column.name} > {edges[-1]:g}", values > edges[-1]
