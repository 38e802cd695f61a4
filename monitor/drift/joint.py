"""The drift of how inputs depend on each other, which no column shows: correlations first, then a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.drift.result import MIN_REQUESTS, Result, Verdict
from monitor.profiles.profile import SAMPLE_ROWS, Profile
from monitor.statistics import correlation, domain_classifier
from monitor.statistics.baseline import Baseline, at_least_one, mid_ranks

SHOWN = 50  # correlations in the report: those that changed most
MIN_ROWS = 100  # of each side, for the classifier
LEAST_AUC = 0.05  # above a half
_CLASSIFIER_LEVEL = 0.2  # of alpha, beside the corrected tests: z > 2.9 at 1 %


@dataclass(frozen=True, slots=True)
class CorrelationDrift:
    """The correlation of two inputs' ranks; z is the difference in standard errors, p is corrected."""

    inputs: tuple[str, str]
    reference: float
    window: float
    z: float
    p: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ClassifierDrift:
    """How well a classifier tells the window's rows from the reference's."""

    auc: float
    z: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class JointDrift:
    """The joint drift: the correlations that changed most, and the classifier; None if there are too few rows."""

    verdict: Verdict
    correlations: list[CorrelationDrift]
    classifier: ClassifierDrift | None


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two inputs, their correlation in reference and window, and the test whether it has changed."""

    inputs: tuple[str, str]
    reference: float
    window: float
    result: Result


def correlation_tests(profile: Profile, baseline: Baseline, effect: float) -> list[PairTest]:
    """Return the test of each pair of inputs that vary on both sides. ``effect``: the change that matters."""
    columns = baseline.reference.columns[:-1]
    window = correlation.correlations(profile.scores, profile.products, len(columns))
    rows = profile.products.rows / at_least_one(profile.products.design_effect)
    reference_rows = baseline.products.rows / at_least_one(baseline.products.design_effect)
    tests = []
    for pair, (first, second) in enumerate(zip(*np.triu_indices(len(columns), 1), strict=True)):
        mine, theirs = float(window[pair]), float(baseline.correlations[pair])
        if np.isnan(mine) or np.isnan(theirs) or min(rows[pair], reference_rows[pair]) < MIN_REQUESTS:
            continue
        z = correlation.statistic(mine, theirs, float(rows[pair]), float(reference_rows[pair]))
        result = Result(z, correlation.p_value(z), correlation.effect(mine, theirs), effect)
        tests.append(PairTest((columns[first].name, columns[second].name), theirs, mine, result))
    return tests


def joint_drift(profile: Profile, baseline: Baseline, pairs: list[PairTest], alpha: float) -> JointDrift:
    """Return the joint drift, once the p-values of the correlations are corrected."""
    drifts = [
        CorrelationDrift(
            pair.inputs,
            pair.reference,
            pair.window,
            pair.result.statistic,
            pair.result.adjusted,
            "drift" if pair.result.alarms(alpha) else "calm",
        )
        for pair in pairs
    ]
    drifts.sort(key=lambda drift: (drift.verdict != "drift", -abs(drift.z)))
    classifier = _classifier(profile, baseline, alpha)
    verdicts = {found.verdict for found in (*drifts, classifier) if found}
    nothing: Verdict = "cannot_judge" if len(baseline.reference.columns) > 2 else "calm"  # one input goes with none
    verdict: Verdict = "drift" if "drift" in verdicts else "calm" if verdicts else nothing
    return JointDrift(verdict, drifts[:SHOWN], classifier)


def _classifier(profile: Profile, baseline: Baseline, alpha: float) -> ClassifierDrift | None:
    """Return the classifier on the inputs of sampled rows; a missing value counts as the median."""
    reference, inputs = baseline.reference, len(baseline.reference.columns) - 1
    chosen = np.arange(len(reference.rows))
    if len(chosen) > SAMPLE_ROWS:
        chosen = np.random.default_rng(0).choice(chosen, SAMPLE_ROWS, replace=False)
    window = np.nan_to_num(mid_ranks(reference, profile.sample)[:, :inputs] - 0.5)
    theirs = np.nan_to_num(baseline.ranks[chosen, :inputs] - 0.5)
    if inputs < 2 or min(len(window), len(theirs)) < MIN_ROWS:
        return None
    found = domain_classifier.statistic(window, theirs, profile.sample_requests, reference.requests[chosen])
    level = domain_classifier.p_value(found)
    is_drift = level < _CLASSIFIER_LEVEL * alpha and domain_classifier.effect(found) >= LEAST_AUC
    return ClassifierDrift(found.auc, found.z, "drift" if is_drift else "calm")
