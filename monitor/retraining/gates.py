"""The gates of a retraining, beside those of every training and of every promotion.

golden      not worse than the champion on the golden rows, which no feedback can reach
holdout     better than the champion on the newest truths, which it was not trained with
sources     without any one source, the error on the golden rows stays within its own interval
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.retraining.champion import Golden
from monitor.retraining.selection import Float32s
from registry.promotion_gates import COVERAGE, RESAMPLES, GateResult

Floats = NDArray[np.float64]
Predict = Callable[[Float32s], Float32s]

MIN_REQUESTS = 30  # in the holdout
MOST_REFITS = 10  # sources that are left out, one at a time


def golden_gate(golden: Golden, new: Predict, champion: Predict) -> GateResult:
    """Compare the new version with the champion on the golden rows; it passes unless it is surely worse."""
    change, low, high = compare(golden.label, new(golden.rows), champion(golden.rows), np.arange(len(golden.rows)))
    detail = f"RMSE {change:+.4g} against the champion's on the same {len(golden.rows)} golden rows"
    return GateResult("golden", bool(low <= 0), f"{detail}; {_interval(low, high)}, which must reach 0 or less")


def holdout_gate(holdout: pd.DataFrame, inputs: Sequence[str], new: Predict, champion: Predict) -> GateResult:
    """Compare the new version with the champion on later truths; it passes only if it is surely better.

    Args:
        holdout: the truths: request_id, the inputs and actual.
    """
    requests = pd.factorize(holdout["request_id"])[0]
    count = int(requests.max(initial=-1)) + 1
    if count < MIN_REQUESTS:
        detail = f"truths of {count} requests are kept for the test, and {MIN_REQUESTS} are needed"
        return GateResult("holdout", False, detail)
    rows = holdout[list(inputs)].to_numpy(dtype=np.float32)
    change, low, high = compare(holdout["actual"].to_numpy(), new(rows), champion(rows), requests)
    detail = f"RMSE {change:+.4g} against the champion's on {len(rows)} later truths of {count} requests"
    return GateResult("holdout", bool(high < 0), f"{detail}; {_interval(low, high)}, which must be below 0")


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What the new version was fitted to.

    Attributes:
        rows: float64 (n, k). label: float64 (n,).
        residuals: the labels less the champion's predictions, float64 (n,).
        sources: where each row comes from, texts (n,); empty for an old row.
    """

    rows: Floats
    label: Floats
    residuals: Floats
    sources: NDArray[np.object_]

    def by_pull(self) -> list[str]:
        """Return the sources, first those that pull most on a linear model.

        The pull is the length of the sum of residual times standardised inputs over a source's rows: its part of the
        gradient of the squared error, at the champion.
        """
        deviation = self.rows.std(axis=0)
        scaled = (self.rows - self.rows.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
        parts = pd.DataFrame(np.column_stack([np.ones(len(scaled)), scaled]) * self.residuals[:, np.newaxis])
        pull = np.sqrt((parts.groupby(self.sources).sum() ** 2).sum(axis=1)).drop("", errors="ignore")
        return [str(name) for name in pull.sort_values(ascending=False, kind="stable").index]


def source_gate(
    golden: Golden, new: Predict, training: TrainingRows, fit: Callable[[Floats, Floats], Predict]
) -> GateResult:
    """Fit again without one source at a time, and see how far the error on the golden rows moves.

    Each costs a fit, so only the MOST_REFITS sources that pull most are left out.

    Args:
        fit: fits a model like the new version to rows and labels, and returns its predictions.
    """
    sources = training.by_pull()
    if not sources:
        return GateResult("sources", True, "no row of the training came as feedback")
    predictions = new(golden.rows)
    errors = {}
    for name in sources[:MOST_REFITS]:
        kept = training.sources != name
        errors[name] = _rmse(golden.label - fit(training.rows[kept], training.label[kept])(golden.rows))
    error = _rmse(golden.label - predictions)
    squares = np.stack([(golden.label - predictions) ** 2])
    low, high = _ends(_resampled(squares, np.arange(len(predictions)))[:, 0])
    worst = max(errors, key=lambda name: abs(errors[name] - error))
    detail = (
        f"RMSE {error:.4g} on the golden rows, and {errors[worst]:.4g} if fitted without the source {worst!r}, of "
        f"{len(errors)} that were left out in turn (those that pull most, of {len(sources)}); "
        f"{COVERAGE:.0%} interval {low:.4g} to {high:.4g}, which must hold it"
    )
    return GateResult("sources", bool(low <= errors[worst] <= high), detail)


def compare(actual: Floats, new: Float32s, old: Float32s, clusters: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return RMSE(new) - RMSE(old) and the ends of its bootstrap interval, from arrays of shape (n,).

    Both are measured on the same draws. Whole clusters are drawn, because rows of one request are alike: Davison and
    Hinkley, Bootstrap Methods and their Application (1997), section 3.8.

    Args:
        clusters: which cluster each row is in, from 0.
    """
    roots = _resampled(np.stack([(new - actual) ** 2, (old - actual) ** 2]), clusters)
    return _rmse(new - actual) - _rmse(old - actual), *_ends(roots[:, 0] - roots[:, 1])


def _resampled(squares: Floats, clusters: NDArray[np.int64]) -> Floats:
    """Return the roots of the mean squares (m, n) of each bootstrap sample of the clusters, (RESAMPLES, m)."""
    sums = np.stack([np.bincount(clusters, weights) for weights in (*squares, None)])
    random = np.random.default_rng(0)
    means = np.empty((RESAMPLES, len(squares)))
    for resample in range(RESAMPLES):  # one at a time, so that memory does not grow with rows times resamples
        drawn = sums[:, random.integers(0, sums.shape[1], sums.shape[1])].sum(axis=1)
        means[resample] = drawn[:-1] / drawn[-1]
    roots: Floats = np.sqrt(means)
    return roots


def _ends(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)


def _rmse(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors.astype(np.float64) ** 2)))


def _interval(low: float, high: float) -> str:
    return f"{COVERAGE:.0%} interval {low:+.4g} to {high:+.4g}"
