"""The rule: a change is drift if it is more than chance, corrected over all tests of the report, and large enough.

docs/monitoring.md says how often the rule is wrong.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from monitor.drift.columns import ColumnDrift, column_tests, describe_column
from monitor.drift.joint import JointDrift, correlation_tests, joint_drift
from monitor.drift.result import MIN_EQUAL_REQUESTS, MIN_REQUESTS, Result, Verdict
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
    """The drift of a window: the section "drift" of the report. ``tests``: how many the p-values are corrected for."""

    verdict: Verdict
    alpha: float
    effect: float
    tests: int
    columns: list[ColumnDrift]
    shares: list[ShareDrift]
    joint: JointDrift

    def to_json(self) -> dict[str, Any]:
        """Return the section as JSON has it; a figure that does not exist, or is infinite, is None."""
        section: dict[str, Any] = _finite(asdict(self))
        return section


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
    equal = float(equal_requests(profile.missing_sums)[0])
    enough = profile.requests >= MIN_REQUESTS and equal >= MIN_EQUAL_REQUESTS
    columns = [
        describe_column(
            profile,
            baseline,
            index,
            tests[index],
            [share for share in shares if share.column == index],
            enough=enough,
            alpha=alpha,
            effect=effect,
            level=column_level(len(reference.columns), alpha),
            signature=signature,
        )
        for index in indexes
    ]
    judged = [
        ShareDrift(
            share.name,
            share.share,
            share.reference,
            share.result.adjusted,
            ("drift" if share.result.alarms(alpha) else "calm") if enough or share.column is None else "cannot_judge",
        )
        for share in shares
    ]
    joint = joint_drift(profile, baseline, pairs, alpha) if enough else JointDrift("cannot_judge", [], None)
    verdicts: set[Verdict] = {
        joint.verdict,
        *(column.verdict for column in columns),
        *(share.verdict for share in judged),
    }
    verdict: Verdict = "cannot_judge" if not enough or "cannot_judge" in verdicts else "calm"
    return Drift("drift" if "drift" in verdicts else verdict, alpha, effect, len(results), columns, judged, joint)


def _correct(*families: tuple[list[Result], float]) -> list[Result]:
    """Set the corrected p-values: by Holm over all, where the tests of a family share its weight. Return all tests."""
    results = [result for family, _ in families for result in family]
    weights = [weight / len(family) for family, weight in families for _ in family]
    for result, adjusted in zip(results, adjust([result.p for result in results], weights), strict=True):
        result.adjusted = adjusted
    return results


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
