"""The spec as a whole: its tables, and what they ask of each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from registry import Output
from registry.float32 import FLOAT32_MAX
from registry.signature import NAME
from train.spec.csv_format import CsvFormat, read_format
from train.spec.fit import FitConfig, FittedFile, OwnNetwork, check_fitted, read_fit
from train.spec.gates import GateLimits, read_gates
from train.spec.inputs import InputSpec, read_input
from train.spec.toml_reader import TomlTable, read_toml

DEFAULT_EFFECT = 0.15  # of drift that is worth a look, in standard deviations


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """How the network is evaluated: cross-validation folds, bootstrap samples, and further columns to slice by."""

    folds: int
    bootstrap: int
    slices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """The author's own words for the model card; each may be empty.

    ``factors`` are the groups and circumstances that matter; ``data`` is the background of the data.
    """

    details: str
    intended_use: str
    out_of_scope: str
    factors: str
    data: str
    ethics: str
    caveats: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole training.

    Attributes:
        file, sha256, content: the spec's path, the SHA-256 of its bytes, and the parsed TOML.
        model: the name of the model, and of its folder.
        title: the model in one line, for people.
        seed: of the split, the folds, the bootstrap, the network and gradient boosting.
        data_file, data_sha256: the path of the CSV file and the SHA-256 that it must have.
        csv_format: how the file is written.
        label: the value to predict; a label in the data that is not ``plausible`` is an error.
        label_column: its name in the data.
        drop_unlabelled: whether rows without a label are dropped; else they are refused.
        test_fraction: the fraction of the rows that is held out for the test.
        fit: how the model is fitted: a network of ours, one of the author's code, or a file that is fitted already.
        log_label: whether the network learns the logarithm of the label.
        effect: how far a column must move before the monitor calls it drift, in standard deviations.
    """

    file: Path
    sha256: str
    content: Mapping[str, Any]
    model: str
    title: str
    seed: int
    data_file: Path
    data_sha256: str
    csv_format: CsvFormat
    inputs: tuple[InputSpec, ...]
    label: Output
    label_column: str
    drop_unlabelled: bool
    test_fraction: float
    fit: FitConfig | OwnNetwork | FittedFile
    log_label: bool
    evaluation: EvaluationConfig
    gates: GateLimits
    effect: float
    about: About


def read_spec(path: Path) -> Spec:
    """Read and check a spec.

    Raises:
        TrainError: if the file can't be read, naming the line that is not TOML, or the key that is missing, unknown or
            has a value that is not allowed.
    """
    content, sha256 = read_toml(path, "give the path of an existing spec")
    top = TomlTable(path, "", content)
    data, label, evaluation = top.table("data"), top.table("label"), top.table("judge")
    label_column, about = label.string("column"), top.table("about", {})
    effect = top.table("monitor", {}).optional_number("effect", 0.01, 10)
    csv_format = read_format(data)
    spec = Spec(
        file=path,
        sha256=sha256,
        content=content,
        model=top.string("model"),
        title=top.string("title"),
        seed=top.integer("seed", 0, 2**32 - 1),
        data_file=path.parent / data.string("file"),
        data_sha256=data.string("sha256").lower(),
        csv_format=csv_format,
        inputs=tuple(read_input(table, csv_format) for table in top.tables("inputs")),
        label=Output(
            name=label.string("name", label_column),
            label=label.string("label"),
            unit=label.string("unit", ""),
            plausible=label.interval("plausible", -FLOAT32_MAX, FLOAT32_MAX),
        ),
        label_column=label_column,
        drop_unlabelled=label.choice("missing", ("drop",), "") == "drop",
        test_fraction=top.table("split").number("test", 0.1, 0.5),
        fit=read_fit(top.table("fit"), path.parent),
        log_label=label.choice("scale", ("log",), "") == "log",
        evaluation=EvaluationConfig(
            folds=evaluation.integer("folds", 2, 20),
            bootstrap=evaluation.integer("bootstrap", 100, 100_000),
            slices=evaluation.strings("slices", ()),
        ),
        gates=read_gates(top.table("gates")),
        effect=DEFAULT_EFFECT if effect is None else effect,
        about=About(**{item.name: about.string(item.name, "") for item in fields(About)}),
    )
    top.reject_unread_keys()
    if isinstance(spec.fit, FittedFile):
        check_fitted(top, spec.inputs, spec.gates, log_label=spec.log_label)
    if not NAME.fullmatch(spec.label.name):
        problem = f"expected a letter or '_', then at most 63 letters, digits or '_', not {spec.label.name!r}"
        raise label.error("name", problem)
    for position, item in enumerate(spec.inputs, 1):
        if item.column == label_column or spec.label.name in (item.name, *item.aliases):
            raise top.error(f"inputs[{position}]", f"{item.name!r} is the label; the label can't be an input too")
    _check_columns(top, spec.inputs)
    if label_column in spec.evaluation.slices:
        raise evaluation.error("slices", f"{label_column!r} is the label; slice by other columns")
    return spec


def _check_columns(top: TomlTable, inputs: tuple[InputSpec, ...]) -> None:
    """Check that inputs of the same column read it in the same way."""
    first: dict[str, InputSpec] = {}
    for position, item in enumerate(inputs, 1):
        other = first.setdefault(item.column, item)
        if _reads(other) != _reads(item):
            raise top.error(
                f"inputs[{position}].column",
                f"{item.name} reads {item.column!r} as {_reads(item)}, and {other.name} as {_reads(other)}; "
                "a column is read in one way",
            )


def _reads(item: InputSpec) -> str:
    return "texts" if item.levels else f"dates like {item.date_format}" if item.reads_dates else "numbers"
