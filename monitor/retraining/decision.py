"""The decision: whether the newest reports ask for a retraining.

Worse accuracy asks. Drift alone does not: a model may be right on rows that look new. Drift in two windows in a row
asks, once there are enough truths to learn from. Reads the reports only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filesystem import read_plain
from monitor.errors import MonitorError

MIN_TRUTHS = 500  # in two windows of drift


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as it is in its file: the SHA-256 of its bytes, and its content."""

    sha256: str
    content: dict[str, Any]

    @property
    def until(self) -> datetime:
        """When its window ended, in UTC."""
        return datetime.fromisoformat(self.content["window"]["until"])


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a retraining is asked for.

    Attributes:
        asks: whether it is.
        reason: a sentence that says why, or why not.
        since: where the first of the judged windows begins, as the report has it; empty without a report.
        report_sha256: of the newest report; empty without one.
    """

    asks: bool
    reason: str
    since: str = ""
    report_sha256: str = ""


def read_reports(folder: Path, champion: int) -> list[StoredReport]:
    """Return the daily reports of a folder about a version, the newest first.

    Raises:
        MonitorError: if a file can't be read, or holds no report.
    """
    reports = []
    for path in sorted(folder.glob("report-????-??-??.json"), reverse=True):
        try:
            data = read_plain(path)
            content = json.loads(data)
            _ = content["window"]["since"], content["window"]["until"], content["champion"]
            _ = content["drift"]["verdict"], content["accuracy"]["verdict"]
        except OSError as error:
            raise MonitorError(f"{path}: can't be read ({error.strerror})") from error
        except (ValueError, TypeError, KeyError) as error:
            raise MonitorError(f"{path}: is no report ({error!r}); remove it, and make a new one") from error
        if content["champion"] == champion:
            reports.append(StoredReport(hashlib.sha256(data).hexdigest(), content))
    return reports


def decide(reports: Sequence[StoredReport]) -> Decision:
    """Judge by the newest reports about the champion, the newest first, whether a retraining is asked for."""
    if not reports:
        return Decision(False, "there is no report about the champion; `python -m monitor watch --once` makes one")
    newest = reports[0]
    found, window = newest.content, newest.content["window"]
    span = f"{_day(window['since'])} to {_day(window['until'])}"

    def decision(asks: bool, reason: str, since: str = window["since"]) -> Decision:
        return Decision(asks, reason, since, newest.sha256)

    if found["accuracy"]["verdict"] == "accuracy":
        return decision(True, f"the accuracy is worse than on the version's card, {span}")
    if found["drift"]["verdict"] != "drift":
        cause = "could be judged" if found["verdict"] == "cannot_judge" else "is worse"
        newer = f"{newest.until:%H:%M} UTC; `python -m monitor watch --once` reports anew"
        return decision(False, f"neither accuracy nor drift {cause} from {span}, {newer}")
    earlier = _window_before(reports)
    if earlier is None:
        return decision(
            False, f"there is drift from {span}, but not in the window before; drift alone asks for nothing"
        )
    truths = sum(report.content["accuracy"].get("matched") or 0 for report in (newest, earlier))
    if truths < MIN_TRUTHS:
        return decision(
            False,
            f"there is drift in two windows in a row, but {truths} truths to learn from, and {MIN_TRUTHS} are needed",
        )
    since = earlier.content["window"]["since"]
    return decision(True, f"there is drift in two windows in a row since {_day(since)}, and {truths} truths", since)


def _window_before(reports: Sequence[StoredReport]) -> StoredReport | None:
    """Return the last report whose window ended before the newest one's began, if it and all since found drift.

    The windows of two daily reports overlap: two of those are one window seen twice.
    """
    begin = reports[0].content["window"]["since"]
    for report in reports[1:]:
        if report.content["drift"]["verdict"] != "drift":
            return None
        if report.content["window"]["until"] <= begin:
            return report
    return None


def _day(time: str) -> str:
    return time[:10]
