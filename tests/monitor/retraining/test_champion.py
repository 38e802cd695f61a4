"""What a retraining starts from: golden rows that stay the same, and a champion that says what it was trained with."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import MonitorError
from monitor.retraining import attempt
from monitor.retraining.champion import load_champion, takes_rows
from monitor.retraining.golden import load_golden
from monitor.retraining.selection import key
from registry import VersionStore
from registry.errors import IntegrityError
from tests.conftest import FLATS, Command, publish
from tests.registry.conftest import ANN, edit
from tests.train.fitted_files import ROOT, write_spec


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    """Two versions, of which the first has test rows of its own."""
    store = VersionStore(tmp_path / "models", "boston")
    publish(tmp_path / "models")
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        lines = (folder / "test.csv").read_text().splitlines()
        (folder / "test.csv").write_text("\n".join(lines[:10]) + "\n")
        store.publish(folder, ANN)
    return store


def test_the_golden_rows_are_the_test_rows_of_the_first_version(store: VersionStore) -> None:
    golden = load_golden(store)
    file = store.folder / "1" / "test.csv"
    assert (golden.version, golden.rows.shape, golden.label.shape) == (1, (30, 3), (30,))
    assert golden.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    first = np.array(file.read_text().splitlines()[1].split(",")[:3], dtype=np.float32)
    assert key(first) in golden.keys


def test_a_retired_version_keeps_its_golden_rows(store: VersionStore) -> None:
    before = load_golden(store)
    aliases = store.aliases.read()
    with store.aliases.write_lock():
        store.aliases.change("promote", {**aliases, "champion": 2}, ANN, version=2, alias="champion")
    store.aliases.retire(1, ANN)
    assert load_golden(store).sha256 == before.sha256


def test_golden_rows_that_are_not_those_of_earlier_retrainings_are_refused(store: VersionStore) -> None:
    golden = load_golden(store)
    shutil.move(store.folder / "1", store.folder.parent / "away")
    assert load_golden(store).version == 2  # nobody has used the others yet
    attempt.record(store, attempt.DECIDED, "ann", golden_sha256=golden.sha256)
    with pytest.raises(MonitorError, match=r"restore the version that has them"):
        load_golden(store)


def test_golden_rows_that_were_edited_are_refused(store: VersionStore) -> None:
    edit(store.folder / "1" / "test.csv", b"5", b"6")
    with pytest.raises(IntegrityError, match=r"test\.csv was changed"):
        load_golden(store)


def test_without_a_version_there_are_no_golden_rows(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match="no golden rows"):
        load_golden(VersionStore(tmp_path, "boston"))


def test_a_champion_that_came_fitted_can_not_be_fitted_to_new_rows(tmp_path: Path) -> None:
    card = {
        "spec": {"content": {"data": {"file": "boston.csv"}}},
        "data": {"sha256": "0"},
        "split": {"test_rows_sha256": "0"},
        "fitted": {"file": "norm.keras"},
    }
    publish(tmp_path / "models", card=card)
    store = VersionStore(tmp_path / "models", "boston")
    with pytest.raises(
        MonitorError, match=r"version 1 came fitted, in the file norm.keras: nothing here can fit it to"
    ):
        load_champion(store, load_golden(store), tmp_path)


@pytest.mark.slow
def test_a_champion_of_the_authors_code_brings_its_code_along(tmp_path: Path, command: Command) -> None:
    code = "import keras\n\n\ndef build(inputs):\n    return keras.Sequential([keras.layers.Dense(1)])\n"
    (tmp_path / "net.py").write_text(code)
    fit = 'build = "net:build"\nsteps = 200\nlearning_rate = 0.1'
    process = command(tmp_path / "models", write_spec(tmp_path, fit, name="own"))
    out, err = process.communicate(timeout=590)
    assert process.returncode == 0, out + err
    (tmp_path / "net.py").unlink()
    store = VersionStore(tmp_path / "models", "own")
    golden = load_golden(store)
    champion = load_champion(store, golden, tmp_path, ROOT / "train/data/boston.csv")
    assert champion.code == {"net.py": code.encode()}
    assert len(champion.old_rows) == 404


def test_a_champion_whose_card_names_no_data_is_refused(store: VersionStore, tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match=r"1: its card does not say what it was trained with \('spec' is missing\)"):
        load_champion(store, load_golden(store), tmp_path)


def test_golden_rows_are_the_same_rows_to_a_version_with_other_codes(tmp_path: Path) -> None:
    publish(tmp_path, FLATS)
    store = VersionStore(tmp_path, "flats")
    rooms, district, balcony = FLATS.inputs
    turned = replace(district, levels=tuple(reversed(district.levels)), other=3)
    few = {"levels": ("elsewhere", "Höchst"), "categories": (0, 1), "limits": (0, 1), "training": (0, 1), "example": 0}
    strict = replace(district, **few, other=None)  # type: ignore[arg-type]  # any field
    golden = load_golden(store)
    same = golden.encoded(replace(FLATS, inputs=(rooms, turned, balcony)))
    np.testing.assert_array_equal(same.rows[:, 1], 3 - golden.rows[:, 1])
    assert (len(same.rows), same.sha256) == (30, golden.sha256)
    fewer = golden.taken_by(FLATS, replace(FLATS, inputs=(rooms, strict, balcony)))
    assert set(fewer.rows[:, 1]) == {0, 3}
    assert 0 < len(fewer.label) == len(fewer.rows) < 30


@pytest.mark.parametrize(
    ("row", "taken"),
    [([4, 3, 1], True), ([-13, 0, 2], True), ([np.nan, 0, 1], False), ([4, 9, 1], False), ([4, np.nan, 1], False)],
)
def test_a_version_takes_rows_of_texts_that_it_knows(row: list[float], taken: bool) -> None:
    assert takes_rows(np.array([row], dtype=np.float32), FLATS).tolist() == [taken]
