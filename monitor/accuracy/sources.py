"""Sources of truth whose residuals differ from the others': a client that tells wrong truths is named, not averaged in.

A source is what a truth says of itself, and the client that told it: one of many lies under its own name or address.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr

from monitor.profiles.profile import RequestSums
from monitor.profiles.reference import Ints
from monitor.statistics.request_sums import request_sums, variance_of_mean

MOST = 20  # of each kind, those with the most rows are looked at
MIN_REQUESTS = 5  # of a source, for a test
ALPHA = 0.01
# How far apart, in standard deviations of the others' residuals. Twice the drift that matters: what a source measures
# is seldom a random sample of all that was predicted.
EFFECT = 0.3
MAJORITY = 0.55  # of the rows with truth: what the others need for one to be set aside as the one that is wrong


@dataclass(slots=True)
class Source:
    """A source of truths, and how its residuals differ from those of the others.

    Attributes:
        source: its name; "" is that of the truths that name no source. kind: "source" or "client".
        share: of all rows with truth. rmse, bias: of its residuals, prediction less truth, in the output's unit.
        others: the bias of the others. effect: the difference, in standard deviations of their residuals.
        p: Welch's test of the difference, times the number of sources that were looked at (Bonferroni).
        verdict: "differs", "calm", or "cannot_judge".
    """

    source: str
    kind: str
    rows: int
    requests: int
    share: float
    rmse: float
    bias: float
    others: float = math.nan
    effect: float = math.nan
    p: float = math.nan
    verdict: Literal["differs", "calm", "cannot_judge"] = "cannot_judge"


def judge_sources(rows: pd.DataFrame) -> list[Source]:
    """Name the sources and the clients whose residuals differ from the others'.

    The one that differs most from the median residual is set aside first, as long as its difference from the others is
    significant and large; the others are then compared without it (as in Rosner, Technometrics 25 (1983) 165). So one
    that lies does not make all the others look different, while the honest ones have the majority of the truths. If
    those that would be left have no clear majority, nobody can tell who lies: all that differ are named.

    Args:
        rows: ``request_id``, ``residual`` (prediction less truth), ``source`` and ``client``.

    Returns:
        those that differ first, then by their number of rows.
    """
    clients = {client: client.partition("@")[0] for client in rows["client"].unique()}  # a token's name, or an address
    parties = {"source": rows["source"], "client": rows["client"].map(clients)}
    largest = {kind: names.value_counts().head(MOST).index for kind, names in parties.items()}
    looked_at = sum(len(names) for names in largest.values() if len(names) > 1)
    found = [
        source
        for kind, names in parties.items()
        for source in _judge_kind(kind, rows.assign(name=names), list(largest[kind]), looked_at)
    ]
    return sorted(found, key=lambda source: (source.verdict != "differs", -source.rows))


def _judge_kind(kind: str, rows: pd.DataFrame, names: list[str], looked_at: int) -> list[Source]:
    residual, name = rows["residual"].to_numpy(np.float64), rows["name"].to_numpy()
    requests: Ints = np.asarray(rows.groupby(["name", "request_id"], sort=False).ngroup(), dtype=np.int64)
    centre = float(np.median(residual)) if len(rows) else math.nan
    sums, sources = {}, {}
    for of in names:
        own = name == of
        sums[of] = request_sums(residual[own, None], requests[own])
        sources[of] = Source(
            source=of,
            kind=kind,
            rows=int(own.sum()),
            requests=int(sums[of].requests[0]),
            share=float(own.mean()),
            rmse=float(np.sqrt(np.mean(residual[own] ** 2))),
            bias=float(residual[own].mean()),
        )
    left, everything = dict(sources), request_sums(residual[:, None], requests)
    while left:
        for of, source in left.items():
            _test(source, sums[of], _without(everything, sums[of]), looked_at)
        apart = [source for source in left.values() if source.verdict == "differs"]
        if not apart:
            break
        furthest = max(apart, key=lambda source: abs(source.bias - centre)).source
        others = _without(everything, sums[furthest])
        if others.rows[0] < MAJORITY * everything.rows[0]:
            break
        del left[furthest]
        everything = others
    return list(sources.values())


def _without(sums: RequestSums, part: RequestSums) -> RequestSums:
    return RequestSums(*(getattr(sums, item.name) - getattr(part, item.name) for item in fields(sums)))


def _test(source: Source, own: RequestSums, others: RequestSums, looked_at: int) -> None:
    """Compare a source with the others that are left: Welch's test, with the variances between requests."""
    source.others = source.effect = source.p = math.nan
    source.verdict = "cannot_judge"
    freedom = np.array([own.requests[0], others.requests[0]]) - 1
    if freedom.min() < MIN_REQUESTS - 1:
        return
    source.others = float(others.mean[0])
    difference = source.bias - source.others
    spread = math.sqrt(max(float(others.squares[0] / others.rows[0]) - source.others**2, 0.0))
    source.effect = difference / spread if spread else math.copysign(math.inf, difference) if difference else 0.0
    variances = np.array([float(variance_of_mean(sums)[0]) for sums in (own, others)])
    if variances.sum() > 0:
        freedom = variances.sum() ** 2 / (variances**2 / freedom).sum()
        p = 2 * float(stdtr(freedom, -abs(difference) / math.sqrt(variances.sum())))
    else:
        p = 0.0 if difference else 1.0
    source.p = min(p * looked_at, 1.0)
    source.verdict = "differs" if source.p <= ALPHA and abs(source.effect) >= EFFECT else "calm"
