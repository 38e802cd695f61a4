"""A version whose files are not as published is refused by name."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import IntegrityError, RegistryError, VersionStore, find_inconsistencies
from registry.promotion import promote
from tests.registry.conftest import ANN, edit


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (lambda folder: edit(folder / "model.tflite", b"TFL3", b"TFL4"), "model.tflite was changed"),
        (lambda folder: (folder / "card.json").unlink(), "card.json is missing"),
        (lambda folder: (folder / "extra.py").write_text("x"), "extra.py was not published"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS: can't be read"),
        (lambda folder: (folder / "SHA256SUMS").write_text("x\n"), "SHA256SUMS, line 1: expected"),
        (lambda folder: (folder / "link").symlink_to("card.json"), "link: a version holds plain files"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe: a version holds plain files"),
        (
            lambda folder: (edit(folder / "signature.json", b"rm", b"mr"), (folder / "card.json").unlink()),
            "card.json is missing; signature.json was changed; restore",
        ),
    ],
)
def test_a_version_that_is_not_as_published_is_refused_by_name(
    store: VersionStore, harm: Callable[[Path], object], named: str
) -> None:
    harm(store.folder / "1")
    with pytest.raises(IntegrityError, match=named):
        store.open(1)


def test_a_file_that_changes_after_the_check_is_refused_when_it_is_read(store: VersionStore) -> None:
    sealed = store.check(1)
    edit(store.folder / "1" / "model.tflite", b"TFL3", b"TFL4")
    with pytest.raises(IntegrityError, match="model.tflite was changed"):
        sealed.read("model.tflite")


def test_a_file_that_was_not_published_is_never_read(store: VersionStore) -> None:
    with pytest.raises(IntegrityError, match="has no model.keras"):
        store.open(1, "keras")


@pytest.mark.parametrize(
    "name", ["1/SHA256SUMS", "1/model.tflite", "aliases.json", "history.jsonl", "history.head", ".lock"]
)
def test_a_pipe_in_place_of_a_file_is_named_and_waited_for_by_nobody(store: VersionStore, name: str) -> None:
    path = store.folder / name
    path.unlink()
    os.mkfifo(path)
    signal.alarm(20)  # ends the tests, if it is waited for
    faults = [*find_inconsistencies(store.aliases)]
    for action in (
        lambda: store.open(1),
        lambda: store.number_of("champion"),
        lambda: promote(store, 2, "champion", ANN),
    ):
        try:
            action()
        except RegistryError as error:
            faults.append(str(error))
    signal.alarm(0)
    assert any(str(path) in fault and "pipe" in fault for fault in faults), faults


def test_a_pipe_that_takes_the_place_of_a_file_after_the_check_is_not_read(store: VersionStore) -> None:
    sealed = store.check(1)
    path = store.folder / "1" / "model.tflite"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(IntegrityError, match="it is a pipe, and a plain file is expected"):
        sealed.read("model.tflite")
