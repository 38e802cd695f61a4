"""How good a version is, from cards that lack this or that."""

from __future__ import annotations

from typing import Any

import pytest

from app.endpoints.version_summary import Metric, Summary, summarise
from registry import Figures
from registry.figures import Histogram

CARD: dict[str, Any] = {
    "metrics": {"rmse": 4.5, "mae": 3, "r2": 0.5},
    "intervals": {"rmse": [4, 5]},
    "baselines": {"mean": {"metrics": {"rmse": 9.5}}},
    "split": {"test_rows": 102},
    "interval": {"levels": {"0.9": {"coverage": 0.91, "width": 20}}},
}
FIGURES = Figures({}, Histogram((0, 1), (1,)), (1, 2, 3), (1.5, 4.5, 2), (1, 2, 3))


def test_all_is_read_of_a_card_that_has_all() -> None:
    summary = summarise(CARD, FIGURES)
    assert (summary.rmse, summary.mean_rmse, summary.test_rows, summary.coverage) == (4.5, 9.5, 102, 0.91)
    assert summary.metrics == [
        Metric("RMSE", 4.5, 4, 5),
        Metric("MAE", 3, None, None),
        Metric("R²", 0.5, None, None),
    ]
    assert list(summary.outside) == [False, True, False]
    assert list(summary.rows) == [(1, 1.5), (2, 4.5), (3, 2)]


@pytest.mark.parametrize(
    "card", [{}, None, [], {"metrics": [1]}, {"metrics": {"rmse": "4"}}, {"metrics": {"r2": True}}]
)
def test_what_lacks_or_is_something_else_is_left_out(card: object) -> None:
    assert summarise(card, None) == Summary(metrics=[], outside=[])


def test_without_intervals_no_point_is_outside() -> None:
    assert summarise({}, Figures({}, FIGURES.output, (1,), (2,))).outside == []
