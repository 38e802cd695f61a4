"""The monitor's files as the service reads them: the newest counts, and no file can break what is shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.endpoints.report_files import ReportFiles
from tests.monitor.report.example import of_verdict


def write(folder: Path, name: str, content: object) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_without_a_folder_there_is_no_report(tmp_path: Path) -> None:
    files = ReportFiles(tmp_path / "none")
    assert (files.newest(), files.alert(), files.verdicts(), files.faults) == (None, None, [], {})
    assert files.html("2026-11-25") is None


def test_the_newest_day_is_the_newest_report_and_the_verdicts_go_back_from_it(tmp_path: Path) -> None:
    for day, verdict in (("2026-11-24", "calm"), ("2026-11-25", "drift"), ("2026-11-23", "cannot_judge")):
        write(tmp_path, f"report-{day}.json", of_verdict(verdict))
    write(tmp_path, "alert.json", of_verdict("accuracy"))
    write(tmp_path, "report-2026-11-26.json.new", "{")  # not yet in place
    files = ReportFiles(tmp_path)
    newest, alert = files.newest(), files.alert()
    assert newest is not None
    assert alert is not None
    assert (newest["verdict"], alert["verdict"]) == ("drift", "accuracy")
    assert [(item["day"], item["verdict"], item["because"]) for item in files.verdicts()] == [
        ("2026-11-25", "drift", "Rooms and the prediction"),
        ("2026-11-24", "calm", ""),
        ("2026-11-23", "cannot_judge", "212 rows of 140 requests; 788 more rows are needed"),
    ]


def test_a_report_of_a_day_to_come_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path, "report-2026-11-24.json", of_verdict("drift"))
    write(tmp_path, "report-9998-11-25.json", of_verdict("calm"))  # by a clock that was wrong
    files = ReportFiles(tmp_path)
    assert [item["day"] for item in files.verdicts()] == ["2026-11-24"]
    assert (files.newest() or {})["verdict"] == "drift"


def test_numbers_that_no_float_holds_can_be_sent(tmp_path: Path) -> None:
    write(tmp_path, "alert.json", of_verdict("calm") | {"x": 10**300})
    assert (ReportFiles(tmp_path).alert() or {})["x"] == 1e300


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path, "report-2026-11-25.json", of_verdict("calm"))
    files = ReportFiles(tmp_path)
    first = files.newest()
    assert files.newest() is first
    replacement = write(tmp_path, "new", of_verdict("drift"))
    replacement.replace(path)
    newest = files.newest()
    assert newest is not None
    assert newest["verdict"] == "drift"
    path.unlink()
    assert (files.newest(), files.verdicts()) == (None, [])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "unexpected end of data"),
        ("[" * 100_000, "depth limit"),
        (json.dumps(of_verdict("calm"))[:-1] + ', "x": ' + "[" * 300 + "]" * 300 + "}", "Recursion"),
        (json.dumps(of_verdict("calm") | {"headline": "\ud800"}), "surrogate"),
        ("[]", "expected a report of format 1"),
        ('{"format": 2}', "expected a report of format 1"),
        ('{"format": 1, "verdict": "fine"}', "it has no verdict"),
        ('{"format": 1, "verdict": ["calm"]}', "it has no verdict"),
        ('{"format": 1, "verdict": "calm", "window": NaN}', "unexpected character"),
        ('{"format": 1, "verdict": "calm", "window": {}, "against": 3}', "against is missing, or of another type"),
    ],
)
def test_a_foreign_file_is_named_and_the_report_before_it_is_shown(tmp_path: Path, content: str, fault: str) -> None:
    write(tmp_path, "report-2026-11-24.json", of_verdict("calm"))
    bad = write(tmp_path, "report-2026-11-25.json", content)
    files = ReportFiles(tmp_path)
    newest = files.newest()
    assert newest is not None
    assert newest["verdict"] == "calm"
    assert [item["day"] for item in files.verdicts()] == ["2026-11-24"]
    assert fault in files.faults["report-2026-11-25.json"]
    write(tmp_path, bad.name, of_verdict("drift"))
    assert [item["day"] for item in files.verdicts()] == ["2026-11-25", "2026-11-24"]
    assert files.faults == {}


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report-2026-11-25.json")
    os.mkfifo(tmp_path / "report-2026-11-25.html")
    files = ReportFiles(tmp_path)
    assert files.newest() is None
    assert "no plain file" in files.faults["report-2026-11-25.json"]
    assert files.html("2026-11-25") is None
    assert files.html("../../etc/passwd") is None
    for name in ("report-2026-11-24.json", "report-2026-11-24.html"):
        os.truncate(write(tmp_path, name, ""), 100 << 20)
    assert files.newest() is None
    assert "too large" in files.faults["report-2026-11-24.json"]
    assert files.html("2026-11-24") is None
