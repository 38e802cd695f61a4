"""The table `gates` of a spec: which metrics limit what is published. Owns its keys and their allowed values."""

from __future__ import annotations

from dataclasses import dataclass

from train.spec.toml_reader import TomlTable

LARGEST_LIMIT = 100  # of a gate: one that allows more says nothing


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The largest value that each metric may have in a version that is published; None for no limit.

    Attributes:
        parity: largest difference between the network and its exports, in standard deviations of the label.
        test_vs_mean: test RMSE over the test RMSE of always predicting the mean.
        test_vs_least_squares: test RMSE over that of least squares.
        cv_vs_gradient_boosting: cross-validated RMSE over that of gradient boosting.
        worst_slice: cross-validated RMSE of the worst slice over that of all rows.
        interval_worst_third: of the worst third of the rows by prediction, the share outside the 90 % interval.
        interval_worst_slice: the same of the worst slice of an input.
        interval_width: the mean width of the 90 % intervals over that of intervals of one width for all rows.
    """

    parity: float
    test_vs_mean: float
    test_vs_least_squares: float | None
    cv_vs_gradient_boosting: float | None
    worst_slice: float | None
    interval_worst_third: float | None = None
    interval_worst_slice: float | None = None
    interval_width: float | None = None


def read_gates(table: TomlTable) -> GateLimits:
    """Read the table `gates` of a spec.

    Raises:
        TrainError: naming the key that is missing or has a value that is not allowed.
    """
    optional = ("test_vs_least_squares", "cv_vs_gradient_boosting", "worst_slice", "interval_width")
    limits = {name: table.optional_number(name, 0, LARGEST_LIMIT) for name in optional}
    shares = {name: table.optional_number(name, 0, 1) for name in ("interval_worst_third", "interval_worst_slice")}
    return GateLimits(table.number("parity", 0, 1), table.number("test_vs_mean", 0, 1), **limits, **shares)
