"""The gates of a training: metrics that must not exceed the spec's limits, or nothing is published.

A promotion has gates of its own; see registry.promotion_gates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from registry import SHOWN_LEVEL
from train.errors import TrainError
from train.evaluation.interval_figures import IntervalFigures
from train.evaluation.metrics import Evaluation
from train.evaluation.slices import Slice
from train.spec import GateLimits

MIN_SLICE_ROWS = 20  # the RMSE of fewer rows depends more on the rows than on the model

_OR = "; give the model an input that tells where it errs, or a larger limit if people can live with that"
_ADVICE = {  # what a failure means and what to do, where the name does not say it
    "interval_worst_third": f" (of the rows with such predictions, that share is outside the 90 % interval{_OR})",
    "interval_worst_slice": f" (of the rows in that slice, that share is outside the 90 % interval{_OR})",
    "interval_width": " (intervals whose width follows the inputs are wider than those of one width; the rows are too "
    "few for that, or some inputs are far from the others: look at the data, or allow a larger limit)",
}


@dataclass(frozen=True, slots=True)
class MetricGate:
    """One metric, the largest value it may have, and the value it has."""

    name: str
    limit: float
    value: float

    @property
    def passed(self) -> bool:
        """Whether the value is within the limit; NaN never is."""
        return self.value <= self.limit


def measure_gates(
    limits: GateLimits,
    model: Evaluation,
    baselines: Mapping[str, Evaluation],
    slices: Sequence[Slice],
    parity: float,
    intervals: IntervalFigures | None,
) -> list[MetricGate]:
    """Return a gate for each limit that the spec sets; :class:`~train.spec.GateLimits` defines the metrics.

    Args:
        baselines: of :func:`train.evaluation.baselines.baselines`, by name.
        slices: of the model. Those of fewer than MIN_SLICE_ROWS rows are ignored.
        parity: the largest difference between the model and its exports, in standard deviations of the label.
        intervals: None if the model has none; their gates then fail.
    """
    in_slices = [item.cv_rmse for item in slices if item.cv_rmse is not None and item.cv_rows >= MIN_SLICE_ROWS]
    worst = max(in_slices, default=model.cv_rmse)
    values = {
        "parity": parity,
        "test_vs_mean": _ratio(model.metrics["rmse"], baselines["mean"].metrics["rmse"]),
        "test_vs_least_squares": _ratio(model.metrics["rmse"], baselines["least_squares"].metrics["rmse"]),
        "cv_vs_gradient_boosting": _ratio(model.cv_rmse, baselines["gradient_boosting"].cv_rmse),
        "worst_slice": _ratio(worst, model.cv_rmse),
        **_interval_values(intervals),
    }
    return [MetricGate(name, limit, values[name]) for name, limit in asdict(limits).items() if limit is not None]


def require_passed(gates: Sequence[MetricGate]) -> None:
    """Check that every gate passed.

    Raises:
        TrainError: naming each gate that failed, its value and its limit.
    """
    failed = [
        f"{gate.name} is {gate.value:.6g}, expected at most {gate.limit:g}{_ADVICE.get(gate.name, '')}"
        for gate in gates
        if not gate.passed
    ]
    if failed:
        raise TrainError(f"not published, because a gate failed: {'; '.join(failed)}")


def _interval_values(figures: IntervalFigures | None) -> dict[str, float]:
    if figures is None:
        return dict.fromkeys(("interval_worst_third", "interval_worst_slice", "interval_width"), math.nan)
    # Without a slice that has enough rows, all rows are the worst one.
    worst_slice = figures.worst_slice.coverage if figures.worst_slice else figures.levels[f"{SHOWN_LEVEL:g}"].coverage
    return {
        "interval_worst_third": 1 - figures.worst_third.coverage,
        "interval_worst_slice": 1 - worst_slice,
        "interval_width": figures.width_vs_plain,
    }


def _ratio(value: float, baseline: float) -> float:
    """Return value / baseline; for a baseline of 0, a huge number, or 0 if the value is 0 as well."""
    return value / max(baseline, 1e-300)
