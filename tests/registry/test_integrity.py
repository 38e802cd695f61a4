"""A version whose files are not as published is refused by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import IntegrityError, VersionStore
from tests.registry.conftest import edit


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
