"""The gates: what a model must show before it may be published.

Knows the figures and the spec's limits; knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from train.errors import TrainError
from train.judge import Slice, Verdict
from train.spec import Gates

# The error of fewer rows says more about the rows than about the model.
FEWEST_SLICE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Gate:
    """One figure and the largest value it may have."""

    name: str
    limit: float
    value: float

    @property
    def passed(self) -> bool:
        return self.value <= self.limit  # NaN never passes


def gates(
    asked: Gates, model: Verdict, rivals: Mapping[str, Verdict], slices: Sequence[Slice], parity: float
) -> list[Gate]:
    """The gates that the spec asks for, with the values found; :class:`~train.spec.Gates` says what each figure is."""
    overall = model.cv_rmse
    worst = max((item.cv_rmse for item in slices if item.cv_rows >= FEWEST_SLICE_ROWS), default=overall)
    values = {
        "parity": parity,
        "test_vs_mean": _ratio(model.metrics["rmse"], rivals["mean"].metrics["rmse"]),
        "test_vs_least_squares": _ratio(model.metrics["rmse"], rivals["least_squares"].metrics["rmse"]),
        "cv_vs_gradient_boosting": _ratio(model.cv_rmse, rivals["gradient_boosting"].cv_rmse),
        "worst_slice": _ratio(worst, overall),
    }
    return [Gate(name, limit, values[name]) for name, limit in asdict(asked).items() if limit is not None]


def refuse_failed(found: Sequence[Gate]) -> None:
    """Let nothing pass that a gate holds back.

    Raises:
        TrainError: naming each gate that failed, its value and its limit.
    """
    failed = [f"{gate.name} is {gate.value:.6g} and may be {gate.limit:g} at most" for gate in found if not gate.passed]
    if failed:
        raise TrainError(f"not published, because of a gate: {'; '.join(failed)}")


def _ratio(value: float, rival: float) -> float:
    """value / rival, where a rival without any error is matched by rounding errors only."""
    return value / max(rival, 1e-300)
