"""The gates of a retraining, beside those of every training and of every promotion.

golden      not worse than the champion on the golden rows, which no feedback can reach
holdout     better than the champion on the newest truths, which it was not trained with
sources     fitted without any one source, its error on the golden rows stays within its own interval
shadow      later, with the truths of what it predicted as shadow: not worse than the champion
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.accuracy.jackknife import Estimate, jackknife, positive, sums_by_request
from monitor.profiles.reference import Float32s, Floats
from monitor.retraining.golden import Golden
from registry import CHAMPION, SHADOW
from registry.promotion_gates import MIN_COMMON_ROWS, GateResult

Predict = Callable[[Float32s], Float32s]

MIN_REQUESTS = 30  # in the holdout
MOST_REFITS = 10  # sources that are left out, one at a time


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What the new version was fitted to.

    Attributes:
        rows: float64 (n, k).
        label: float64 (n,).
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


def golden_gate(golden: Golden, new: Predict, champion: Predict, of: int = 0) -> GateResult:
    """Compare the new version with the champion on the golden rows; it passes unless it is surely worse.

    With too few rows, nothing is judged, and it does not pass.

    Args:
        golden: those that both take. of: how many there are in all; by default, no others.
    """
    rows = golden.rows
    if not len(rows):
        return GateResult("golden", False, f"none of the {of} golden rows has values that both versions take")
    of = max(of, len(rows))
    needed = min(MIN_COMMON_ROWS, of)
    if len(rows) < needed:
        few = f"not judged: both versions take {len(rows)} of the {of} golden rows, and {needed} are needed"
        return GateResult("golden", False, few)
    change = compare(golden.label, new(rows), champion(rows), np.arange(len(rows)))
    detail = f"RMSE {change.value:+.4g} against the champion's on the same {len(rows)} golden rows; {_interval(change)}"
    more = f"; {of - len(rows)} more have a value that one of them does not take" if of > len(rows) else ""
    return GateResult("golden", change.low <= 0, f"{detail}, which must reach 0 or less{more}")


def holdout_gate(holdout: pd.DataFrame, inputs: Sequence[str], new: Predict, champion: Predict) -> GateResult:
    """Compare the new version with the champion on later truths; it passes only if it is surely better.

    Args:
        holdout: a row a truth: request_id, the inputs and actual.
    """
    requests = holdout["request_id"].nunique()
    if requests < MIN_REQUESTS:
        few = f"{requests} requests have a truth that was kept for the test, and {MIN_REQUESTS} are needed"
        return GateResult("holdout", False, few)
    rows, actual = holdout[list(inputs)].to_numpy(dtype=np.float32), holdout["actual"].to_numpy()
    change = compare(actual, new(rows), champion(rows), holdout["request_id"].to_numpy(dtype=object))
    detail = f"RMSE {change.value:+.4g} against the champion's on {len(rows)} later truths of {requests} requests"
    return GateResult("holdout", change.high < 0, f"{detail}; {_interval(change)}, which must be below 0")


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
    squares = (golden.label - new(golden.rows)) ** 2
    error = positive(
        sums_by_request(np.arange(len(squares)), squares), lambda sums: np.sqrt(sums[..., 1] / sums[..., 0])
    )
    errors = {}
    for name in sources[:MOST_REFITS]:
        kept = training.sources != name
        without = fit(training.rows[kept], training.label[kept])(golden.rows)
        errors[name] = float(np.sqrt(np.mean((golden.label - without) ** 2)))
    # The interval is longer above than below, so the one that is furthest from its middle may be inside.
    worst = max(errors, key=lambda name: max(errors[name] - error.high, error.low - errors[name]))
    detail = (
        f"RMSE {error.value:.4g} on the golden rows, 95 % interval {error.low:.4g} to {error.high:.4g}; "
        f"without the source {worst!r} {errors[worst]:.4g}, which must be inside; "
        f"of {len(sources)} sources, the {len(errors)} that pull most were left out in turn"
    )
    return GateResult("sources", all(error.low <= value <= error.high for value in errors.values()), detail)


def shadow_gate(joined: pd.DataFrame, number: int) -> GateResult:
    """Compare the predictions of a shadow with the champion's answers to the same rows; it passes unless surely worse.

    Args:
        joined: as :func:`monitor.truth.join_truths` returns it.
        number: the shadow's version.
    """
    shadow = joined[(joined["version"] == number) & (joined["role"] == SHADOW)]
    rows = shadow.merge(joined[joined["role"] == CHAMPION], on=["request_id", "row"], suffixes=("", "_champion"))
    requests = rows["request_id"].nunique()
    if requests < MIN_REQUESTS:
        return GateResult(SHADOW, True, f"{requests} requests that it predicted have a truth, too few to judge it by")
    actual, new, old = (rows[name].to_numpy() for name in ("actual", "prediction", "prediction_champion"))
    change = compare(actual, new, old, rows["request_id"].to_numpy(dtype=object))
    detail = f"RMSE {change.value:+.4g} against the champion's answers to the same {len(rows)} rows"
    return GateResult(SHADOW, change.low <= 0, f"{detail}; {_interval(change)}, which must reach 0 or less")


def compare(actual: Floats, new: Float32s, old: Float32s, requests: np.ndarray) -> Estimate:
    """Return RMSE(new) - RMSE(old) on the same rows, all of shape (n,), with its interval between requests."""
    sums = sums_by_request(requests, (new - actual) ** 2, (old - actual) ** 2)
    return jackknife(sums, lambda part: np.sqrt(part[..., 1] / part[..., 0]) - np.sqrt(part[..., 2] / part[..., 0]))


def _interval(estimate: Estimate) -> str:
    return f"95 % interval {estimate.low:+.4g} to {estimate.high:+.4g}"
