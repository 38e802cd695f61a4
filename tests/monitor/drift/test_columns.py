"""The columns of the report: numbers, categories, and columns that are empty, constant or absurd."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.drift_data import NAMES, Change
from benchmarks.drift_power import make_profile, make_reference
from monitor.drift import day_figures
from registry import Input, Signature
from registry.signature import Output
from tests.monitor.drift.simulated import baseline, column, judged, window


def test_mean_and_standard_deviation_are_those_of_the_rows() -> None:
    rows, _ = window()
    found, reference = column(judged(rows), "tied"), baseline().reference.rows[:, 2].astype(np.float64)
    values = rows[:, 2].astype(np.float64)
    assert (found.mean, found.sd) == pytest.approx((values.mean(), values.std()))
    assert (found.reference_mean, found.reference_sd) == pytest.approx((reference.mean(), reference.std()))
    assert found.shift_sd == pytest.approx((values.mean() - reference.mean()) / reference.std())


def test_a_category_that_became_more_frequent_is_drift() -> None:
    found = column(judged(*window(Change(code=0.15))), "category")
    assert found.verdict == "drift"
    assert found.reason.startswith("category is 3 in 2")
    assert "of the rows, in training in 1" in found.reason


def test_values_that_the_reference_has_not_are_a_category_of_their_own() -> None:
    found = column(judged(*window(Change(unseen=0.1))), "category")
    assert found.verdict == "drift"
    assert found.reason.startswith("category is none of the known values in ")
    assert found.outside_share == pytest.approx(0.1, abs=0.02)


def test_a_wider_distribution_with_the_same_mean_is_told_by_where_it_differs() -> None:
    rows, _ = window()
    rows[:, 0] *= 2
    found = column(judged(rows), "normal")
    assert found.verdict == "drift"
    assert found.reason.startswith("normal is at most ") or found.reason.startswith("normal is below ")


def test_a_few_absurd_values_move_the_mean_and_no_verdict() -> None:
    rows, _ = window()
    rows[:3, 0] = 3e38
    found = column(judged(rows), "normal")
    assert found.shift_sd > 1e30
    assert found.verdict == "calm"


def test_a_column_that_is_constant_in_the_reference_is_compared() -> None:
    known, numbers = window(seed=5)
    known[:, 0] = 4
    against = make_reference(known, numbers)
    rows, _ = window()
    rows[:, 0] = 4
    assert column(judged(rows, against=against), "normal").verdict == "calm"
    rows[:, 0] = 5
    found = column(judged(rows, against=against), "normal")
    assert (found.verdict, found.reason.split(";")[0]) == ("drift", "normal is mostly higher than in training")


def test_a_column_that_never_had_a_value_is_calm_until_it_has_one() -> None:
    known, numbers = window(seed=5)
    known[:, 1] = np.nan
    against = make_reference(known, numbers)
    rows, _ = window()
    found = column(judged(rows, against=against), "skewed")
    assert (found.verdict, "is missing in 0 %" in found.reason) == ("drift", True)
    rows[:, 1] = np.nan
    found = column(judged(rows, against=against), "skewed")
    assert (found.verdict, found.reason) == ("calm", "skewed has no value in training")


def test_predictions_that_are_infinite_or_no_number_are_missing() -> None:
    rows, _ = window()
    rows[::4, 4], rows[1::4, 4] = np.inf, np.nan
    found = column(judged(rows), "prediction")
    assert (found.verdict, found.missing_share) == ("drift", 0.5)
    assert found.reason.startswith("prediction is missing in 50 % of the rows")


def test_one_giant_request_among_small_ones_is_no_evidence() -> None:
    rows, _ = window(rows=5000)
    rows[40:, 0] += 3
    drift = judged(rows, np.minimum(np.arange(5000), 40))
    assert drift.verdict == column(drift, "normal").verdict == drift.joint.verdict == "cannot_judge"
    assert column(drift, "normal").reason.startswith("normal: a few large requests have most of the rows")


def test_labels_and_units_are_the_signature_s() -> None:
    inputs = tuple(Input(name, f"the {name}", "m", (), (-1e9, 1e9), (-1, 1), 0.0) for name in NAMES[:4])
    signature = Signature("model", "Model", inputs, Output("price", "the price", "$", (-1e9, 1e9)))
    columns = judged(*window(), signature=signature).columns
    assert [(item.label, item.unit) for item in columns][-2:] == [("the category", "m"), ("the price", "$")]


def test_a_day_has_the_figures_of_the_series() -> None:
    against = baseline()
    profile = make_profile(against, *window(Change(0, 0.5), 500))
    figures = day_figures(profile, against.reference)
    assert figures["normal"]["shift_sd"] == pytest.approx(0.5, abs=0.15)
    assert figures["normal"]["ks"] == pytest.approx(0.2, abs=0.06)
    nothing = day_figures(make_profile(against, *window(rows=0)), against.reference)
    assert nothing["normal"] == {"ks": None, "shift_sd": None}
