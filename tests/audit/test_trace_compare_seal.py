"""What the logs and the registry say together: traces, comparisons and seals, as commands over real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app.settings import Settings
from registry import Actor, VersionStore
from registry.promotion import promote, shadow
from tests.app.requests import logged
from tests.conftest import TRICKY, WORSE, publish
from tests.e2e.server import wait_until

pytestmark = pytest.mark.slow

ANN = Actor("ann", "looks good")
ROW = [6, 250, 66.5]


def run(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """One of the packages' commands."""
    environ = {**os.environ, "SERVE_MODELS": str(settings.models), "SERVE_LOGS": str(settings.logs)}
    return subprocess.run([sys.executable, "-m", *words], env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def answered(settings: Settings, make_app: Callable[..., Flask]) -> VersionStore:
    """A request of 2 days ago with the id "mine", answered by version 2 that ann let be champion."""
    publish(settings.models, by="bob")
    store = VersionStore(settings.models, "boston")
    promote(store, 2, "champion", ANN)
    client = make_app(now=lambda: datetime.now(UTC)).test_client()
    reply = client.post("/predict_json", json=[ROW, [7, 300, 10]], headers={"X-Request-ID": "mine"})
    assert reply.status_code == 200
    return store


def test_a_trace_tells_the_rows_the_version_and_who_signed_it_off(answered: VersionStore, settings: Settings) -> None:
    done = run(settings, "audit", "trace", "mine", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["request"]["body"] == "[[6, 250, 66.5], [7, 300, 10]]"
    assert [row["rm"] for row in found["predictions"]] == ["6.0", "7.0"]
    (version,) = found["versions"]
    assert (version["version"], version["trained_by"], version["files"]) == (2, "bob", "as published")
    assert version["sha256"] == answered.check(2).digest
    assert [(line["action"], line["by"]) for line in version["signed_off"]] == [("publish", "bob"), ("promote", "ann")]
    assert found["faults"] == []


def test_a_trace_is_one_page_for_a_person(answered: VersionStore, settings: Settings) -> None:
    page = run(settings, "audit", "trace", "mine").stdout
    for text in ("REQUEST", "PREDICTIONS (2)", "VERSION 2", "signed off", "looks good", "as published", "No fault"):
        assert text in page


def test_a_trace_names_what_is_not_as_it_was(answered: VersionStore, settings: Settings) -> None:
    (answered.folder / "2" / "card.json").write_text("{}")
    done = run(settings, "audit", "trace", "mine")
    assert done.returncode == 1
    assert "card.json was changed" in done.stdout
    history = answered.folder / "history.jsonl"
    history.write_bytes(history.read_bytes().replace(b"looks good", b"looks fine"))
    assert "line 3: was changed" in run(settings, "audit", "trace", "mine").stdout


def test_an_answer_of_a_version_that_is_retired_now_is_traced_like_any_other(
    answered: VersionStore, settings: Settings
) -> None:
    promote(answered, 1, "champion", ANN, override=True)
    answered.aliases.retire(2, ANN)
    done = run(settings, "audit", "trace", "mine", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert [version["files"] for version in found["versions"]] == ["as published"]
    assert found["faults"] == []


def test_what_a_client_sent_moves_no_cursor_of_who_reads_its_trace(
    answered: VersionStore, settings: Settings, make_app: Callable[..., Flask]
) -> None:
    client = make_app().test_client()
    client.post("/predict_json", data="[6, \x1b[2J\nNo fault", headers={"X-Request-ID": "odd"})
    done = run(settings, "audit", "trace", "odd")
    assert r"[6, \x1b[2J\nNo fault" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_file_without_a_good_row_is_no_lost_answer(settings: Settings, make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    assert client.post("/predict_csv", data="rm,tax,age\nx,1,1\n", content_type="text/csv").status_code == 200
    assert client.post("/predict_json", json=ROW).status_code == 200
    done = run(settings, "audit", "check")
    assert (done.returncode, done.stderr) == (0, "")


def test_rows_without_a_number_are_counted_apart_in_a_comparison(
    settings: Settings, make_app: Callable[..., Flask]
) -> None:
    shadow(VersionStore(settings.models, "boston"), publish(settings.models, model_file=TRICKY), ANN)
    client = make_app().test_client()
    for row in ([6, 250, 66.5], [11.5, 250, 66.5]):  # the second gets NaN of the shadow
        assert client.post("/predict_json", json=row).status_code == 200
    wait_until(lambda: len([row for row in logged(settings, "predictions") if row["role"] == "shadow"]) == 2, "both")
    done = run(settings, "monitor", "compare", "1", "2")
    assert done.returncode == 0, done.stderr
    assert (
        "1 rows of version 1 and version 2 for the same requests; on 1 more, one of them gave no number" in done.stdout
    )


def test_an_unknown_id_is_told_so(answered: VersionStore, settings: Settings) -> None:
    done = run(settings, "audit", "trace", "other")
    assert (done.returncode, "no request has the id other" in done.stderr) == (1, True)


def test_two_versions_are_compared_on_the_requests_that_both_saw(
    settings: Settings, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    publish(settings.models, model_file=WORSE)
    shadow(VersionStore(settings.models, "boston"), 2, ANN)
    client = make_app().test_client()
    for rooms in (5, 6, 7):
        client.post("/predict_json", json=[[rooms, 250, 66.5]] * 10)
    wait_until(lambda: len(logged(settings, "predictions")) == 60, "the shadow's rows")
    svg = tmp_path / "difference.svg"
    done = run(settings, "monitor", "compare", "1", "2", "--over", "9.5", "--plot", str(svg))
    assert done.returncode == 0, done.stderr
    assert "30 rows of version 1 and version 2" in done.stdout
    assert "2 less 1: mean 10, standard deviation" in done.stdout
    assert "100.00% differ by more than 9.5" in done.stdout
    assert "<svg" in svg.read_text()
    assert "0.00% differ by more than 10.5" in run(settings, "monitor", "compare", "1", "2", "--over", "10.5").stdout
    nothing = run(settings, "monitor", "compare", "1", "3")
    assert (nothing.returncode, "no request was seen by both" in nothing.stderr) == (1, True)


@pytest.fixture
def old(settings: Settings, make_app: Callable[..., Flask]) -> list[Path]:
    """The log files of a day that is over."""
    client = make_app(now=lambda: datetime(2026, 11, 1, 12, tzinfo=UTC)).test_client()
    for _ in range(3):
        client.post("/predict_json", json=ROW)
    return sorted((settings.logs / "boston").glob("*.csv"))


def test_the_files_of_finished_days_are_sealed_once(
    old: list[Path], settings: Settings, make_app: Callable[..., Flask]
) -> None:
    make_app().test_client().post("/predict_json", json=ROW)
    done = run(settings, "audit", "seal", "--by", "ann")
    assert done.stdout.splitlines() == ["requests-2026-11-01.csv: sealed", "predictions-2026-11-01.csv: sealed"]
    assert run(settings, "audit", "seal").stdout == ""
    lines = [line.content for line in VersionStore(settings.models, "boston").history.entries()]
    assert [(line["action"], line.get("rows"), line["by"]) for line in lines[1:]] == [("seal", 3, "ann")] * 2
    assert run(settings, "audit", "check").returncode == 0


def test_a_bit_that_flips_anywhere_in_a_sealed_log_is_found_and_the_file_named(
    old: list[Path], settings: Settings
) -> None:
    from audit.seal import find_changed_files, seal

    store = VersionStore(settings.models, "boston")
    seal(store, settings.logs / "boston", datetime.now(UTC), ANN)
    for path in old:
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
            (fault,) = find_changed_files(store, settings.logs / "boston")
            assert path.name in fault
        path.write_bytes(whole)
    assert list(find_changed_files(store, settings.logs / "boston")) == []


def test_a_sealed_log_that_was_shortened_or_removed_is_found(old: list[Path], settings: Settings) -> None:
    run(settings, "audit", "seal")
    lines = old[0].read_bytes().splitlines(keepends=True)
    old[0].write_bytes(b"".join(lines[:-1]))
    done = run(settings, "audit", "check")
    assert (done.returncode, "was changed: it has 2 rows; it was sealed on" in done.stderr) == (1, True)
    old[0].unlink()
    done = run(settings, "audit", "check")
    assert (done.returncode, f"{old[0].name}: can't be read" in done.stderr) == (1, True)
