"""The rule of accuracy: from the truths of a window to the section "accuracy" of the report.

The section's figures are of the rows that the present champion answered; ``versions`` has those of the others too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.accuracy.figures import Figures, measure, slices
from monitor.accuracy.representative import Representative, judge_representative
from monitor.accuracy.sources import Source, judge_sources
from monitor.drift.result import MIN_REQUESTS
from monitor.logs.rows import IMPLAUSIBLE
from monitor.profiles.profile import ANSWERING, Profile
from monitor.profiles.reference import Reference
from monitor.truth import JoinedTruths, join_truths
from monitor.window import Window
from registry import CHAMPION, RegistryError, VersionStore

Verdict = Literal["accuracy", "calm", "cannot_judge"]


@dataclass(frozen=True, slots=True)
class Expected:
    """The error that a version's card promises: RMSE in cross-validation, and the 95 % interval on the test rows."""

    rmse: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class VersionAccuracy:
    """The accuracy of a version in a role."""

    version: int
    role: str
    figures: Figures
    expected: Expected | None
    verdict: Verdict


@dataclass(frozen=True)
class Accuracy:
    """The section "accuracy" of the report.

    Attributes:
        reason: the verdict in a sentence.
        requests_missing: how many more requests with truth a verdict takes.
        share: of the rows that were sent, those with truth; NaN if the number of rows is not known.
        delay: the median time from prediction to truth, in seconds; NaN without truths.
    """

    verdict: Verdict
    reason: str
    requests_missing: int
    joined: JoinedTruths
    share: float
    delay: float
    expected: Expected | None
    overall: Figures
    versions: list[VersionAccuracy]
    slices: dict[str, Figures]
    days: dict[str, Figures]
    sources: list[Source]
    representative: Representative | None

    def to_json(self) -> dict[str, Any]:
        """Return the section as the report has it; a figure that does not exist is NaN or None."""
        joined, newest = self.joined, self.joined.rows["told"].max()
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "requests_missing": self.requests_missing,
            "metric": "rmse",
            "truths": joined.truths,
            "matched": joined.matched,
            "unknown": joined.unknown,
            "unknown_ids": joined.unknown_ids,
            "ambiguous": joined.ambiguous,
            "superseded": joined.told.superseded,
            "repeated": joined.told.repeated,
            "unusable": joined.told.unusable,
            "share": self.share,
            "median_delay_seconds": self.delay,
            "newest": None if pd.isna(newest) else f"{newest.isoformat(timespec='seconds')}Z",
            "expected": self.expected and asdict(self.expected),
            "overall": self.overall.to_json() if self.overall.rows else None,
            "versions": [
                {
                    "version": of.version,
                    "role": of.role,
                    **of.figures.to_json(),
                    "expected": of.expected and asdict(of.expected),
                    "verdict": of.verdict,
                }
                for of in self.versions
            ],
            "slices": [{"slice": name, **figures.to_json()} for name, figures in self.slices.items()],
            "days": [{"day": day, **figures.to_json()} for day, figures in self.days.items()],
            "sources": [asdict(source) for source in self.sources],
            "representative": self.representative and asdict(self.representative),
            "intervals": None,  # of a model that predicts intervals: how many truths they cover
        }


def judge_accuracy(
    logs: Path,
    window: Window,
    store: VersionStore,
    reference: Reference,
    *,
    profile: Profile | None = None,
    cache: Path | None = None,
) -> Accuracy:
    """Compare the window's predictions with the truth, and the champion's error with what its card promises.

    The verdict is "accuracy" only if the lower end of the error's interval lies above the upper end on the card, with
    truth for at least MIN_REQUESTS requests.

    Args:
        logs: the folder of the model's logs.
        reference: says where the slices begin; if there is a profile, the reference that it was made with.
        profile: of all rows that were sent in the window, with or without truth; without it, nobody can say whether
            those with truth are like the others.
        cache: the folder to cache joined rows in.

    Raises:
        RegistryError: if there is no champion, or its signature can't be read.
        ValueError: if the profile was made with another reference.
    """
    champion = store.number_of(CHAMPION)
    plausible = store.signature(champion).output.plausible
    joined = join_truths(
        logs, since=window.since, until=window.until, inputs=reference.names[:-1], plausible=plausible, cache=cache
    )
    rows = joined.rows.assign(residual=joined.rows["prediction"].astype(np.float64) - joined.rows["actual"])
    rows = rows[np.isfinite(rows["residual"])]
    not_sent = [flags for flags in rows["flags"].unique() if IMPLAUSIBLE in flags]
    sent = rows[rows["role"].isin(ANSWERING) & ~rows["flags"].isin(not_sent)]
    own = sent[sent["version"] == champion]
    overall = measure(own)
    expected = _expected(store, champion)
    verdict, reason = _judge(overall, expected)
    return Accuracy(
        verdict=verdict,
        reason=reason,
        requests_missing=max(MIN_REQUESTS - overall.requests, 0),
        joined=joined,
        share=len(sent) / profile.rows if profile and profile.rows else math.nan,
        delay=float((sent["told"] - sent["time"]).dt.total_seconds().median()),
        expected=expected,
        overall=overall,
        versions=list(_versions(rows, store)),
        slices={name: measure(own[inside]) for name, inside in slices(own, reference)},
        days={str(day): measure(part) for day, part in own.groupby(own["time"].dt.date)},
        sources=judge_sources(own),
        representative=judge_representative(sent, profile, reference) if profile else None,
    )


def _judge(figures: Figures, expected: Expected | None) -> tuple[Verdict, str]:
    missing = MIN_REQUESTS - figures.requests
    if missing > 0:
        known = f"the truth is known for {figures.requests} requests that the champion answered"
        return "cannot_judge", f"{known}; a verdict takes {MIN_REQUESTS}, so {missing} are missing"
    if expected is None:
        return "cannot_judge", "the champion's card names no error to compare with"
    rmse = f"RMSE {figures.rmse.value:.3g} ({figures.rmse.low:.3g} to {figures.rmse.high:.3g})"
    card = f"{expected.rmse:.3g} ({expected.low:.3g} to {expected.high:.3g}) on its card"
    if figures.rmse.low > expected.high:
        return "accuracy", f"the champion's error is larger than expected: {rmse}, against {card}"
    return "calm", f"the champion's error is not larger than expected: {rmse}, against {card}"


def _expected(store: VersionStore, version: int) -> Expected | None:
    """Return the error on a version's card; None if it names none, or is gone with the version."""
    try:
        card = store.card(version)
        low, high = card["intervals"]["rmse"]
        return Expected(float(card["cv"]["rmse"]), float(low), float(high))
    except (RegistryError, KeyError, TypeError, ValueError):
        return None


def _versions(rows: pd.DataFrame, store: VersionStore) -> Iterator[VersionAccuracy]:
    for version in sorted(map(int, rows["version"].unique())):
        expected = _expected(store, version)
        for role, part in rows[rows["version"] == version].groupby("role"):
            figures = measure(part)
            yield VersionAccuracy(version, str(role), figures, expected, _judge(figures, expected)[0])
