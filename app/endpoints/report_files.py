"""The monitor's reports, as files that it leaves in the folder of the logs. Each is read again when it has changed.

Whatever the files hold, the service only shows it: a file that is no report is named, and the others are shown.
"""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

FORMAT = 1
VERDICTS = ("accuracy", "drift", "cannot_judge", "calm")
MAX_BYTES = 1 << 22  # a report on 1,000 inputs has half of it; parsed it takes up to 40 times as much memory
MAX_VERDICTS = 90
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NAME = re.compile(rf"report-({DAY.pattern})\.json", re.ASCII)
# What makes a JSON object a report, beside its format and verdict.
_OBJECTS = ("window", "against", "traffic", "drift", "accuracy")
_TEXTS = ("model", "created", "headline", "because")

Json = dict[str, Any]


class ReportFiles:
    """The reports in a folder; it need not be there.

    Attributes:
        folder: ``SERVE_LOGS/MODEL/reports``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[str, tuple[object, Json | None, str]] = {}  # by file name: its state, content, and fault

    @property
    def faults(self) -> dict[str, str]:
        """By file name, why it is not shown; as of the last time that each file was asked for."""
        return {name: fault for name, (_, _, fault) in list(self._kept.items()) if fault}

    def newest(self) -> Json | None:
        """Return the newest day's report; None if there is none."""
        return next((report for name in self._names() if (report := self._read(name))), None)

    def alert(self) -> Json | None:
        """Return the report on the last 24 hours; None if there is none."""
        return self._read("alert.json")

    def verdicts(self) -> list[Json]:
        """Return ``day``, ``verdict``, ``because`` and ``headline`` of each day's report, the newest first."""
        names = self._names()[:MAX_VERDICTS]
        for name in self._kept.keys() - {*names, "alert.json"}:
            self._kept.pop(name, None)
        reports = [(name, report) for name in names if (report := self._read(name))]
        members = ("verdict", "because", "headline")
        return [{"day": name[7:17], **{key: report[key] for key in members}} for name, report in reports]

    def html(self, day: str) -> bytes | None:
        """Return a day's report as an HTML file; None if there is none."""
        if not DAY.fullmatch(day):
            return None
        path = self.folder / f"report-{day}.html"
        try:
            return path.read_bytes() if _is_readable(path.stat()) else None
        except OSError:
            return None

    def _names(self) -> list[str]:
        """Return the names of the days' reports, the newest first.

        Those of days to come are left out: a clock that was wrong once would hide all later reports.
        """
        last = f"report-{datetime.now(UTC):%Y-%m-%d}.json"
        try:
            names = [file.name for file in self.folder.iterdir() if _NAME.fullmatch(file.name) and file.name <= last]
        except OSError:
            return []
        return sorted(names, reverse=True)

    def _read(self, name: str) -> Json | None:
        path = self.folder / name
        try:
            status = path.stat()
        except OSError:
            self._kept.pop(name, None)
            return None
        state = (status.st_mtime_ns, status.st_size, status.st_ino)
        kept = self._kept.get(name)
        if kept is not None and kept[0] == state:
            return kept[1]
        report, fault = None, ""
        try:
            if not _is_readable(status):
                raise ValueError("it is no plain file, or too large")
            report = _checked(orjson.loads(path.read_bytes()))
        except (OSError, ValueError) as error:
            fault = f"{name} is not shown: {error}"
        self._kept[name] = (state, report, fault)
        return report


def _checked(content: Any) -> Json:
    """Return the content of a report's file.

    Raises:
        ValueError: if it is something else, or nested too deeply to be sent.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"expected a report of format {FORMAT}")
    if content.get("verdict") not in VERDICTS:
        raise ValueError("it has no verdict")
    wrong = [name for name in _OBJECTS if not isinstance(content.get(name), dict)]
    wrong += [name for name in _TEXTS if not isinstance(content.get(name), str)]
    if wrong:
        raise ValueError(f"{wrong[0]} is missing, or of another type")
    try:
        orjson.dumps({"report": content})
    except TypeError as error:
        raise ValueError(str(error)) from error
    return content


def _is_readable(status: os.stat_result) -> bool:
    """Return whether a file is a plain one of a sensible size: reading a pipe would wait for its other end."""
    return stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES
