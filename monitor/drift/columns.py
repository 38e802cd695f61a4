"""The drift of one column: its tests, and then its figures and its verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.drift import words
from monitor.drift.result import MIN_REQUESTS, Criteria, Result, Verdict
from monitor.drift.shares import ShareTest
from monitor.profiles.profile import Profile
from monitor.profiles.reference import Column, Reference
from monitor.statistics import chi_squared, kolmogorov_smirnov, mann_whitney, stability_index, wasserstein
from monitor.statistics.baseline import Baseline, at_least_one
from monitor.statistics.histogram import Histogram, histogram
from registry import Signature
from registry.detectable_shift import detectable_shift, rows_needed

LEAST_ROWS = 10  # independent ones, of each side: the tests' distributions hold for many
SHARE_OF_EFFECT = 1 / 3  # a shift of 0.15 standard deviations weighs as much as 0.05 of a category's share


@dataclass(frozen=True, slots=True)
class Power:
    """The smallest shift that the window can show, in standard deviations, and how many rows it lacks for a verdict.

    ``rows_missing`` is None if the reference is too small for a window of any size.
    """

    detectable_sd: float
    rows_missing: int | None


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """A column of the report; the names are those of its JSON. A figure that does not exist is NaN.

    Attributes:
        shift_sd: the difference of the means, in standard deviations of the reference. Codes of texts have no mean.
        levels: of an input that is a text, the text of each code in the histogram, in its order; else empty.
        other_share: of the rows, those whose text the version has no level for.
        p, effect: of the test that the reason speaks of, or of the one with the smallest p; p is corrected.
    """

    name: str
    label: str
    unit: str
    kind: str
    rows: int
    requests: int
    mean: float
    sd: float
    reference_mean: float
    reference_sd: float
    shift_sd: float
    missing_share: float
    reference_missing_share: float
    outside_share: float
    design_effect: float
    tests: dict[str, Result]
    psi: float
    wasserstein: float
    p: float
    effect: float
    verdict: Verdict
    reason: str
    histogram: Histogram
    power: Power
    levels: list[str]
    other_share: float


def column_tests(profile: Profile, baseline: Baseline, index: int, effect: float) -> dict[str, Result]:
    """Return the tests of a column by name; none if one side has hardly a row. ``effect``: in standard deviations."""
    column, window = baseline.reference.columns[index], profile.counts[index]
    reference = column.cell_counts
    deff, reference_deff = _design_effects(profile, baseline, index)
    rows, reference_rows = float(window.sum() / deff), column.rows / reference_deff
    if min(rows, reference_rows) < LEAST_ROWS:
        return {}
    if column.kind == "category":
        mine, theirs = chi_squared.categories(window), chi_squared.categories(reference)
        value = chi_squared.statistic(mine, theirs)
        both = (1 / rows + 1 / reference_rows) / (1 / window.sum() + 1 / column.rows)
        p = chi_squared.p_value(value, int((mine + theirs > 0).sum()), both, float(profile.scores.requests[index]))
        return {"chi_squared": Result(value, p, chi_squared.effect(mine, theirs), effect * SHARE_OF_EFFECT)}
    distance = kolmogorov_smirnov.statistic(window, reference)
    p = kolmogorov_smirnov.p_value(distance, rows, reference_rows)
    smirnov = Result(distance, p, kolmogorov_smirnov.effect(distance), effect)
    auc = mann_whitney.statistic(window, reference)
    p = mann_whitney.p_value(auc, rows, reference_rows, mann_whitney.ties(window, reference))
    return {"kolmogorov_smirnov": smirnov, "mann_whitney": Result(auc, p, mann_whitney.effect(auc), effect)}


def describe_column(
    profile: Profile,
    baseline: Baseline,
    index: int,
    tests: dict[str, Result],
    shares: list[ShareTest],
    criteria: Criteria,
    signature: Signature | None,
) -> ColumnDrift:
    """Return the column with its verdict, once the p-values of all tests are corrected.

    Args:
        shares: the tests of its missing values, and of those outside the reference's.
        signature: for label and unit.
    """
    column, counts = baseline.reference.columns[index], profile.counts[index]
    rows, requests = int(counts.sum()), int(profile.scores.requests[index])
    mean, sd, shift = _moments(profile, column, index)
    deff, reference_deff = _design_effects(profile, baseline, index)
    find = 2 * criteria.effect
    power = _power(rows / deff, column.rows / reference_deff, deff, find, criteria.level)
    results = {**(tests if requests >= MIN_REQUESTS else {}), **{share.name: share.result for share in shares}}
    alarms = {
        name: result for name, result in results.items() if not criteria.lacking and result.alarms(criteria.alpha)
    }
    smallest = min((alarms or tests).values(), key=lambda result: result.adjusted, default=None)
    deciding = alarms.get("mann_whitney", smallest)  # as the words of a drift: a shift says more than a distance
    verdict: Verdict = "calm"
    if alarms:
        verdict = "drift"
        told = [share.sentence for share in shares if share.name in alarms]
        reason = words.drift(column, counts, baseline.reference, alarms, shift, told)
    elif not column.rows:
        reason = f"{column.name} has no value {words.where(baseline.reference)}"
    elif criteria.lacking:
        verdict, reason = "cannot_judge", f"{column.name}: {criteria.lacking}"
    elif requests < MIN_REQUESTS:
        verdict, reason = "cannot_judge", words.too_few_values(column.name, requests)
    elif power.rows_missing != 0:
        verdict, reason = "cannot_judge", words.too_few_rows(column.name, power.rows_missing, find)
    else:
        is_small = any(result.adjusted <= criteria.alpha for result in results.values())
        reason = words.calm(column.name, baseline.reference, is_small)
    label, unit = _label(signature, index, column.name)
    points, both = column.points.astype(np.float64), bool(rows and column.rows)
    outside = counts[0::2].sum() if column.kind == "category" else counts[[0, -1]].sum()
    return ColumnDrift(
        name=column.name,
        label=label,
        unit=unit,
        kind=column.kind,
        rows=rows,
        requests=requests,
        mean=mean,
        sd=sd,
        reference_mean=math.nan if column.words else column.mean,
        reference_sd=math.nan if column.words else column.sd,
        shift_sd=shift,
        missing_share=int(profile.missing[index]) / max(profile.rows, 1),
        reference_missing_share=column.missing / max(column.rows + column.missing, 1),
        outside_share=int(outside) / rows if both else math.nan,
        design_effect=deff,
        tests=tests,
        psi=stability_index.statistic(counts, column.cell_counts) if both else math.nan,
        wasserstein=wasserstein.statistic(counts, column.cell_counts, points)
        if both and not column.words
        else math.nan,
        p=deciding.adjusted if deciding else math.nan,
        effect=deciding.effect if deciding else math.nan,
        verdict=verdict,
        reason=reason,
        histogram=histogram(column, counts),
        power=power,
        levels=[column.word(point) for point in column.points] if column.words else [],
        other_share=int(profile.other[index]) / max(profile.rows, 1) if column.words else 0.0,
    )


def day_figures(profile: Profile, reference: Reference) -> dict[str, dict[str, float | None]]:
    """Return KS distance and shift of each column by name, which texts have not: of a day, for the report's series."""
    figures: dict[str, dict[str, float | None]] = {}
    for index, column in enumerate(reference.columns):
        counts = profile.counts[index]
        both = counts.sum() > 0 and column.rows > 0
        shift = _moments(profile, column, index)[2]
        figures[column.name] = {
            "ks": kolmogorov_smirnov.statistic(counts, column.cell_counts) if both and not column.words else None,
            "shift_sd": shift if math.isfinite(shift) else None,
        }
    return figures


