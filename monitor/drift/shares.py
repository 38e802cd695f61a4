"""Shares of rows that are tested on their own: missing values, values outside the reference's, refused requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.drift import words
from monitor.drift.result import MIN_REQUESTS, Result
from monitor.profiles.profile import Profile, RequestSums
from monitor.profiles.reference import Floats
from monitor.statistics import binomial
from monitor.statistics.baseline import Baseline, at_least_one

LEAST_CHANGE = 0.01  # a smaller one does not matter


@dataclass(frozen=True, slots=True)
class ShareTest:
    """A share, and the test whether it has changed.

    Attributes:
        column: its index; None for requests.
        reference: the share in the reference, or the one to expect.
        sentence: what it is, for a reader: "age is missing in 3 % of the rows, in training 0 %".
    """

    name: str
    column: int | None
    share: float
    reference: float
    result: Result
    sentence: str


def share_tests(profile: Profile, baseline: Baseline, refused: tuple[int, int] | None) -> list[ShareTest]:
    """Return every test of a share that can show something.

    Args:
        refused: how many requests were refused, and how many came.
    """
    tests = [*_missing(profile, baseline), *_outside(profile, baseline)] if profile.rows else []
    if refused and refused[1] >= MIN_REQUESTS:
        count, requests = refused
        share, p = binomial.statistic(count, requests), binomial.p_value_above(count, requests, LEAST_CHANGE)
        tests.append(ShareTest("refused", None, share, 0.0, Result(share, p, share, LEAST_CHANGE), ""))
    return tests


def _missing(profile: Profile, baseline: Baseline) -> Iterator[ShareTest]:
    deffs = design_effects_of_shares(profile.missing_sums)
    reference_deffs = design_effects_of_shares(baseline.missing)
    reference_rows = len(baseline.reference.rows)
    for index, column in enumerate(baseline.reference.columns):
        missing = int(profile.missing[index])
        if not missing + column.missing or not reference_rows:
            continue  # no p-value could be small
        deff, reference_deff = float(deffs[index]), float(reference_deffs[index])
        p = binomial.p_value(
            missing / deff, profile.rows / deff, column.missing / reference_deff, reference_rows / reference_deff
        )
        share, reference = binomial.statistic(missing, profile.rows), binomial.statistic(column.missing, reference_rows)
        result = Result(share, p, binomial.effect(share, reference), LEAST_CHANGE)
        sentence = words.share(f"{column.name} is missing", share, words.where(baseline.reference), reference)
        yield ShareTest(f"missing: {column.name}", index, share, reference, result, sentence)


def _outside(profile: Profile, baseline: Baseline) -> Iterator[ShareTest]:
    # A request's extreme values are at most as alike as its values, so their design effect is the larger one.
    deffs, reference_deffs = (at_least_one(sums.design_effect) for sums in (profile.scores, baseline.scores))
    for index, column in enumerate(baseline.reference.columns):
        counts = profile.counts[index]
        rows, reference_rows = int(counts.sum()), column.rows / float(reference_deffs[index])
        if column.kind == "category" or not rows or not column.rows:
            continue  # unseen categories are a part of chi-squared
        count = int(counts[0] + counts[-1])
        share, expected = binomial.statistic(count, rows), min(2 / (reference_rows + 1), 1.0)
        p = binomial.p_value_outside(count / float(deffs[index]), rows / float(deffs[index]), reference_rows)
        result = Result(share, p, max(binomial.effect(share, expected), 0.0), LEAST_CHANGE)
        sentence = words.share(f"{column.name} is outside the range of the reference", share, "expected", expected)
        yield ShareTest(f"outside: {column.name}", index, share, expected, result, sentence)


def design_effects_of_shares(sums: RequestSums) -> Floats:
    """Return the design effect of each share; if all rows are the same, that of requests whose rows are all alike."""
    size = sums.size_squares / np.maximum(sums.rows, 1)
    is_constant = (sums.total == 0) | (sums.total == sums.rows)
    return at_least_one(np.where(is_constant, size, sums.design_effect))
