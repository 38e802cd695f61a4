"""The command `python -m train init FILE.csv --label COLUMN`: from a CSV file to a spec. Nothing is asked."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from registry.signature import MODEL_NAME
from train.dataset import Dataset, load_dataset
from train.errors import TeachesNothingError, TrainError
from train.init.candidates import choose, fit_keys
from train.init.column import Column
from train.init.column_types import read_table
from train.init.drafting import SEED, make_draft
from train.init.gate_limits import measure
from train.init.named_columns import drop_unlabelled, find_label, mark_wanted
from train.init.names import model_name
from train.init.sniffer import Answers, sniff
from train.init.spec_writer import UNDECIDED, Choice, Draft, format_spec
from train.progress import Report
from train.spec import read_spec
from train.spec.csv_format import SEPARATORS
from train.spec.text_file import read_file


def parser() -> argparse.ArgumentParser:
    """Return what reads the command's arguments."""
    result = argparse.ArgumentParser(
        prog="python -m train init",
        description="Look at a CSV file and write a spec, from which `python -m train SPEC.toml` trains a model. "
        "The file is only read, and no existing file is overwritten.",
    )
    result.add_argument("file", type=Path, metavar="FILE.csv")
    result.add_argument("--label", required=True, metavar="COLUMN", help="the column to predict; it must hold numbers")
    result.add_argument("--model", metavar="NAME", help="name of the model; default: that of the file")
    result.add_argument("--out", type=Path, metavar="SPEC.toml", help="default: MODEL.toml beside FILE.csv")
    result.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column that must be an input, though it would be left out; may be given more than once",
    )
    result.add_argument(
        "--columns", default="", metavar="A,B,C", help="names of all columns, if the file has no header"
    )
    result.add_argument(
        "--header", action=argparse.BooleanOptionalAction, help="the first line names the columns, or is a row"
    )
    separators = ", ".join(mark if mark != "\t" else "tab" for mark in SEPARATORS)
    result.add_argument("--separator", default="", metavar="MARK", help=f"one of: {separators}")
    result.add_argument("--decimal", default="", choices=[".", ","], metavar="MARK", help="mark of decimals: . or ,")
    return result


def init(options: argparse.Namespace, report: Report) -> str:
    """Write a spec. Return what to say of it.

    Raises:
        TrainError: naming file, line, column and what to do; nothing was written.
        OSError: if the spec can't be written.
    """
    draft, data, summary = look(options, report)
    try:
        choice = _choose(data, report)
    except TrainError as error:
        raise TrainError("\n".join([*summary, f"{options.file}: {error}; see the table"])) from error
    out = _out(options)
    _write_new(out, format_spec(draft, choice))
    return "\n".join([*summary, *choice.compared, *choice.measured, "", f"wrote {out}", f"next: python -m train {out}"])


def _choose(data: Dataset, report: Report) -> Choice:
    """Return the network and its gates, with what was compared."""
    chosen = choose(data, SEED, lambda step, done: report(step, 0.1 + 0.6 * done))
    measured = measure(data, chosen, SEED, lambda step, done: report(step, 0.7 + 0.3 * done))
    errors = [f"  {name}: {error:.4g}" for name, error in chosen.errors.items()]
    return Choice(
        fit=fit_keys(chosen.best.fit),
        gates=measured.limits,
        compared=[
            f"Chosen: {chosen.best.name}. The errors (RMSE) on {chosen.how}:",
            *errors,
            f"  always the mean: {chosen.mean_error:.4g}",
        ],
        measured=measured.words,
    )


def look(options: argparse.Namespace, report: Report) -> tuple[Draft, Dataset, list[str]]:
    """Return what the spec will say without the network, the data as a training reads them, and what to say of both.

    Raises:
        TrainError: as :func:`init`.
    """
    path: Path = options.file
    out = _out(options)
    _require_new(out)
    report("reading the file", 0.0)
    sniffed = sniff(path, read_file(path, "correct the path")[0], options.label, _answers(options))
    table = read_table(path, sniffed.form)
    label = find_label(path, table, options.label)
    mark_wanted(path, table, label, options.keep)
    unlabelled = drop_unlabelled(path, table, label)
    report("looking at the columns", 0.1)
    while True:
        draft, summary = make_draft(path, out, _model(options), sniffed, table, label, unlabelled)
        try:
            return draft, _load(out, path, draft), summary
        except TeachesNothingError as error:
            _leave_out(error, table.columns, label)
        except TrainError as error:
            raise TrainError("\n".join([*summary, str(error)])) from error


def _leave_out(error: TeachesNothingError, columns: Sequence[Column], label: Column) -> None:
    """Leave out a column that differs in the test rows only: which rows these are the spec says.

    Raises:
        TrainError: if it is the label, or wanted.
    """
    column = next(column for column in columns if column.name == error.column)
    if column is label:
        raise error
    if column.is_wanted:
        raise TrainError(f"--keep {column.name}: it {error.problem}; take --keep {column.name} away") from error
    column.left_out = f"it {error.problem}"


def _model(options: argparse.Namespace) -> str:
    name: str = options.model or model_name(options.file.stem)
    if not MODEL_NAME.fullmatch(name):
        raise TrainError(f"--model: {name!r} can't name a folder and a URL; use letters, digits, '_', '.' and '-'")
    return name


def _out(options: argparse.Namespace) -> Path:
    out: Path = options.out or options.file.parent / f"{_model(options)}.toml"
    return out


def _answers(options: argparse.Namespace) -> Answers:
    separator = {"tab": "\t", "\\t": "\t", "space": "whitespace", " ": "whitespace"}.get(
        options.separator, options.separator
    )
    if separator and separator not in SEPARATORS:
        raise TrainError(f"--separator: expected one of {', '.join(map(repr, SEPARATORS))}, not {separator!r}")
    columns = tuple(name.strip() for name in options.columns.split(",")) if options.columns else ()
    return Answers(columns, options.header, separator, options.decimal)


def _load(out: Path, path: Path, draft: Draft) -> Dataset:
    """Return the data as a training reads them with this spec.

    Raises:
        TrainError: if they can't be trained with, as it says; naming the spec that would have been written.
    """
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / out.name
        absolute = replace(draft, file=str(path.resolve()))
        spec.write_text(format_spec(absolute, UNDECIDED), encoding="utf-8")
        try:
            return load_dataset(read_spec(spec))
        except TeachesNothingError:
            raise
        except TrainError as error:
            raise TrainError(str(error).replace(str(spec), "the spec")) from error


def _require_new(out: Path) -> None:
    if out.exists():
        raise TrainError(f"{out}: exists already and is not overwritten; give the new spec another name with --out")
    if not out.parent.is_dir():
        raise TrainError(f"{out.parent}: there is no such folder; give the spec's place with --out")
    if not os.access(out.parent, os.W_OK):
        raise TrainError(f"{out.parent}: no file can be written there; give the spec another place with --out")


def _write_new(out: Path, text: str) -> None:
    """Write a file whole or not at all, and never over another one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{out.name[:100]}.", dir=out.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        os.link(name, out)
    except FileExistsError:
        _require_new(out)
        raise
    finally:
        Path(name).unlink(missing_ok=True)
