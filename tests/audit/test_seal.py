"""Seals of log files, and what is found when a sealed file was changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.settings import Settings
from audit.seal import find_changed_files, seal
from journal import daily_files
from registry import VersionStore
from tests.app.requests import ROW
from tests.journal.truths import truths_in
from tests.registry.conftest import ANN, flip_bits, run

pytestmark = pytest.mark.slow


@pytest.fixture
def old(settings: Settings, make_app: Callable[..., Flask]) -> list[Path]:
    """The log files of a day that is over."""
    client = make_app(now=datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp).test_client()
    for _ in range(3):
        client.post("/predict_json", json=ROW)
    client.post("/predict_json?explain=1", json=[ROW] * 4)
    for actual in (1, 2):
        client.post("/feedback", json={"request_id": "a", "actual": actual})
    return sorted((settings.logs / "boston").glob("*.csv"))


def test_the_files_of_finished_days_are_sealed_once(
    old: list[Path], settings: Settings, store: VersionStore, make_app: Callable[..., Flask]
) -> None:
    make_app().test_client().post("/predict_json", json=ROW)
    done = run(settings, "audit", "seal", "--by", "ann")
    streams = ("requests", "predictions", "explanations", "feedback")
    assert done.stdout.splitlines() == [f"{stream}-2026-11-01.csv: sealed" for stream in streams]
    assert run(settings, "audit", "seal").stdout == ""
    lines = [line.content for line in store.history.entries()]
    assert [(line["action"], line.get("rows"), line["by"]) for line in lines[2:]] == [
        ("seal", rows, "ann") for rows in (6, 7, 4, 2)
    ]
    assert run(settings, "audit", "check").returncode == 0


def test_a_request_that_ends_after_its_day_was_sealed_is_read_with_it_and_no_seal_calls_it_tampered(
    old: list[Path], settings: Settings, store: VersionStore, make_app: Callable[..., Flask]
) -> None:
    logs = settings.logs / "boston"
    late = make_app(now=datetime(2026, 11, 1, 23, 59, tzinfo=UTC).timestamp).test_client()
    late.post("/predict_json", json=ROW)  # its worker has the day's files open
    assert len(seal(store, logs, datetime.now(UTC), ANN)) == 4
    assert late.post("/predict_json", json=ROW, headers={"X-Request-ID": "late"}).status_code == 200
    assert late.post("/feedback", json={"request_id": "late", "actual": 3}).status_code == 200
    today = datetime.now(UTC).date().isoformat()
    assert [path.name for path in daily_files(logs, "requests")] == [
        "requests-2026-11-01.csv",
        f"requests-2026-11-01.late-{today}.csv",
    ]
    assert list(find_changed_files(store, logs)) == []
    done = run(settings, "audit", "check")
    assert (done.returncode, f"predictions-2026-11-01.late-{today}.csv: 1 rows, 0 torn" in done.stdout) == (0, True)
    assert f"feedback-2026-11-01.late-{today}.csv: 1 rows, 0 torn" in done.stdout
    traced = run(settings, "audit", "trace", "late")
    assert (traced.returncode, "GROUND TRUTH (1)" in traced.stdout) == (0, True)
    assert [truth.actual for truth in truths_in(logs)] == [1, 2, 3]
    names = seal(store, logs, datetime.now(UTC) + timedelta(days=2), ANN)
    assert names == [f"{stream}-2026-11-01.late-{today}.csv" for stream in ("requests", "predictions", "feedback")]
    assert list(find_changed_files(store, logs)) == []


def test_a_bit_that_flips_anywhere_in_a_sealed_log_is_found_and_the_file_named(
    old: list[Path], settings: Settings, store: VersionStore
) -> None:
    seal(store, settings.logs / "boston", datetime.now(UTC), ANN)
    for path in old:
        for _ in flip_bits(path):
            (fault,) = find_changed_files(store, settings.logs / "boston")
            assert path.name in fault
    assert list(find_changed_files(store, settings.logs / "boston")) == []


def test_a_sealed_log_that_was_shortened_or_removed_is_found(old: list[Path], settings: Settings) -> None:
    run(settings, "audit", "seal")
    old = [path for path in old if path.name.startswith("feedback")]
    lines = old[0].read_bytes().splitlines(keepends=True)
    old[0].write_bytes(b"".join(lines[:-1]))
    done = run(settings, "audit", "check")
    assert (done.returncode, "was changed: it has 1 rows; it was sealed on" in done.stderr) == (1, True)
    old[0].unlink()
    done = run(settings, "audit", "check")
    assert (done.returncode, f"{old[0].name}: can't be read" in done.stderr) == (1, True)
