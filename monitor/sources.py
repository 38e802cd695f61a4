"""Sources of truth whose residuals differ from the others': a client that tells wrong truths is named, not averaged in.

A source is what a truth says of itself, and the client that told it: one of many lies under its own name or address.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import t as student

MOST = 20  # of each kind, those with the most rows are looked at
MIN_REQUESTS = 5  # of a source, for a test
ALPHA = 0.01
# How far apart, in standard deviations of the other's residuals. Twice the drift that matters: what a source measures is
# seldom a random sample of all that was predicted.
EFFECT = 0.3

Kind = Literal["source", "client"]


@dataclass(slots=True)
class Source:
    """A source of truths, and how its residuals differ from those of the others.

    Attributes:
        source: its name; "" is that of the truths that name no source.
        share: of all rows with truth. bias: mean of prediction less truth, in the output's unit.
        others: the bias of the others. effect: the difference, in standard deviations of their residuals.
        p: Welch's test of the difference, times the number of sources that were looked at (Bonferroni).
        verdict: "differs", "calm", or "cannot_judge".
    """

    source: str
    kind: Kind
    rows: int
    requests: int
    share: float
    bias: float
    others: float = math.nan
    effect: float = math.nan
    p: float = math.nan
    verdict: Literal["differs", "calm", "cannot_judge"] = "cannot_judge"

    def to_json(self) -> dict[str, Any]:
        """Return the source as the report has it."""
        return asdict(self)


def judge_sources(rows: pd.DataFrame) -> list[Source]:
    """Name the sources and the clients whose residuals differ from the others'.

    The one that differs most from the median residual is set aside first, as long as its difference from the others is
    significant and large; the others are then compared without it (as in Rosner, Technometrics 25 (1983) 165). So one
    that lies does not make all the others look different, while the honest ones have the majority of the truths.

    Args:
        rows: ``request_id``, ``residual`` (prediction less truth), ``source`` and ``client``.

    Returns:
        those that differ first, then by their number of rows.
    """
    parties = {"source": rows["source"], "client": rows["client"].str.partition("@")[0]}  # a token's name, or an address
    largest = {kind: names.value_counts().head(MOST).index for kind, names in parties.items()}
    looked_at = sum(len(names) for names in largest.values() if len(names) > 1)
    found = [
        source
        for kind in ("source", "client")
        for source in _judge_kind(kind, rows.assign(name=parties[kind]), list(largest[kind]), looked_at)
    ]
    return sorted(found, key=lambda source: (source.verdict != "differs", -source.rows))


def _judge_kind(kind: Kind, rows: pd.DataFrame, names: list[str], looked_at: int) -> list[Source]:
    sums = _sums(rows)
    centre = float(rows["residual"].median()) if len(rows) else math.nan
    sources = {
        name: Source(
            source=name,
            kind=kind,
            rows=int(sums.loc[name, "rows"]),
            requests=int(sums.loc[name, "requests"]),
            share=float(sums.loc[name, "rows"] / len(rows)),
            bias=float(sums.loc[name, "total"] / sums.loc[name, "rows"]),
        )
        for name in names
    }
    left, others = dict(sources), sums.sum()
    while True:
        for name, source in left.items():
            _test(source, sums.loc[name], others - sums.loc[name], looked_at)
        apart = [source for source in left.values() if source.verdict == "differs"]
        if not apart:
            return list(sources.values())
        furthest = max(apart, key=lambda source: abs(source.bias - centre))
        del left[furthest.source]
        others = others - sums.loc[furthest.source]


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the sums over rows and requests by name, as RequestSums has them; two names in a request count apart."""
    residual = rows["residual"]
    requests = (
        rows.assign(square=residual**2)
        .groupby(["name", "request_id"], sort=False)
        .agg(rows=("residual", "size"), total=("residual", "sum"), squares=("square", "sum"))
    )
    size, total = requests["rows"], requests["total"]
    return (
        requests.assign(requests=1, request_squares=total**2, request_products=total * size, size_squares=size**2)
        .groupby("name")
        .sum()
        .astype(np.float64)
    )


def _test(source: Source, own: pd.Series, others: pd.Series, looked_at: int) -> None:
    """Compare a source with the others that are left: Welch's test, with the variances between requests."""
    source.others = source.effect = source.p = math.nan
    source.verdict = "cannot_judge"
    if min(own["requests"], others["requests"]) < MIN_REQUESTS:
        return
    (bias, variance, freedom), (others_bias, others_variance, others_freedom) = _mean(own), _mean(others)
    error = variance + others_variance
    spread = math.sqrt(max(others["squares"] / others["rows"] - others_bias**2, 0.0))
    difference = bias - others_bias
    source.others = others_bias
    source.effect = difference / spread if spread else math.copysign(math.inf, difference) if difference else 0.0
    if error > 0:
        freedom = error**2 / (variance**2 / freedom + others_variance**2 / others_freedom)
        p = 2 * float(student.sf(abs(difference) / math.sqrt(error), freedom))
    else:
        p = 1.0 if difference == 0 else 0.0
    source.p = min(p * looked_at, 1.0)
    source.verdict = "differs" if source.p <= ALPHA and abs(source.effect) >= EFFECT else "calm"


def _mean(sums: pd.Series) -> tuple[float, float, float]:
    """Return the mean, its variance from the differences between requests, and the degrees of freedom."""
    rows, requests = sums["rows"], sums["requests"]
    mean = sums["total"] / rows
    between = sums["request_squares"] - 2 * mean * sums["request_products"] + mean**2 * sums["size_squares"]
    return mean, max(between, 0.0) / rows**2 * requests / (requests - 1), requests - 1

