"""Where a retraining stands, as the history tells it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from journal import encode_predictions, prediction_columns
from monitor.retraining import attempt
from registry import VersionStore
from registry.promotion import clear, promote, shadow
from tests.conftest import HOUSES, WORSE, publish
from tests.registry.conftest import ANN


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    """Version 1 is champion; version 2 has passed the gates of a retraining, and is challenger."""
    publish(tmp_path / "models", model_file=WORSE)
    publish(tmp_path / "elsewhere")
    store = VersionStore(tmp_path / "models", "boston")
    passed = VersionStore(tmp_path / "elsewhere", "boston").check(1).digest
    attempt.record(store, attempt.PASSED, "ann", "accuracy is worse", champion=1, sha256=passed)
    assert attempt.open_challenger(store) is None  # a process that died here leaves nothing to go on with
    publish(tmp_path / "models")
    return store


def state(store: VersionStore) -> tuple[int, bool] | None:
    challenger = attempt.open_challenger(store)
    return challenger and (challenger.number, challenger.was_shadowed)


def test_what_passed_waits_to_be_shadow_and_then_to_be_champion(store: VersionStore) -> None:
    assert state(store) == (2, False)
    shadow(store, 2, ANN)
    assert state(store) == (2, True)
    promote(store, 2, "champion", ANN, override=True)
    assert state(store) is None


def test_whoever_ends_the_shadow_ends_the_attempt(store: VersionStore) -> None:
    shadow(store, 2, ANN)
    clear(store, "shadow", ANN)
    assert state(store) is None


def test_another_shadow_ends_the_attempt(store: VersionStore) -> None:
    shadow(store, 2, ANN)
    shadow(store, publish(store.folder.parent, by="bob"), ANN)
    assert state(store) is None


def test_another_champion_ends_the_attempt_even_after_it_was_rolled_back_to(store: VersionStore) -> None:
    third = publish(store.folder.parent, by="bob")
    promote(store, third, "champion", ANN, override=True)
    assert state(store) is None
    promote(store, 1, "champion", ANN, override=True)
    assert state(store) is None


def test_a_version_that_somebody_retired_is_none_to_go_on_with(store: VersionStore) -> None:
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    assert state(store) is None


def test_the_same_data_set_is_not_tried_again(store: VersionStore) -> None:
    facts = {"champion": 1, "dataset_sha256": "a", "holdout_sha256": "b"}
    assert attempt.why_not_again(store, facts, "c") == ""
    assert attempt.why_not_again(store, facts, "a") == "version 1 was trained with the same data set"
    attempt.record(store, attempt.REFUSED, "ann", **facts)
    assert attempt.why_not_again(store, facts, "c").endswith("a gate failed with the same data set")
    assert attempt.why_not_again(store, {**facts, "champion": 2}, "c") == ""


def test_only_the_rows_of_its_own_shadow_count(store: VersionStore, tmp_path: Path) -> None:
    challenger = attempt.open_challenger(store)
    assert challenger is not None
    today = challenger.line.content["time"][:10]
    rows = np.ones((3, 3), dtype=np.float32)
    for day, version, role in [
        ("2026-01-01", 2, "shadow"),  # before it was published: another history's
        (today, 2, "shadow"),
        (today, 2, "champion"),
        (today, 1, "shadow"),
        (today, 22, "shadow"),
    ]:
        path = tmp_path / f"predictions-{day}.csv"
        with open(path, "ab") as file:
            if not file.tell():
                file.write(",".join(prediction_columns(HOUSES.names)).encode() + b"\n")
            file.writelines(
                encode_predictions(f"{day}T08:00:00Z", "id", "boston", version, role, rows, predictions)
                for predictions in (rows[:, 0], np.full(3, np.nan, dtype=np.float32))
            )
    assert attempt.shadowed_rows(tmp_path, challenger) == 3
