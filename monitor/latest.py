"""The newest reports, in files where the service finds them: the one of each day, and the alert.

report-DAY.json, .html    the 7 days before a moment of the day; the last moment of a day gives the day's verdict
alert.json                the last 24 hours, judged so strictly that one look an hour seldom alarms without a reason
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filesystem import lock, only_plain, read_plain, replace
from monitor.report.words import ACCURACY, DRIFT, EXIT_CODES
from registry import CommonSettings

ALERT_ALPHA = 1e-4  # 168 looks, and fewer than 0.5 % of calm weeks with an alarm
_ALARMS = (DRIFT, ACCURACY)
_DAYS = 7
_LOCK_TIMEOUT = 600.0  # seconds
_DAY = timedelta(days=1)


def update(settings: CommonSettings, now: datetime) -> int:
    """Write the reports, and print the headline that matters most. Return its exit code: the verdict.

    Args:
        now: in UTC.

    Raises:
        OSError: if a report can't be written.
        MonitorError: or RegistryError, if none can be made.
    """
    from monitor.report.build import build, to_json  # they need pandas and scipy, and the watch does not
    from monitor.report.render import to_html
    from monitor.window import Window

    reports = settings.log_folder / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    with open(reports / "update.lock", "w", opener=only_plain) as file:
        lock(file.fileno(), _LOCK_TIMEOUT, poll_interval=0.1)
        for end in [*_unfinished(reports, now), now]:
            day = (end - timedelta(microseconds=1)).date()
            first = datetime.combine(day - (_DAYS * _DAY), datetime.min.time(), UTC)
            report = build(settings, Window(first, end)).report
            replace(reports / f"report-{day}.html", to_html(report).encode())
            replace(reports / f"report-{day}.json", to_json(report).encode())
        alert = build(settings, Window(now - _DAY, now), alpha=ALERT_ALPHA).report
        replace(reports / "alert.json", to_json(alert).encode())
    since = f"{_DAYS} days"
    if alert["verdict"] in _ALARMS and report["verdict"] not in _ALARMS:
        report, since = alert, "24 hours"
    print(f"The last {since}: {report['headline']}.")
    return EXIT_CODES[report["verdict"]]


def _unfinished(reports: Path, now: datetime) -> Iterator[datetime]:
    """Yield the end of the last day with a report, if it has passed and the report was made before.

    Reports of days to come are by a clock that was wrong.
    """
    days = sorted(path.stem.removeprefix("report-") for path in reports.glob("report-????-??-??.json"))
    for day in [day for day in days if day <= f"{now:%Y-%m-%d}"][-1:]:
        try:
            end = datetime.fromisoformat(day).replace(tzinfo=UTC) + _DAY
            content = json.loads(read_plain(reports / f"report-{day}.json"))
            until = datetime.fromisoformat(content["window"]["until"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):  # another program's file, or a damaged one
            continue
        if until < end <= now:
            yield end
