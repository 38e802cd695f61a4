"""Whether the rows with truth look like those without: feedback is seldom a random sample (selection bias).

The rule is that of drift, with the rows without truth in the place of the reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.drift.columns import SHARE_OF_EFFECT
from monitor.drift.result import MIN_REQUESTS, Result
from monitor.drift.shares import design_effects_of_shares
from monitor.profiles.profile import Profile
from monitor.profiles.reference import Column, Float32s, Ints, Reference
from monitor.statistics import binomial, chi_squared, kolmogorov_smirnov, mann_whitney
from monitor.statistics.baseline import at_least_one
from monitor.statistics.holm import adjust
from monitor.statistics.request_sums import request_sums
from registry.detectable_shift import ALPHA, EFFECT


def judge_representative(told: pd.DataFrame, profile: Profile, reference: Reference) -> dict[str, Any]:
    """Compare the rows with truth with the window's others, column by column.

    Args:
        told: the rows with truth: ``request_id``, and the columns of the reference, float32.
        profile: of all rows of the window, with truth or without.
        reference: the one that the profile was made with.

    Returns:
        as the report has it: the verdict "calm", "differs" or "cannot_judge", and of each column its own verdict, the
        corrected p, and the effect in the test's own unit.

    Raises:
        ValueError: if the profile has the cells of another reference.
    """
    if [len(counts) for counts in profile.counts] != [len(column.scores) for column in reference.columns]:
        raise ValueError("the profile was made with another reference")
    requests = np.asarray(pd.factorize(told["request_id"])[0], dtype=np.int64)
    if len(told) >= profile.rows:  # all have truth
        return {"verdict": "calm" if len(told) else "cannot_judge", "columns": []}
    if min(told["request_id"].nunique(), profile.requests) < MIN_REQUESTS:
        return {"verdict": "cannot_judge", "columns": []}
    results = []
    for index, column in enumerate(reference.columns):
        values = told[column.name].to_numpy(np.float32)
        tests = _tests(column, values, requests, profile, index) if column.rows else []
        results += [(column.name, test) for test in tests]
    for (_, result), p in zip(results, adjust([result.p for _, result in results], [1.0] * len(results)), strict=True):
        result.adjusted = p
    columns = []
    for name in dict.fromkeys(name for name, _ in results):
        own = [result for of, result in results if of == name]
        alarms = [result for result in own if result.alarms(ALPHA)]
        first = min(alarms or own, key=lambda result: result.adjusted)
        verdict = "differs" if alarms else "calm"
        columns.append({"name": name, "p": first.adjusted, "effect": first.effect, "verdict": verdict})
    differs = any(of["verdict"] == "differs" for of in columns)
    return {"verdict": "differs" if differs else "calm", "columns": columns}


def _tests(column: Column, values: Float32s, requests: Ints, profile: Profile, index: int) -> list[Result]:
    present = ~np.isnan(values)
    of_values = _values(column, values, present, requests, profile, index)
    return of_values if column.kind == "prediction" else [*_missing(~present, requests, profile, index), *of_values]


def _missing(missing: NDArray[np.bool_], requests: Ints, profile: Profile, index: int) -> list[Result]:
    """Compare the shares of missing values, if there are some."""
    total, rows = int(profile.missing[index]), len(missing)
    if not total:
        return []
    told = int(missing.sum())
    deff = float(design_effects_of_shares(request_sums(missing[:, None].astype(np.float64), requests))[0])
    others_deff = float(design_effects_of_shares(profile.missing_sums)[index])
    others, others_rows = max(total - told, 0), profile.rows - rows
    p = binomial.p_value(told / deff, rows / deff, others / others_deff, others_rows / others_deff)
    share, others_share = binomial.statistic(told, rows), binomial.statistic(others, others_rows)
    return [Result(share, p, binomial.effect(share, others_share), EFFECT * SHARE_OF_EFFECT)]


def _values(
    column: Column, values: Float32s, present: NDArray[np.bool_], requests: Ints, profile: Profile, index: int
) -> list[Result]:
    cells = column.cells(values[present])
    counts = np.bincount(cells, minlength=2 * len(column.points) + 1)
    others = np.maximum(profile.counts[index] - counts, 0)
    if not counts.any() or not others.any():
        return []
    deff = float(at_least_one(request_sums(column.scores[cells][:, None], requests[present]).design_effect)[0])
    others_deff = float(at_least_one(profile.scores.design_effect)[index])
    if column.kind == "category":
        mine, theirs = chi_squared.categories(counts), chi_squared.categories(others)
        value, seen = chi_squared.statistic(mine, theirs), int((mine + theirs > 0).sum())
        p = chi_squared.p_value(value, seen, max(deff, others_deff))
        return [Result(value, p, chi_squared.effect(mine, theirs), EFFECT * SHARE_OF_EFFECT)]
    rows, others_rows = counts.sum() / deff, others.sum() / others_deff
    distance, auc = kolmogorov_smirnov.statistic(counts, others), mann_whitney.statistic(counts, others)
    smirnov = kolmogorov_smirnov.p_value(distance, rows, others_rows)
    whitney = mann_whitney.p_value(auc, rows, others_rows, mann_whitney.ties(counts, others))
    return [
        Result(distance, smirnov, kolmogorov_smirnov.effect(distance), EFFECT),
        Result(auc, whitney, mann_whitney.effect(auc), EFFECT),
    ]
