"""The errors of two versions: on the rows that both predicted for, or on those that each answered.

A shadow and the champion predict for the same rows, so their errors are compared in pairs. A canary answers other
requests than the champion: nothing can be paired, and it takes more truths to show a difference.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.accuracy.jackknife import Estimate, jackknife, sums_by_request
from monitor.drift.result import MIN_REQUESTS
from monitor.profiles.reference import Floats
from monitor.truth import KEY

Verdict = Literal["better", "worse", "no difference shown", "cannot_judge"]


@dataclass(frozen=True, slots=True)
class ErrorComparison:
    """The errors of two versions on rows with truth.

    Attributes:
        rows, requests: of the second version.
        rmse_first, rmse_second: in the output's unit.
        difference: of the RMSE, second less first, with its 95 % interval between requests.
        paired: whether both predicted for these rows; else each answered requests of its own.
        verdict: of the second version.
    """

    rows: int
    requests: int
    rmse_first: float
    rmse_second: float
    difference: Estimate
    paired: bool
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as the report has it; an end of the interval that does not exist is NaN."""
        figures = asdict(self)
        value, low, high = figures.pop("difference").values()
        return {**figures, "difference": value, "low": low, "high": high}


def compare_errors(first: pd.DataFrame, second: pd.DataFrame) -> ErrorComparison | None:
    """Compare the errors of two versions: on the rows that both predicted for, or, if there are none, on their own.

    Args:
        first, second: rows of a version each, as join_truths() returns them.

    Returns:
        None if there is no truth for one of them.
    """
    first, second = (rows[np.isfinite(rows["prediction"])].drop_duplicates(KEY) for rows in (first, second))
    both = first[KEY].merge(second[KEY])
    if len(both):
        first, second = first.merge(both, on=KEY), second.merge(both, on=KEY)
    if first.empty or second.empty:
        return None
    rows = pd.concat([first, second])
    of_second = np.repeat([0.0, 1.0], [len(first), len(second)])
    squares = (rows["prediction"].to_numpy(np.float64) - rows["actual"].to_numpy(np.float64)) ** 2
    sides = (1 - of_second, (1 - of_second) * squares, of_second, of_second * squares)
    sums = sums_by_request(rows["request_id"].to_numpy(), *sides)
    difference = jackknife(sums, lambda part: _rmse(part, 2) - _rmse(part, 1))
    requests = second["request_id"].nunique()
    enough = min(requests, first["request_id"].nunique()) >= MIN_REQUESTS
    total = sums.sum(axis=0)
    return ErrorComparison(
        rows=len(second),
        requests=requests,
        rmse_first=float(_rmse(total, 1)),
        rmse_second=float(_rmse(total, 2)),
        difference=difference,
        paired=bool(len(both)),
        verdict=_verdict(difference) if enough else "cannot_judge",
    )


def _rmse(sums: Floats, side: int) -> Floats:
    return np.asarray(np.sqrt(sums[..., 2 * side] / sums[..., 2 * side - 1]))


def _verdict(difference: Estimate) -> Verdict:
    if difference.high < 0:
        return "better"
    return "worse" if difference.low > 0 else "no difference shown"
