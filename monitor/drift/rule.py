"""The rule: a change is drift if it is more than chance, corrected over all tests of the report, and large enough.

docs/monitoring.md says how often the rule is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.drift import words
from monitor.drift.columns import ColumnDrift, column_tests, describe_column
from monitor.drift.joint import JointDrift, correlation_tests, joint_drift
from monitor.drift.result import MIN_EQUAL_REQUESTS, MIN_REQUESTS, Criteria, Result, Verdict
from monitor.drift.shares import share_tests
from monitor.profiles.profile import Profile
from monitor.profiles.reference import Reference
from monitor.statistics.baseline import Baseline
from monitor.statistics.holm import adjust
from monitor.statistics.request_sums import equal_requests
from registry import Signature
from registry.detectable_shift import ALPHA, COLUMNS_WEIGHT, EFFECT, column_level

SHARES_WEIGHT = CORRELATIONS_WEIGHT = 0.1  # with COLUMNS_WEIGHT: what each kind of test may use of alpha


@dataclass(frozen=True, slots=True)
class ShareDrift:
    """A share of rows or requests; p is corrected. ``reference_share``: in the reference, or the one to expect."""

    name: str
    share: float
    reference_share: float
    p: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Drift:
    """The drift of a window: the section "drift" of the report.

    Attributes:
        reason: why nothing about the rows could be judged; "" if it could.
        tests: how many the p-values are corrected for.
    """

    verdict: Verdict
    reason: str
    alpha: float
    effect: float
    tests: int
    columns: list[ColumnDrift]
    shares: list[ShareDrift]
    joint: JointDrift


def judge_drift(
    profile: Profile,
    reference: Reference,
    *,
    alpha: float = ALPHA,
    effect: float = EFFECT,
    signature: Signature | None = None,
    refused: tuple[int, int] | None = None,
    baseline: Baseline | None = None,
) -> Drift:
    """Compare the rows of a window with the reference.

    Args:
        alpha: the chance of a false alarm in one report.
        effect: the shift that matters, in standard deviations.
        signature: for labels and units.
        refused: how many requests were refused, and how many came.
        baseline: of the reference, if it is known already.
    """
    baseline = baseline or Baseline.of(reference)
    indexes = range(len(reference.columns))
    tests = [column_tests(profile, baseline, index, effect) for index in indexes]
    shares = share_tests(profile, baseline, refused)
    pairs = correlation_tests(profile, baseline, effect)
    results = _correct(
        ([result for column in tests for result in column.values()], COLUMNS_WEIGHT),
        ([share.result for share in shares], SHARES_WEIGHT),
        ([pair.result for pair in pairs], CORRELATIONS_WEIGHT),
    )
    criteria = Criteria(alpha, effect, column_level(len(reference.columns), alpha), _lacking(profile))
    columns = [
        describe_column(
            profile,
            baseline,
            index,
            tests[index],
            [share for share in shares if share.column == index],
            criteria,
            signature,
        )
        for index in indexes
    ]
    judged = [
        ShareDrift(
            share.name,
            share.share,
            share.reference,
            share.result.adjusted,
            "cannot_judge"
            if criteria.lacking and share.column is not None
            else "drift"
            if share.result.alarms(alpha)
            else "calm",
        )
        for share in shares
    ]
    joint = JointDrift("cannot_judge", [], None) if criteria.lacking else joint_drift(profile, baseline, pairs, alpha)
    verdicts = {joint.verdict, *(item.verdict for item in columns), *(item.verdict for item in judged)}
    verdict: Verdict = "drift" if "drift" in verdicts else "cannot_judge" if "cannot_judge" in verdicts else "calm"
    return Drift(verdict, criteria.lacking, alpha, effect, len(results), columns, judged, joint)


def _lacking(profile: Profile) -> str:
    """Return why the rows of the window can't be judged; "" if they can."""
    if profile.requests < MIN_REQUESTS:
        return words.too_few_requests(profile.requests)
    if equal_requests(profile.missing_sums)[0] < MIN_EQUAL_REQUESTS:
        return words.UNEQUAL
    return ""


def _correct(*families: tuple[list[Result], float]) -> list[Result]:
    """Set the corrected p-values: by Holm over all, where the tests of a family share its weight. Return all tests."""
    results = [result for family, _ in families for result in family]
    weights = [weight / len(family) for family, weight in families for _ in family]
    for result, adjusted in zip(results, adjust([result.p for result in results], weights), strict=True):
        result.adjusted = adjusted
    return results
