"""Coverage: the share of true values that were inside the interval of their prediction.

An interval is that of the version's signature, for the inputs and the prediction that were logged; so nothing has to
have been asked for or logged when the prediction was made.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import betaincinv
from scipy.stats import betabinom

from monitor.accuracy.jackknife import COVERAGE
from monitor.drift.result import MIN_REQUESTS
from monitor.drift.shares import design_effects_of_shares
from monitor.profiles.reference import with_missing
from monitor.statistics.request_sums import request_sums
from registry import SHOWN_LEVEL, Signature

ALPHA = 0.01
LEAST_GAP = 0.02  # below SHOWN_LEVEL; a smaller one does not matter


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many true values were inside.

    Attributes:
        level: the share that the intervals promise.
        share: the share that was inside; low and high are its 95 % interval between requests.
        p: the probability of so few inside or fewer, if the intervals are right.
        verdict: "below" if that is at most ALPHA and the share at least LEAST_GAP too small; "cannot_judge" with fewer
            than MIN_REQUESTS requests.
    """

    level: float
    rows: int
    requests: int
    share: float
    low: float
    high: float
    p: float
    verdict: Literal["below", "calm", "cannot_judge"]


def judge_coverage(rows: pd.DataFrame, signature: Signature) -> dict[str, Any] | None:
    """Return the coverage of some rows of one version, as the report has it.

    Args:
        rows: ``request_id``, the inputs with the codes of this version, and ``residual`` (prediction less truth).

    Returns:
        None if there is no row, or the version has no intervals of this level.
    """
    interval = signature.interval_at(SHOWN_LEVEL)
    if interval is None:
        return None
    inputs = with_missing(rows[list(signature.names)].to_numpy(np.float32), signature)
    known = np.isfinite(inputs).all(axis=1)  # without an input that it needs, a row has no interval
    if not known.any():
        return None
    inside = np.abs(rows["residual"].to_numpy(np.float64)[known]) <= interval.half_width(inputs[known], SHOWN_LEVEL)
    return asdict(measure_coverage(inside, pd.factorize(rows["request_id"].to_numpy()[known])[0], interval.rows))


def measure_coverage(inside: np.ndarray, requests: np.ndarray, made_from: int) -> Coverage:
    """Measure the coverage from what was inside.

    Rows of one request are not independent, so all counts are divided by their design effect. The interval of the share
    is that of Clopper and Pearson (Biometrika 26 (1934) 404). A quantile of n errors does not cover exactly its level
    but a share with the distribution Beta(level (n + 1), (1 - level) (n + 1)), so the count has the beta-binomial one.

    Args:
        inside: bool (n,), n > 0.
        requests: which request each row came with, int64 (n,).
        made_from: how many errors the intervals were made from.
    """
    sums = request_sums(inside[:, np.newaxis].astype(np.float64), requests)
    effective = len(inside) / float(design_effects_of_shares(sums)[0])
    share, number = float(np.mean(inside)), int(sums.requests[0])
    count, tail = share * effective, (1 - COVERAGE) / 2
    level = SHOWN_LEVEL
    p = float(betabinom.cdf(round(count), round(effective), level * (made_from + 1), (1 - level) * (made_from + 1)))
    below = p <= ALPHA and share <= level - LEAST_GAP
    return Coverage(
        level=level,
        rows=len(inside),
        requests=number,
        share=share,
        low=float(betaincinv(count, effective - count + 1, tail)) if count else 0.0,
        high=float(betaincinv(count + 1, effective - count, 1 - tail)) if count < effective else 1.0,
        p=p,
        verdict="cannot_judge" if number < MIN_REQUESTS else "below" if below else "calm",
    )