def _design_effects(profile: Profile, baseline: Baseline, index: int) -> tuple[float, float]:
    """Return the design effect of the window's column, and of the reference's; at least 1."""
    column = baseline.reference.columns[index]
    of_window, of_reference = profile.categories[index], baseline.categories[index]
    if of_window is not None and of_reference is not None:
        return (
            chi_squared.design_effect(profile.counts[index], at_least_one(of_window.design_effect)),
            chi_squared.design_effect(column.cell_counts, at_least_one(of_reference.design_effect)),
        )
    window, reference = (at_least_one(sums.design_effect)[index] for sums in (profile.scores, baseline.scores))
    return float(window), float(reference)


def _moments(profile: Profile, column: Column, index: int) -> tuple[float, float, float]:
    """Return mean and standard deviation of the window, and the shift in those of the reference.

    NaN without rows, and for the codes of texts.
    """
    rows = int(profile.counts[index].sum())
    if not rows or not column.rows or column.words:
        return math.nan, math.nan, math.nan
    with np.errstate(all="ignore"):  # an infinite value makes its sums infinite, or NaN
        shift, square = (float(value) for value in profile.values[index] / rows)
        center, scale = column.mean, column.sd
        spread = float(np.sqrt(np.maximum(square - np.float64(shift) ** 2, 0)))
    if not 0 < scale < math.inf:  # the values are not in standard deviations if there is none
        return center + shift, spread, math.nan
    return center + scale * shift, scale * spread, shift


def _power(rows: float, reference_rows: float, deff: float, shift: float, level: float) -> Power:
    needed = rows_needed(reference_rows, shift, level)
    missing = None if math.isinf(needed) else max(math.ceil((needed - rows) * deff), 0)
    return Power(detectable_shift(reference_rows, rows, level), missing)


def _label(signature: Signature | None, index: int, name: str) -> tuple[str, str]:
    if signature is None:
        return name, ""
    item = signature.inputs[index] if index < len(signature.inputs) else signature.output
    return item.label, item.unit
