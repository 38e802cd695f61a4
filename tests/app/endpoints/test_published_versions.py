"""What is read of versions: once, and again when their files look different."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from app.endpoints.published_versions import PublishedVersions
from filesystem import replace
from registry import Actor, IntegrityError, VersionStore
from registry.integrity import VerifiedFiles
from tests.cards import ACTUAL, card_of
from tests.conftest import publish
from tests.registry.conftest import edit, forge, retire


class Counting(VersionStore):
    """A store that counts how often the files of each version are checked."""

    def __init__(self, models: Path) -> None:
        super().__init__(models, "boston")
        self.checks: Counter[int] = Counter()

    def check(self, number: int, *, tolerant: bool = False) -> VerifiedFiles:
        self.checks[number] += 1
        return super().check(number, tolerant=tolerant)


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    publish(tmp_path, card=card_of())
    publish(tmp_path, card=card_of(hidden=(8, 4)))
    return Counting(tmp_path)


def test_a_version_is_what_its_files_say(store: Counting) -> None:
    version = PublishedVersions(store).get(2)
    assert version is not None
    assert (version.number, version.network, version.fault) == (2, "mlp 8-4", "")
    assert version.test_rows == ("d" * 64, "7" * 64)
    assert version.figures is not None
    assert version.figures.actual == ACTUAL
    assert version.signature == store.signature(2)
    folder = store.folder / "2"
    assert {file.name: file.size for file in version.files} == {
        file.name: file.stat().st_size for file in folder.iterdir()
    }


def test_a_version_that_stays_as_it_is_is_read_once(store: Counting) -> None:
    versions = PublishedVersions(store)
    for _ in range(3):
        assert [version.fault for version in versions.all()] == ["", ""]
        assert versions.get(1) is versions.all()[0]
    assert store.checks == {1: 1, 2: 1}


def test_another_version_costs_one_more_reading(store: Counting) -> None:
    versions = PublishedVersions(store)
    versions.all()
    publish(store.folder.parent)
    assert [version.number for version in versions.all()] == [1, 2, 3]
    assert store.checks == {1: 1, 2: 1, 3: 1}


@pytest.mark.parametrize("name", ["card.json", "model.tflite", "SHA256SUMS", "reference.csv"])
def test_a_change_of_any_file_is_found_and_its_repair_too(store: Counting, name: str) -> None:
    versions = PublishedVersions(store)
    versions.all()
    file = store.folder / "2" / name
    before = file.read_bytes()
    replace(file, before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
    first, second = versions.all()
    assert first.fault == ""
    assert "2" in second.fault
    assert not second.card
    replace(file, before)
    assert [version.fault for version in versions.all()] == ["", ""]


def test_a_file_that_is_missing_or_was_added_is_found(store: Counting) -> None:
    versions = PublishedVersions(store)
    versions.all()
    (store.folder / "1" / "test.csv").unlink()
    (store.folder / "2" / "more.txt").touch()
    assert [version.fault.split("; ")[0].split(": ")[1] for version in versions.all()] == [
        "test.csv is missing",
        "more.txt was not published",
    ]


def test_a_version_that_was_written_anew_is_not_shown(store: Counting) -> None:
    versions = PublishedVersions(store)
    versions.all()
    forge(store, 2)
    with pytest.raises(IntegrityError) as refused:
        store.check(2)
    version = versions.get(2)
    assert version is not None
    assert version.fault == str(refused.value)


def test_a_retired_version_is_found_where_it_is_now(store: Counting) -> None:
    versions = PublishedVersions(store)
    versions.all()
    retire(store)
    assert versions.retired() == {2}
    assert [(version.number, version.fault) for version in versions.all()] == [(1, ""), (2, "")]


def test_a_folder_without_a_line_in_the_history_is_named(store: Counting) -> None:
    (store.folder / "7").mkdir()
    version = PublishedVersions(store).get(7)
    assert version is not None
    assert "SHA256SUMS" in version.fault


@pytest.mark.parametrize("number", [0, -1, 3, 10**100, int("9" * 4000)])
def test_a_number_that_never_was_is_none(store: Counting, number: int) -> None:
    assert PublishedVersions(store).get(number) is None
    assert not store.checks


def test_files_of_another_form_are_left_out(tmp_path: Path) -> None:
    publish(tmp_path)
    store = Counting(tmp_path)
    with store.staging() as folder:
        for file in (store.folder / "1").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        (folder / "card.json").write_text(json.dumps([1]))
        (folder / "model_card.md").unlink()
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, Actor("tests"))
    version = PublishedVersions(store).get(2)
    assert version is not None
    assert (bool(version.card), version.figures, version.model_card, version.fault) == (False, None, "", "")


def test_a_damaged_line_of_the_history_is_left_out(store: Counting) -> None:
    versions = PublishedVersions(store)
    assert (len(versions.history()[0]), versions.history()[1]) == (2, "")
    edit(store.folder / "history.jsonl", b"publish", b"PUBLISH")
    entries, fault = PublishedVersions(store).history()
    assert [entry.content["version"] for entry in entries] == [2]
    assert "line 1: was changed" in fault
