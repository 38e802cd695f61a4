"""The command from a CSV file to a spec that a training can read; and files that it refuses."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.train.init.helpers import HEADER, rows, write
from train.__main__ import main
from train.dataset import load_dataset
from train.errors import TrainError
from train.init.command import look, parser
from train.init.spec_writer import UNDECIDED, format_spec
from train.spec import read_spec

BOSTON = Path(__file__).parents[3] / "train/data/boston.csv"


def init(folder: Path, content: str | bytes, *arguments: str) -> int:
    """Run the command for a file houses.csv. Return the exit code."""
    path = folder / "houses.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return main(["init", str(path), *arguments], {})


def drafted(folder: Path, content: str | bytes, *arguments: str) -> Path:
    """Write the spec for a file, with a network that was not chosen, and return its path."""
    path, spec = folder / "data.csv", folder / "spec.toml"
    spec.unlink(missing_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    draft, _, _ = look(parser().parse_args([str(path), "--out", str(spec), *arguments]), lambda step, fraction: None)
    spec.write_text(format_spec(draft, UNDECIDED))
    return spec


@pytest.mark.slow
def test_a_file_becomes_a_spec_beside_it_that_a_training_can_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert init(tmp_path, write([HEADER, *rows(90)], ";", ","), "--label", "price") == 0
    spec = tmp_path / "houses.toml"
    output = capsys.readouterr().out.splitlines()
    assert output[-2:] == [f"wrote {spec}", f"next: python -m train {spec}"]
    assert any(line.startswith("colour") for line in output)
    data = load_dataset(read_spec(spec))
    assert [item.name for item in data.described] == ["size", "colour", "sold_month", "sold_weekday", "sold_days"]
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv", "houses.toml"] or len(
        list(tmp_path.iterdir())
    ) == 2


def test_no_file_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "houses.toml").write_text("mine")
    assert init(tmp_path, write([HEADER, *rows()]), "--label", "price") == 1
    error = capsys.readouterr().err
    assert "houses.toml: exists already and is not overwritten; give the new spec another name" in error
    assert (tmp_path / "houses.toml").read_text() == "mine"


@pytest.mark.slow
def test_a_spec_elsewhere_names_the_data_from_there(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    out = tmp_path / "specs/a.toml"
    assert init(tmp_path, write([HEADER, *rows(90)]), "--label", "price", "--out", str(out), "--model", "flats") == 0
    content = tomllib.loads(out.read_text())
    assert (content["model"], content["data"]["file"]) == ("flats", "../houses.csv")
    assert load_dataset(read_spec(out)).unlabelled == 0


LABELS = [["x", "y"], *([str(n % 11), f"{n % 7}.5"] for n in range(60))]


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (LABELS, ["--label", "z"], "houses.csv: has no column 'z'"),
        (LABELS, ["--label", "Y"], "was 'y' meant?"),
        (
            [["x", "y"], *([str(n), "red"] for n in range(60))],
            ["--label", "y"],
            "column y: the label holds texts, such as 'red'",
        ),
        (
            [["x", "y"], *([str(n), "yes" if n % 2 else "no"] for n in range(60))],
            ["--label", "y"],
            "a regression predicts numbers",
        ),
        ([["x", "y"], *([str(n), "2024-01-02"] for n in range(60))], ["--label", "y"], "the label holds dates"),
        ([["x", "y"], *([str(n % 9), "7"] for n in range(60))], ["--label", "y"], "the label is 7 in every row"),
        ([["x", "y"], *([str(n % 9), ""] for n in range(60))], ["--label", "y"], "the label has no values"),
        (
            [["x", "y"], *([str(n % 9), f"${n}"] for n in range(60))],
            ["--label", "y"],
            "the label can't be read: its numbers have signs",
        ),
        (
            [["x", "y"], *([str(n % 9), str(n) if n < 20 else ""] for n in range(60))],
            ["--label", "y"],
            "20 rows have a label; a training needs at least 30",
        ),
        (
            [["x", "y"], *([str(n), f"{n % 7}.5"] for n in range(60))],
            ["--label", "y"],
            "no column is left that a model could learn from",
        ),
        (LABELS, ["--label", "y", "--model", "a/b"], "--model: 'a/b' can't name a folder"),
        (LABELS, ["--label", "y", "--separator", "~"], "--separator: expected one of"),
        (LABELS, ["--label", "y", "--out", "nowhere/a.toml"], "nowhere: there is no such folder"),
    ],
)
def test_what_can_not_be_trained_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: list[list[str]], arguments: list[str], message: str
) -> None:
    assert init(tmp_path, write(table), *arguments) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_a_refusal_after_the_columns_were_looked_at_shows_what_became_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = write([["x", "z", "y"], *([str(n % 9), f"{n}%", str(n % 7)] for n in range(60))])
    assert init(tmp_path, few, "--label", "y") == 1
    error = capsys.readouterr().err
    assert "left out: its numbers have signs" in error
    assert "houses.csv: has 60 rows, of which 9 differ in their inputs; a training needs at least 30" in error

    def refuse(*_: object) -> None:
        raise TrainError("no network predicts better")

    monkeypatch.setattr("train.init.command.choose", refuse)
    useless = write([["x", "z", "y"], *([str(n * n % 211), f"{n}%", str(n * 7 % 37)] for n in range(90))])
    assert init(tmp_path, useless, "--label", "y") == 1
    error = capsys.readouterr().err
    assert "left out: its numbers have signs" in error
    assert error.endswith("houses.csv: no network predicts better; see the table\n")
    assert [path.name for path in tmp_path.iterdir()] == ["houses.csv"]


def test_a_folder_without_write_permission_is_refused_before_the_work_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.init.command.os.access", lambda *_: False)
    assert init(tmp_path, write([HEADER, *rows()]), "--label", "price") == 1
    error = capsys.readouterr().err
    assert error == f"{tmp_path}: no file can be written there; give the spec another place with --out\n"


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "none.csv"), "--label", "y"], {}) == 1
    assert "none.csv: can't be read (No such file or directory); correct the path" in capsys.readouterr().err
    assert main(["init", ".", "--label", "x"], {}) == 1
    assert ".: can't be read (it is a folder, and a plain file is expected)" in capsys.readouterr().err


def boston() -> list[list[str]]:
    return list(csv.reader(io.StringIO(BOSTON.read_text())))


def kaggle(table: list[list[str]]) -> str:
    """Return the table with names in capitals and empty cells, as it is often passed on."""
    header, *body = [list(row) for row in table]
    for number, row in enumerate(body):
        row[number % 13] = "NA" if number % 5 == 0 else row[number % 13]
    return write([[name.upper() for name in header], *body])


def indexed(table: list[list[str]]) -> str:
    return write([["" if number == 0 else str(number - 1), *row] for number, row in enumerate(table)])


WILD: dict[str, tuple[Callable[[list[list[str]]], str], list[str]]] = {
    "as it is": (write, ["--label", "medv"]),
    "semicolons and decimal commas": (lambda table: write(table, ";", ","), ["--label", "medv"]),
    "an index": (indexed, ["--label", "medv"]),
    "a sep= line": (lambda table: "sep=;\r\n" + write(table, ";", ",", end="\r\n"), ["--label", "medv"]),
    "spaces, no header": (
        lambda table: "".join(" " + "  ".join(cell.rjust(8) for cell in row) + "\n" for row in table[1:]),
        ["--label", "medv", "--columns", ",".join(boston()[0])],
    ),
}


@pytest.mark.parametrize("variant", WILD)
def test_the_wild_variants_of_boston_are_read_like_the_clean_one(tmp_path: Path, variant: str) -> None:
    make, arguments = WILD[variant]
    clean = load_dataset(read_spec(drafted(tmp_path, write(boston()), "--label", "medv")))
    wild = load_dataset(read_spec(drafted(tmp_path, make(boston()), *arguments)))
    assert [item.name for item in wild.described] == [item.name for item in clean.described]
    np.testing.assert_array_equal(wild.inputs, clean.inputs)
    np.testing.assert_array_equal(wild.label, clean.label)
    np.testing.assert_array_equal(wild.train_rows, clean.train_rows)


def test_boston_with_empty_cells_and_capitals_fills_them(tmp_path: Path) -> None:
    data = load_dataset(read_spec(drafted(tmp_path, kaggle(boston()), "--label", "MEDV")))
    assert all(item.missing is not None for item in data.described)
    assert "RM" in [item.name for item in data.described]
    assert len(data.label) == 506


CELLS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}"),
    st.sampled_from(
        ["", "NA", "?", "red", "blue", "yes", "no", "None", "2024-01-31", "31.12.2023", "1,5", "$5", "other"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=15)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Return a header and 40 rows: the first column is a label, the others hold a few kinds of cells each."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda name: name.strip()))
    columns = []
    for _ in names:
        cells = draw(st.lists(CELLS, min_size=1, max_size=6))
        spread = draw(st.sampled_from(["few", "numbers", "dates"]))
        generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        if spread == "few":
            columns.append([cells[number] for number in generator.integers(len(cells), size=40)])
        elif spread == "numbers":
            columns.append(
                [f"{value:.2f}" for value in generator.normal(size=40) * 10 ** float(generator.integers(-2, 7))]
            )
        else:
            columns.append([f"20{10 + number % 9}-0{number % 9 + 1}-11" for number in generator.integers(99, size=40)])
    label = [f"{value:.2f}" for value in np.random.default_rng(0).normal(50, 9, 40)]
    return [["label", *names], *map(list, zip(label, *columns, strict=True))]


@given(table=tables(), separator=st.sampled_from([",", ";", "\t"]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_is_refused_for_a_reason_in_it_or_its_spec_can_be_read(
    tmp_path: Path, table: list[list[str]], separator: str
) -> None:
    try:
        spec = drafted(tmp_path, write(table, separator), "--label", "label")
    except TrainError as error:
        reason = str(error)
    else:
        reason = ""
    assert "spec" not in reason
    if reason:
        return
    data = load_dataset(read_spec(spec))
    np.testing.assert_array_equal(data.label, [float(row[0]) for row in table[1:]])
