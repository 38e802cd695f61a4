"""The report as a value: what it holds of sound models, and that damage is named and stops nothing."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.report import build_report
from audit.seal import seal
from registry import Actor, VersionStore
from registry.promotion import canary, clear, promote, rollback, shadow
from tests.registry.conftest import ANN, edit, publish_changed

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CARD: dict[str, Any] = {
    "spec": {"file": "homes.toml", "sha256": "5" * 64},
    "data": {"file": "homes.csv", "sha256": "d" * 64, "rows": 506},
    "split": {"seed": 42, "training_rows": 404, "test_rows": 102, "test_rows_sha256": "7" * 64},
    "metrics": {"rmse": 6.15},
    "intervals": {"rmse": [3.97, 8.35]},
    "cv": {"folds": 5, "rmse": 6.05},
    "gates": [{"name": "parity", "limit": 1e-05, "value": 8e-07, "passed": True}],
    "weights_sha256": "9" * 64,
    "parameters": 11,
    "packages": {"python": "3.11.7"},
    "by": "bob",
    "commit": "c" * 40,
    "created": "2026-11-24T21:49:21+00:00",
    "training_seconds": 3.5,
}


def report(store: VersionStore) -> list[dict[str, Any]]:
    """Return the models of the report."""
    whole = build_report(store.folder.parent, store.folder.parent.parent / "logs", NOW)
    json.dumps(whole, allow_nan=False)
    models: list[dict[str, Any]] = whole["models"]
    return models


def test_a_version_tells_where_it_comes_from(store: VersionStore) -> None:
    publish_changed(store, {"card.json": json.dumps(CARD)})
    version = report(store)[0]["versions"][0]
    assert (version["number"], version["files"], version["signing"]) == (3, "as published", "not signed")
    assert version["sha256"] == store.check(3).digest
    assert version["provenance"] == {
        "data_file": "homes.csv",
        "data_sha256": "d" * 64,
        "data_rows": 506,
        "spec_file": "homes.toml",
        "spec_sha256": "5" * 64,
        "training_rows": 404,
        "test_rows": 102,
        "seed": 42,
        "test_rows_sha256": "7" * 64,
        "weights_sha256": "9" * 64,
        "parameters": 11,
        "packages": {"python": "3.11.7"},
        "commit": "c" * 40,
        "trained_by": "bob",
        "trained_at": "2026-11-24T21:49:21+00:00",
        "training_seconds": 3.5,
        "metrics": [{"name": "rmse", "value": 6.15, "low": 3.97, "high": 8.35}],
        "cv_rmse": 6.05,
        "cv_folds": 5,
        "gates": [{"name": "parity", "value": 8e-07, "limit": 1e-05, "passed": True}],
    }


def test_a_version_tells_who_signed_it_off_and_why(store: VersionStore) -> None:
    promote(store, 2, "champion", ANN)
    rollback(store, Actor("kim", "urgent"))
    newest, oldest = report(store)[0]["versions"]
    (promotion,) = newest["sign_offs"]
    sign_off = [promotion[name] for name in ("action", "alias", "by", "reason")]
    assert sign_off == ["promote", "champion", "ann", "looks good"]
    assert [gate["name"] for gate in promotion["gates"]][:2] == ["parity", "test_vs_champion"]
    assert [(event["action"], event["by"]) for event in oldest["sign_offs"]] == [("rollback", "kim")]
    assert (newest["publication"]["by"], oldest["aliases"]) == ("tests", ["champion"])


def test_past_versions_and_aliases_are_there(store: VersionStore) -> None:
    shadow(store, 2, ANN)
    canary(store, 2, 0.05, ANN)
    clear(store, "canary", Actor("service", "more errors than the champion"))
    for alias in ("shadow", "challenger"):
        clear(store, alias, ANN)
    store.aliases.retire(2, Actor("kim", "no better"))
    (model,) = report(store)
    assert (model["faults"], model["history_intact"], model["aliases"]) == ([], True, {"champion": 1})
    version = model["versions"][0]
    assert (version["number"], version["retired"], version["files"]) == (2, True, "as published")
    assert (version["retirement"]["by"], version["retirement"]["reason"]) == ("kim", "no better")
    ended = [period for period in model["alias_periods"] if period["taken"]]
    assert {period["alias"]: model["history"][period["taken"] - 1]["by"] for period in ended} == {
        "canary": "service",
        "shadow": "ann",
        "challenger": "ann",
    }


def test_all_models_are_there_and_empty_folders_are_not(store: VersionStore) -> None:
    for name in ("empty", ".staging"):
        (store.folder.parent / name).mkdir()
    shutil.copytree(store.folder, store.folder.parent / "another")
    assert [model["model"] for model in report(store)] == ["another", "boston"]


def test_log_files_have_their_seals(store: VersionStore, tmp_path: Path) -> None:
    logs = tmp_path / "logs" / "boston"
    logs.mkdir(parents=True)
    for stream in ("requests", "predictions"):
        (logs / f"{stream}-2026-11-20.csv").write_text("time\n1\n2\n")
    seal(store, logs, datetime(2026, 11, 22, tzinfo=UTC), ANN)
    (logs / "requests-2026-11-25.csv").write_text("time\n1\n")
    (logs / "predictions-2026-11-20.csv").write_text("time\n1\n3\n")
    (model,) = report(store)
    changed, sealed, fresh = model["logs"]
    assert (sealed["name"], sealed["rows"], sealed["sealed_by"]) == ("requests-2026-11-20.csv", 2, "ann")
    assert sealed["sha256"] == hashlib.sha256(b"time\n1\n2\n").hexdigest()
    assert [file["state"] for file in model["logs"]] == ["not as sealed", "as sealed", "not sealed"]
    assert (fresh["rows"], len(model["faults"])) == (None, 1)
    (logs / changed["name"]).unlink()
    assert report(store)[0]["logs"][0]["size"] is None


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda folder: (folder / "2" / "model.tflite").write_bytes(b"x"), "model.tflite was changed"),
        (lambda folder: (folder / "2" / "card.json").unlink(), "card.json is missing"),
        (lambda folder: (folder / "2" / "SHA256SUMS").unlink(), "SHA256SUMS: can't be read"),
        (lambda folder: shutil.rmtree(folder / "2"), "version 2 is gone"),
        (lambda folder: (folder / "history.head").unlink(), "history.head: is missing"),
        (lambda folder: (folder / "history.jsonl").write_bytes(b"x\n"), "line 1: was changed"),
        (lambda folder: (folder / "history.jsonl").unlink(), "has 0 lines, and history.head says 2"),
        (lambda folder: (folder / "aliases.json").write_text("[]"), "expected an object of aliases"),
        (lambda folder: (folder / "aliases.json").write_text("{"), "not JSON"),
        (lambda folder: (folder / "aliases.json").write_text('{"champion": 7}'), "the history says"),
    ],
)
def test_damage_is_named_and_the_rest_is_reported(store: VersionStore, damage: Any, fault: str) -> None:
    shutil.copytree(store.folder, store.folder.parent / "sound")
    damage(store.folder)
    damaged, sound = report(store)
    assert any(fault in sentence for sentence in damaged["faults"]), damaged["faults"]
    assert next(version for version in damaged["versions"] if version["number"] == 1)["provenance"] is not None
    assert (sound["faults"], len(sound["versions"])) == ([], 2)


def test_a_card_is_not_shown_if_the_files_are_not_as_published(store: VersionStore) -> None:
    (store.folder / "2" / "model.tflite").write_bytes(b"x")
    version = report(store)[0]["versions"][0]
    assert (version["files"], version["sha256"], version["provenance"]) == ("not as published", None, None)
    assert version["publication"] is not None


def test_a_history_that_was_edited_keeps_its_other_lines(store: VersionStore) -> None:
    edit(store.folder / "history.jsonl", b"tests", b"texts")
    (model,) = report(store)
    assert ([event["line"] for event in model["history"]], model["history_intact"]) == ([2], False)
    assert "line 1: was changed" in model["faults"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"action": None},
        {"by": ["eve"]},
        {"version": "2"},
        {"action": "promote", "version": 10**400},
        {"version": {}, "aliases": []},
        {"aliases": {"champion": "1"}},
        {"action": "seal", "file": "../../secret", "rows": 1},
        {"action": "seal", "file": "requests-2026-11-20.csv\0", "rows": 1},
        {"action": "promote", "gates": [1, {"held": "yes"}], "share": math.nan, "aliases": {"champion": 3}},
    ],
)
def test_a_history_that_was_written_anew_stops_nothing(store: VersionStore, changes: dict[str, object]) -> None:
    first, last = (entry.content for entry in store.history.entries())
    for name in ("history.jsonl", "history.head"):
        (store.folder / name).unlink()
    store = VersionStore(store.folder.parent, "boston")  # as another process
    for content in (first, {**last, **changes}):
        store.history.append(content)
    (model,) = report(store)
    assert model["faults"]
    assert {version["number"] for version in model["versions"]} == {1, 2}
    assert model["logs"] == []


@pytest.mark.parametrize(
    "card",
    [
        [],
        "card",
        {"data": "homes.csv", "metrics": [], "gates": {}, "packages": 3, "split": None},
        {"metrics": {"rmse": "6"}, "intervals": {"rmse": [1]}, "gates": [1, {}], "cv": {"rmse": float("nan")}},
        {"data": {"rows": True, "file": ""}, "training_seconds": float("inf"), "parameters": 10**400},
        {"training_seconds": 10**400},
    ],
)
def test_a_card_of_another_shape_stops_nothing(store: VersionStore, card: object) -> None:
    publish_changed(store, {"card.json": json.dumps(card)})
    card = report(store)[0]["versions"][0]["provenance"]
    assert [card[name] for name in ("data_file", "cv_rmse", "training_seconds")] == [None] * 3


@pytest.mark.parametrize("card", ["null", "[]"])
def test_a_card_that_is_no_object_is_named(store: VersionStore, card: str) -> None:
    publish_changed(store, {"card.json": card})
    assert "3/card.json: expected a JSON object; restore it" in report(store)[0]["faults"][0]
