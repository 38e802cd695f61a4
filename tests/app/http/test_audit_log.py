"""The audit log: both rows or none, on the day on which the request arrived."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.errors import NotReady
from app.http.audit_log import AuditLog
from app.http.context import RequestContext, start_request
from app.results import Attempt
from app.settings import Settings
from journal import LogReader, daily_files
from tests.app.requests import FullDisk, logged

ROWS = np.array([[6, 250, 66.5]], np.float32)


def context(arrived: datetime, method: str = "POST") -> RequestContext:
    request = start_request({"REQUEST_METHOD": method, "PATH_INFO": "/predict_json"}, arrived)
    request.attempts.append(Attempt("boston", 1, "champion", ROWS, ROWS[:, 0]))
    return request


def audit_log(folder: Path, write: object = os.write) -> AuditLog:
    log = AuditLog(folder, "write", write)  # type: ignore[arg-type]
    log.set_inputs(("rm", "tax", "age"))
    return log


def test_a_request_that_began_before_midnight_is_logged_on_its_day(tmp_path: Path) -> None:
    log = audit_log(tmp_path)
    log.append(context(datetime(2026, 11, 23, 23, 59, 59, 999_999, UTC)), 200)
    log.append(context(datetime(2026, 11, 24, tzinfo=UTC)), 200)
    for stream in ("requests", "predictions"):
        files = daily_files(tmp_path, stream)
        assert [path.stem[-10:] for path in files] == ["2026-11-23", "2026-11-24"]
        times = [row["time"] for path in files for row in LogReader(path)]
        assert times == ["2026-11-23T23:59:59.999999Z", "2026-11-24T00:00:00.000000Z"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_has_no_row(tmp_path: Path, method: str) -> None:
    request = context(datetime(2026, 11, 23, tzinfo=UTC), method)
    request.attempts.clear()
    audit_log(tmp_path).append(request, 200)
    assert daily_files(tmp_path, "requests") == []


@pytest.mark.parametrize("broken", ["requests", "predictions"])
def test_if_one_row_cannot_be_written_neither_is_left(tmp_path: Path, broken: str) -> None:
    disk = FullDisk(broken)
    settings = Settings(logs=tmp_path)
    log = audit_log(settings.log_folder, disk)
    request = context(datetime(2026, 11, 23, tzinfo=UTC))
    with pytest.raises(NotReady, match="^the log can't be written, so there is no answer: try again later$"):
        log.append(request, 200)
    with pytest.raises(NotReady, match="No space left on device"):
        log.check()
    disk.failing = range(0)
    log.check()
    log.append(request, 200)
    assert len(logged(settings, "requests")) == len(logged(settings, "predictions")) == 1
