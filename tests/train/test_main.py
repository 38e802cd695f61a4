"""The command: what it prints, its exit codes, and that a stopped training leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from registry import VersionStore
from tests.conftest import HOUSES, Command, publish
from tests.train.helpers import SMALL_SPEC, small_table, to_csv, write_small
from train.__main__ import main


@pytest.mark.slow
def test_another_model_trains_without_a_change_of_code(published: Path, diabetes: str) -> None:
    assert "diabetes version 1, champion" in diabetes
    assert "rows: it can't reliably find a shift" in diabetes
    version = VersionStore(published, "diabetes").open(1)
    assert len(version.signature.inputs) == 10
    assert version.signature.inputs[1].categories == (1, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_leaves_nothing(tmp_path: Path, command: Command, number: int, code: int) -> None:
    process = command(tmp_path / "models", write_small(tmp_path, SMALL_SPEC.replace("steps = 400", "steps = 1000000")))
    assert process.stderr is not None
    assert process.stderr.readline() == "fitting the model\n"
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
def test_what_a_killed_training_has_left_is_removed_by_the_next(tmp_path: Path, command: Command) -> None:
    process = command(tmp_path / "models", write_small(tmp_path, SMALL_SPEC.replace("steps = 400", "steps = 1000000")))
    assert process.stderr is not None
    assert process.stderr.readline() == "fitting the model\n"
    (left,) = (tmp_path / "models" / "small").iterdir()
    with VersionStore(tmp_path / "models", "small").staging():
        assert left.exists()  # for the training goes on
    process.kill()
    process.communicate(timeout=60)
    assert left.exists()
    with VersionStore(tmp_path / "models", "small").staging() as folder:
        assert list(folder.parent.iterdir()) == [folder]


def test_an_error_in_the_spec_is_one_sentence_on_stderr_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_small(tmp_path, SMALL_SPEC + "luck = 1\n")
    assert main([str(spec)], {"SERVE_MODELS": str(tmp_path / "models")}) == 1
    expected = f"{spec}: gates.luck: unknown key; remove it or correct its name\n"
    assert capsys.readouterr() == ("", expected)
    assert not (tmp_path / "models").exists()


def test_other_inputs_than_those_of_the_model_are_refused_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(tmp_path / "models", replace(HOUSES, model="small"))
    started = "tensorflow" in sys.modules
    assert main([str(write_small(tmp_path))], {"SERVE_MODELS": str(tmp_path / "models")}) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "version 1 takes (rm, tax, age), this one (width, kind); clients and logs rely on the inputs" in printed.err
    assert printed.err.count("\n") == 1  # no step of a training was reported
    assert ("tensorflow" in sys.modules) == started


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_copies_are_counted_in_the_output_and_on_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header, *rows = small_table()
    spec = write_small(tmp_path, data=to_csv([header, *rows, *rows]))
    assert main([str(spec)], {"SERVE_MODELS": str(tmp_path / "models")}) == 0
    assert "rows with the inputs of an earlier row, each kept with that row: 60 of 120\n" in capsys.readouterr().out
    store = VersionStore(tmp_path / "models", "small")
    assert store.card(1)["split"]["copies"] == 60
    assert "Of all 120 rows, 60 have the inputs of an earlier row; each stays with that row" in store.model_card(1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_rows_without_a_label_are_counted_in_the_output_and_on_the_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = small_table()
    table[3][3] = table[5][3] = ""
    spec = write_small(
        tmp_path, SMALL_SPEC.replace('column = "price"', 'column = "price"\nmissing = "drop"'), to_csv(table)
    )
    assert main([str(spec)], {"SERVE_MODELS": str(tmp_path / "models")}) == 0
    assert "rows without a label, left out: 2 of 60\n" in capsys.readouterr().out
    store = VersionStore(tmp_path / "models", "small")
    assert (store.card(1)["data"]["rows"], store.card(1)["data"]["unlabelled"]) == (58, 2)
    assert "Further 2 rows of the file have no label and were left out." in store.model_card(1)


@pytest.mark.slow
def test_a_models_folder_that_is_not_writable_is_one_sentence_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models").write_text("a file instead of a folder")
    assert main([str(write_small(tmp_path))], {"SERVE_MODELS": str(tmp_path / "models")}) == 1
    expected = f"{tmp_path / 'models' / 'small'}: Not a directory; nothing was published\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.slow
def test_tensorflow_is_imported_only_after_spec_and_data_were_checked() -> None:
    code = "import sys, train.__main__; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
