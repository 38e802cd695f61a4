"""The probe: what crashes or hangs does so in a child; who passed is not asked again, who failed is, after a while."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from registry import RegistryError, VersionStore
from registry.probe import RUNTIMES, Prober, _open_mark
from registry.promotion import canary, promote, shadow
from tests.conftest import CRASHING, HOUSES, LINEAR, ODD, TRICKY, adopt, publish
from tests.registry.conftest import ANN, last

EXAMPLE = HOUSES.example
SOUND, BAD = LINEAR.read_bytes(), CRASHING.read_bytes()


@pytest.fixture(autouse=True)
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files: empty, so nothing has passed yet."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_version_that_crashes_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="litert crashed with SIGSEGV; publish another version"):
        publish(tmp_path, model_file=CRASHING)
    assert VersionStore(tmp_path, "boston").versions() == []


@pytest.mark.parametrize("model_file", [CRASHING, ODD], ids=["crashes", "raises"])
def test_a_version_that_can_not_be_run_gets_no_alias(store: VersionStore, model_file: Path) -> None:
    number = adopt(store.folder.parent, model_file)
    before = last(store)
    for release in (
        lambda: promote(store, number, "champion", ANN, override=True),
        lambda: promote(store, number, "fallback", ANN),
        lambda: canary(store, number, 0.5, ANN),
        lambda: shadow(store, number, ANN),
    ):
        with pytest.raises(RegistryError, match=f"boston/{number}: litert "):
            release()
    assert last(store) == before


def test_a_model_that_passed_once_is_not_tried_again_by_any_process_of_the_user(marks: Path) -> None:
    Prober().probe("d1", SOUND, "litert", EXAMPLE)
    Prober().probe("d1", BAD, "litert", EXAMPLE)  # would fail, if it were tried
    (mark,) = marks.iterdir()
    with pytest.raises(RegistryError, match="SIGSEGV"):
        Prober().probe("d2", BAD, "litert", EXAMPLE)
    if os.geteuid() == 0:
        os.chown(mark, 10001, 10001)  # anybody could have made it
        with pytest.raises(RegistryError, match="SIGSEGV"):
            Prober().probe("d1", BAD, "litert", EXAMPLE)


def test_processes_that_try_a_model_at_the_same_time_do_it_one_after_the_other(marks: Path) -> None:
    with ThreadPoolExecutor() as pool:
        with _open_mark("d", "litert"):
            second = pool.submit(Prober().probe, "d", BAD, "litert", EXAMPLE)
            assert not wait([second], 0.1).done
            next(marks.iterdir()).write_bytes(b"passed")
        second.result()  # it takes the first one's word


def test_where_nothing_can_be_marked_a_model_passes_all_the_same(marks: Path) -> None:
    marks.rmdir()
    Prober().probe("d", SOUND, "litert", EXAMPLE)
    with pytest.raises(RegistryError, match="SIGSEGV"):
        Prober().probe("d", BAD, "litert", EXAMPLE)


def test_a_model_that_failed_is_tried_again_after_pauses_that_grow() -> None:
    now = 100.0
    prober = Prober(lambda: now)

    def outcome(model: bytes) -> str:
        try:
            prober.probe("d", model, "litert", EXAMPLE)
        except RegistryError as error:
            return str(error)
        return "passed"

    crash = outcome(BAD)
    assert "SIGSEGV" in crash
    assert outcome(SOUND) == crash  # not tried
    now = 101.0
    assert outcome(BAD) == crash
    now = 102.9
    assert outcome(SOUND) == crash
    now = 103.0
    assert outcome(SOUND) == "passed"


def test_the_words_of_a_failure_are_those_of_the_runtime() -> None:
    with pytest.raises(RegistryError, match=r"^the model does not predict \(Cannot set tensor"):
        Prober().probe("d", SOUND, "litert", EXAMPLE[:2])


@pytest.mark.slow
def test_a_model_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNTIMES, "litert", ("ai-edge-litert", 1))
    with pytest.raises(RegistryError, match="litert gave no answer in 1 s"):
        Prober().probe("d", TRICKY.read_bytes(), "litert", (10.5, 250, 66.5))  # takes seconds


def test_without_a_child_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(RegistryError, match="no child process can try the model"):
        Prober().probe("d", SOUND, "litert", EXAMPLE)
