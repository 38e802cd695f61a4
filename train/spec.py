"""The spec: what one TOML file says about a training, as frozen values.

Owns the keys, their types and what they may be. Knows neither the data's content nor how anything is trained.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.signature import NAME
from train.errors import TrainError
from train.table import Table

_FLOAT32 = 3.4e38  # the rows are float32: nothing larger reaches the network


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input: a number with ``limits``, or a category with its numeric codes, ascending (then limits follow)."""

    name: str
    column: str
    aliases: tuple[str, ...]
    label: str
    unit: str
    limits: tuple[float, float]
    example: float | None
    categories: tuple[float, ...]
    category_labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """What is predicted. Values and predictions outside ``plausible`` are faults."""

    column: str
    name: str
    label: str
    unit: str
    plausible: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Fit:
    """How the network is fitted: full-batch steps; ``hidden`` and ``weight_decay`` belong to the mlp alone."""

    architecture: str
    steps: int
    learning_rate: float
    hidden: tuple[int, ...] = ()
    weight_decay: float = 0.0


@dataclass(frozen=True, slots=True)
class Judge:
    """How the network is judged: folds of the cross-validation, bootstrap samples, columns to slice by."""

    folds: int
    bootstrap: int
    slices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gates:
    """The largest value of each figure with which a version may be published; None where nothing is asked.

    Attributes:
        parity: largest difference between the network and its exports, in standard deviations of the label.
        test_vs_mean: test RMSE over the test RMSE of always predicting the mean.
        test_vs_least_squares: test RMSE over that of least squares.
        cv_vs_gradient_boosting: cross-validated RMSE over that of gradient boosting.
        worst_slice: cross-validated RMSE of the worst slice over that of all rows.
    """

    parity: float
    test_vs_mean: float
    test_vs_least_squares: float | None
    cv_vs_gradient_boosting: float | None
    worst_slice: float | None


@dataclass(frozen=True, slots=True)
class About:
    """What no figure can say, for the model card; each may be empty.

    Attributes:
        details: what kind of model it is.
        intended_use, out_of_scope: what it is for, and what it is not.
        factors: which groups and circumstances matter.
        data: what there is to know about the data.
        ethics, caveats: what to keep in mind.
    """

    details: str = ""
    intended_use: str = ""
    out_of_scope: str = ""
    factors: str = ""
    data: str = ""
    ethics: str = ""
    caveats: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """A training, described whole. ``content`` is the file as parsed, ``sha256`` that of its bytes."""

    file: Path
    sha256: str
    content: Mapping[str, Any]
    model: str
    title: str
    seed: int
    data: Path
    data_sha256: str
    inputs: tuple[InputSpec, ...]
    label: LabelSpec
    test: float
    fit: Fit
    judge: Judge
    gates: Gates
    about: About = field(default_factory=About)


def read_spec(file: Path) -> Spec:
    """Read a spec.

    Raises:
        TrainError: naming the line that is not TOML, or the key that is missing, unknown or not what it must be.
    """
    try:
        raw = file.read_bytes()
        content = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise TrainError(f"{file}: can't be read ({error.strerror}); name a spec that is there") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TrainError(f"{file}, line {line}: not UTF-8; save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise TrainError(f"{file}: not TOML: {error}; correct it there") from error

    top = Table(file, "", content)
    data, split, judge = top.table("data"), top.table("split"), top.table("judge")
    spec = Spec(
        file=file,
        sha256=hashlib.sha256(raw).hexdigest(),
        content=content,
        model=top.text("model"),
        title=top.text("title"),
        seed=top.whole("seed", 0, 2**32 - 1),
        data=file.parent / data.text("file"),
        data_sha256=data.text("sha256").lower(),
        inputs=tuple(_input(table) for table in top.tables("inputs")),
        label=_label(top.table("label")),
        test=split.number("test", 0.1, 0.5),
        fit=_fit(top.table("fit")),
        judge=Judge(
            folds=judge.whole("folds", 2, 20),
            bootstrap=judge.whole("bootstrap", 100, 100_000),
            slices=judge.texts("slices", ()),
        ),
        gates=_gates(top.table("gates")),
        about=_about(top.table("about")) if "about" in top else About(),
    )
    for table in (data, split, judge, top):
        table.done()
    for position, item in enumerate(spec.inputs, 1):
        if item.column == spec.label.column or spec.label.name in (item.name, *item.aliases):
            raise top.fault(f"inputs[{position}]", f"{item.name!r} is the label; a model can't be given its answer")
    if spec.label.column in spec.judge.slices:
        raise judge.fault("slices", f"{spec.label.column!r} is the label; slice by what is known beforehand")
    return spec


def _input(table: Table) -> InputSpec:
    name = table.text("name")
    codes: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    if "categories" in table:
        # Whole numbers below 2**24: the rows are float32, and a code must still be itself there.
        codes = tuple(float(code) for code in table.wholes("categories", -(2**24), 2**24))
        if len(codes) < 2 or list(codes) != sorted(set(codes)):
            raise table.fault("categories", "expected two different codes or more, in ascending order")
        labels = table.texts("category_labels", ())
        limits = codes[0], codes[-1]
    else:
        limits = table.interval("limits", -_FLOAT32, _FLOAT32)
    item = InputSpec(
        name=name,
        column=table.text("column", name),
        aliases=table.texts("aliases", ()),
        label=table.text("label"),
        unit=table.text("unit") if "unit" in table else "",
        limits=limits,
        example=table.number_if_there("example", *limits),
        categories=codes,
        category_labels=labels,
    )
    if codes and item.example is not None and item.example not in codes:
        raise table.fault("example", f"{item.example:g} is not one of the categories")
    table.done()
    return item


def _label(table: Table) -> LabelSpec:
    column = table.text("column")
    name = table.text("name", column)
    if not NAME.fullmatch(name):
        raise table.fault("name", f"{name!r} is not a letter or '_', then at most 63 letters, digits or '_'; give one")
    label = LabelSpec(
        column=column,
        name=name,
        label=table.text("label"),
        unit=table.text("unit") if "unit" in table else "",
        plausible=table.interval("plausible", -_FLOAT32, _FLOAT32),
    )
    table.done()
    return label


def _fit(table: Table) -> Fit:
    architecture = table.text("architecture")
    steps = table.whole("steps", 1, 1_000_000)
    learning_rate = table.number("learning_rate", 1e-6, 10)
    if architecture == "linear":
        fit = Fit(architecture, steps, learning_rate)
    elif architecture == "mlp":
        fit = Fit(
            architecture,
            steps,
            learning_rate,
            hidden=table.wholes("hidden", 1, 4096),
            weight_decay=table.number("weight_decay", 0, 1000),
        )
    else:
        raise table.fault("architecture", f"expected 'linear' or 'mlp', not {architecture!r}")
    table.done()
    return fit


def _about(table: Table) -> About:
    about = About(**{name: table.text(name) for name in About.__slots__ if name in table})
    table.done()
    return about


def _gates(table: Table) -> Gates:
    gates = Gates(
        parity=table.number("parity", 0, 1),
        test_vs_mean=table.number("test_vs_mean", 0, 1),
        test_vs_least_squares=table.number_if_there("test_vs_least_squares", 0, 100),
        cv_vs_gradient_boosting=table.number_if_there("cv_vs_gradient_boosting", 0, 100),
        worst_slice=table.number_if_there("worst_slice", 0, 100),
    )
    table.done()
    return gates
