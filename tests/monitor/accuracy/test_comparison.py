"""Two versions are compared on rows with truth: in pairs where both predicted, else each on its own requests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monitor.accuracy.comparison import compare_errors
from monitor.profiles.reference import Floats

TRIALS = 200


def rows(errors: Floats, name: str = "r", size: int = 4) -> pd.DataFrame:
    """Joined rows of requests of so many rows; the truth is 20."""
    number = np.arange(len(errors))
    ids = [f"{name}{request}" for request in number // size]
    return pd.DataFrame({"request_id": ids, "row": number % size, "prediction": 20 + errors, "actual": 20.0})


def noise(random: np.random.Generator, requests: int, sd: float) -> Floats:
    return random.normal(0, sd, 4 * requests) + np.repeat(random.normal(0, sd, requests), 4)


def test_a_version_that_errs_less_on_the_same_rows_is_better_and_the_other_way_round() -> None:
    random = np.random.default_rng(1)
    shared, own = noise(random, 60, 3), noise(random, 60, 1)
    worse, better = rows(shared + own), rows(shared)
    compared = compare_errors(worse, better)
    assert compared is not None
    assert (compared.rows, compared.requests, compared.paired, compared.verdict) == (240, 60, True, "better")
    assert compared.rmse_second == pytest.approx(np.sqrt(np.mean(shared**2)))
    assert compared.difference.value == pytest.approx(compared.rmse_second - compared.rmse_first)
    reverse = compare_errors(better, worse)
    assert reverse is not None
    assert reverse.verdict == "worse"
    assert reverse.difference.low == pytest.approx(-compared.difference.high)


def test_pairs_see_what_two_samples_cannot() -> None:
    random = np.random.default_rng(2)
    shared = noise(random, 60, 3)
    paired = compare_errors(rows(shared), rows(shared * 1.05))
    apart = compare_errors(rows(shared), rows(noise(random, 60, 3) * 1.05, "other"))
    assert paired is not None
    assert apart is not None
    assert (paired.verdict, apart.verdict) == ("worse", "no difference shown")
    assert (paired.paired, apart.paired) == (True, False)


@pytest.mark.parametrize("paired", [True, False])
def test_equal_versions_are_told_apart_in_5_percent(paired: bool) -> None:
    random = np.random.default_rng(3)
    apart = 0
    for _ in range(TRIALS):
        first = rows(noise(random, 60, 2))
        second = rows(noise(random, 60, 2), "r" if paired else "s")
        compared = compare_errors(first, second)
        assert compared is not None
        apart += compared.verdict != "no difference shown"
    assert apart / TRIALS == pytest.approx(0.05, abs=0.046)  # three standard errors of the simulation


def test_only_rows_that_both_predicted_with_a_number_are_compared() -> None:
    errors = np.zeros(160)
    second = rows(errors + 1).drop(index=[0, 1])
    second.loc[2, "prediction"] = np.nan
    compared = compare_errors(rows(errors), second)
    assert compared is not None
    assert (compared.rows, compared.rmse_first, compared.rmse_second) == (157, 0, 1)


def test_few_requests_are_not_judged_and_no_truth_is_no_comparison() -> None:
    random = np.random.default_rng(4)
    few = compare_errors(rows(noise(random, 29, 1)), rows(noise(random, 29, 9)))
    assert few is not None
    assert few.verdict == "cannot_judge"
    one = compare_errors(rows(np.ones(4)), rows(np.zeros(4)))
    assert one is not None
    assert np.isnan([one.to_json()[end] for end in ("low", "high")]).all()
    assert compare_errors(rows(np.ones(4)), rows(np.ones(4)).head(0)) is None
