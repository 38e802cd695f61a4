"""A report over real files: its numbers are those of the logs, and its verdict what was put into them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.settings import Settings
from monitor.errors import MonitorError
from monitor.report.build import build, finite, to_json
from monitor.report.render import to_html, to_text
from monitor.window import Window
from registry import NotPublishedError
from tests.conftest import as_user
from tests.monitor.report.conftest import NOW, WriteLogs

WINDOW = Window(NOW - timedelta(days=7), NOW)


def build_report(*arguments: Any, **options: Any) -> dict[str, Any]:
    return build(*arguments, **options).report


def test_calm_logs_give_a_calm_report_with_the_figures_of_the_logs(houses: Settings, write_logs: WriteLogs) -> None:
    write_logs(1500, refused=4, error="tax: 9999 lies outside the limits 0 to 2000")
    report = build_report(houses, WINDOW)
    assert report["verdict"] == "calm", report["headline"]
    assert report["window"] | {"since": "", "until": ""} == {"since": "", "until": "", "rows": 1500, "requests": 1500}
    assert (report["against"]["source"], report["against"]["rows"], report["champion"]) == ("training", 2000, 1)
    traffic = report["traffic"]
    assert [traffic[name] for name in ("requests", "answers", "refused", "errors")] == [1504, 1500, 4, 0]
    assert traffic["latency_ms"]["median"] == pytest.approx(2.5, rel=0.03)
    assert traffic["refusals"] == [{"input": "tax", "requests": 4}]
    assert sum(hour["answers"] for hour in traffic["series"]) == 1500
    assert [traffic["series"][place]["time"] for place in (0, -1)] == ["2026-11-18T12", "2026-11-25T11"]
    assert len(traffic["series"]) == 7 * 24
    assert [column["name"] for column in report["drift"]["columns"]] == ["rm", "tax", "age", "prediction"]
    assert sum(day["rows"] for day in report["drift"]["days"]) == 1500
    assert report["accuracy"]["truths"] == 0
    assert "Accuracy: no true values are known for this window; `POST /feedback` takes them." in report["not_judged"]
    assert json.loads(to_json(report)) == report


def test_shifted_logs_give_drift_in_the_input_and_the_prediction(houses: Settings, write_logs: WriteLogs) -> None:
    write_logs(1500, shift=0.5)
    report = build_report(houses, WINDOW)
    verdicts = {column["name"]: column["verdict"] for column in report["drift"]["columns"]}
    assert verdicts == {"rm": "drift", "tax": "calm", "age": "calm", "prediction": "drift"}
    shift = report["drift"]["columns"][0]["shift_sd"]
    assert shift == pytest.approx(0.5, abs=0.1)
    assert report["headline"] == (
        f"Drift: Rooms is {shift:.2f} standard deviations higher than in training; also the prediction"
    )
    for drawn in (to_html(report), to_text(report)):
        assert report["headline"] in drawn


def test_a_shadow_with_the_smaller_error_is_compared_and_advised(houses: Settings, write_logs: WriteLogs) -> None:
    write_logs(300)
    for path in sorted(houses.log_folder.glob("predictions-*.csv")):
        header, *lines = path.read_text().splitlines()
        rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
        for row in rows:  # the truth is 2 larger than what the champion said, and 1 than what the shadow says
            row["actual"] = str(float(row["prediction"]) + 2)
            row["prediction"] = str(float(row["prediction"]) + 1)
            row |= {"version": "2", "role": "shadow"}
        with path.open("a") as file:
            file.writelines(",".join(row[name] for name in header.split(",")) + "\n" for row in rows)
        truths = [f"{row['time']},{row['request_id']},{row['row']},{row['actual']},,survey,,192.0.2.1" for row in rows]
        text = "\n".join(["time,request_id,row,actual,measured_at,source,comment,client", *truths, ""])
        path.with_name(path.name.replace("predictions", "feedback")).write_text(text)
    report = build_report(houses, WINDOW)
    assert report["accuracy"]["matched"] == 300
    assert report["accuracy"]["overall"]["rmse"] == pytest.approx(2, abs=1e-4)
    (pair,) = report["comparisons"]
    assert (pair["first"], pair["second"], pair["role"], pair["rows"]) == (1, 2, "shadow", 300)
    assert pair["difference"]["mean"] == pytest.approx(1, abs=1e-4)
    assert (
        "Version 2 (shadow) predicts 1 more than version 1, on average of 300 rows; "
        "RMSE 1 against 2 on 300 rows with a true value: better." in report["findings"]
    )
    assert any("`python -m registry promote 2 --reason …`" in sentence for sentence in report["actions"])
    assert "2 less 1 <small>shadow</small>" in to_html(report)


def test_few_requests_can_not_be_judged(houses: Settings, write_logs: WriteLogs) -> None:
    write_logs(12)
    report = build_report(houses, WINDOW)
    assert (report["verdict"], report["window"]["rows"]) == ("cannot_judge", 12)
    assert report["headline"] == "Can't judge: a verdict needs 30 requests, and there are 12"
    write_logs(60)
    report = build_report(houses, WINDOW)
    assert re.fullmatch(r"Can't judge: 72 rows of \d+ requests; \d+ more rows are needed", report["headline"])


def test_a_window_without_a_request_is_drawn_too(houses: Settings, write_logs: WriteLogs) -> None:
    write_logs(12)
    report = build_report(houses, Window(NOW + timedelta(days=3), NOW + timedelta(days=4)))
    assert (report["verdict"], report["traffic"]["series"]) == ("cannot_judge", [])
    assert "No request is in the logs of this window." in to_html(report)
    assert "no rows of no requests" in to_text(report)


def test_what_is_missing_is_said_with_where_and_what_to_do(houses: Settings, write_logs: WriteLogs) -> None:
    with pytest.raises(MonitorError, match="logs/boston: has no logs yet"):
        build_report(houses, WINDOW)
    with pytest.raises(NotPublishedError, match="no version is champion yet"):
        build_report(replace(houses, model="other"), WINDOW)
    write_logs(1)
    with pytest.raises(MonitorError, match="no window of boston is pinned yet; `python -m monitor pin` pins one"):
        build_report(houses, WINDOW, against="pinned")


def test_a_folder_that_may_not_be_read_is_named(
    houses: Settings, write_logs: WriteLogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_logs(1)
    houses.log_folder.chmod(0)
    for path in (houses.logs.parent, *houses.models.rglob("*")):
        path.chmod(0o755)
    monkeypatch.chdir(houses.logs.parent)
    relative = replace(houses, models=Path(houses.models.name), logs=Path(houses.logs.name))
    with pytest.raises(MonitorError, match="run this as the user of the service"), as_user(65534, group=65534):
        build_report(relative, WINDOW)


def test_json_has_no_number_that_is_none() -> None:
    value = {"a": [np.float32(1.5), float("nan"), np.int64(3)], 1: (float("inf"), np.array([1.0, np.nan]))}
    assert finite(value) == {"a": [1.5, None, 3], "1": [None, [1.0, None]]}
    assert finite(["a\x1b[2J\x9b\u202e\0é", "x" * 2000]) == ["a\\x1b[2J\\x9b\\u202e\\x00é", "x" * 1000]
