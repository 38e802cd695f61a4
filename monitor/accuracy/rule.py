"""The rule of accuracy: from the truths of a window to the section "accuracy" of the report.

The section's figures are of the rows that the present champion answered; ``versions`` has those of the others too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from monitor.accuracy.coverage import judge_coverage
from monitor.accuracy.figures import Figures, measure, slices
from monitor.accuracy.representative import judge_representative
from monitor.accuracy.sources import judge_sources
from monitor.drift.result import MIN_REQUESTS
from monitor.logs.levels import LevelsByInput, levels_of
from monitor.logs.rows import IMPLAUSIBLE
from monitor.profiles.profile import ANSWERING, Profile
from monitor.profiles.reference import Reference
from monitor.truth import JoinedTruths, join_truths
from monitor.window import Window
from registry import CHAMPION, RegistryError, Signature, VersionStore

Verdict = Literal["accuracy", "calm", "cannot_judge"]
Expected = dict[str, float]  # the error on a version's card: its "rmse", and "low" and "high" of the 95 % interval


def judge_accuracy(
    logs: Path,
    window: Window,
    store: VersionStore,
    reference: Reference,
    profile: Profile,
    cache: Path | None = None,
) -> tuple[dict[str, Any], JoinedTruths]:
    """Compare the window's predictions with the truth, and the champion's error with what its card promises.

    The verdict is "accuracy" only if the lower end of the error's interval lies above the upper end on the card, with
    truth for at least MIN_REQUESTS requests.

    Args:
        logs: the folder of the model's logs.
        reference: says where the slices begin; the profile was made with it.
        profile: of all rows that were sent in the window, with truth or without.
        cache: the folder to cache joined rows in.

    Returns:
        the section "accuracy" of the report, where a figure that does not exist is NaN or None; and the joined rows.

    Raises:
        RegistryError: if there is no champion, or its signature can't be read.
        ValueError: if the profile was made with another reference.
    """
    champion = store.number_of(CHAMPION)
    signature = store.signature(champion)
    plausible = signature.output.plausible

    def join(levels: LevelsByInput) -> JoinedTruths:
        return join_truths(logs, window, inputs=reference.names[:-1], levels=levels, plausible=plausible, cache=cache)

    joined = join(reference.levels)
    rows = _predicted(joined)
    sent = rows[rows["role"].isin(ANSWERING)]
    own = sent[sent["version"] == champion]
    overall = measure(own)
    expected = _expected(store, champion)
    verdict, reason = _judge(overall, expected)
    newest = joined.rows["told"].max()
    return {
        "verdict": verdict,
        "reason": reason,
        "requests_missing": max(MIN_REQUESTS - overall.requests, 0),
        "metric": "rmse",
        "truths": joined.truths,
        "matched": joined.matched,
        "unknown": joined.unknown,
        "unknown_ids": joined.unknown_ids,
        "ambiguous": joined.ambiguous,
        "superseded": joined.told.superseded,
        "repeated": joined.told.repeated,
        "unusable": joined.told.unusable,
        "share": len(sent) / profile.rows if profile.rows else math.nan,
        "median_delay_seconds": float((sent["told"] - sent["time"]).dt.total_seconds().median()),
        "newest": None if pd.isna(newest) else f"{newest.isoformat(timespec='seconds')}Z",
        "expected": expected,
        "overall": overall.to_json() if overall.rows else None,
        "versions": list(_versions(rows, store, reference.levels, lambda levels: _predicted(join(levels)))),
        "slices": [{"slice": name, **measure(own[inside]).to_json()} for name, inside in slices(own, reference)],
        "days": [{"day": str(day), **measure(of).to_json()} for day, of in own.groupby(own["time"].dt.date)],
        "sources": [asdict(source) for source in judge_sources(own)],
        "representative": judge_representative(sent, profile, reference),
        "intervals": judge_coverage(own, signature),
    }, joined


def _predicted(joined: JoinedTruths) -> pd.DataFrame:
    """Return the rows that have a plausible prediction, with their residual."""
    rows = joined.rows.assign(residual=joined.rows["prediction"].astype(np.float64) - joined.rows["actual"])
    rows = rows[np.isfinite(rows["residual"])]
    # Predictions that are not plausible are never sent; the report's traffic counts them.
    not_sent = [flags for flags in rows["flags"].unique() if IMPLAUSIBLE in flags]
    sent: pd.DataFrame = rows[~rows["flags"].isin(not_sent)]
    return sent


def _judge(figures: Figures, expected: Expected | None) -> tuple[Verdict, str]:
    missing = MIN_REQUESTS - figures.requests
    if missing > 0:
        known = f"the truth is known for {figures.requests} requests that the champion answered"
        return "cannot_judge", f"{known}; a verdict takes {MIN_REQUESTS}, so {missing} are missing"
    if expected is None:
        return "cannot_judge", "the champion's card names no error to compare with"
    rmse = f"RMSE {figures.rmse.value:.3g} ({figures.rmse.low:.3g} to {figures.rmse.high:.3g})"
    card = f"{expected['rmse']:.3g} ({expected['low']:.3g} to {expected['high']:.3g}) on its card"
    if figures.rmse.low > expected["high"]:
        return "accuracy", f"the champion's error is larger than expected: {rmse}, against {card}"
    return "calm", f"the champion's error is not larger than expected: {rmse}, against {card}"


def _expected(store: VersionStore, version: int) -> Expected | None:
    """Return the error on a version's card; None if it names none, or is gone with the version."""
    try:
        card = store.card(version)
        low, high = card["intervals"]["rmse"]
        return {"rmse": float(card["cv"]["rmse"]), "low": float(low), "high": float(high)}
    except (RegistryError, KeyError, TypeError, ValueError):
        return None


def _versions(
    rows: pd.DataFrame, store: VersionStore, levels: LevelsByInput, read: Callable[[LevelsByInput], pd.DataFrame]
) -> Iterator[dict[str, Any]]:
    """Yield the figures of each version in each role.

    Args:
        levels: which the rows were read with. read: reads them with those of another version, whose codes may differ.
    """
    for version in sorted(map(int, rows["version"].unique())):
        expected, signature = _expected(store, version), _signature(store, version)
        if signature and signature.interval and levels_of(signature) != levels:
            rows = read(levels := levels_of(signature))
        for role, part in rows[rows["version"] == version].groupby("role"):
            figures = measure(part)
            verdict = _judge(figures, expected)[0]
            yield {
                "version": version,
                "role": role,
                **figures.to_json(),
                "expected": expected,
                "verdict": verdict,
                "intervals": judge_coverage(part, signature) if signature else None,
            }


def _signature(store: VersionStore, version: int) -> Signature | None:
    """Return the signature of a version; None if it is gone with the version."""
    try:
        return store.signature(version)
    except RegistryError:
        return None
