"""Whatever table `init` accepts can be trained and asked, or a reason is named; the log then has what was asked."""

from __future__ import annotations

import csv
import string
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app import create_app
from app.settings import Settings
from journal import LogReader, daily_files
from registry import Actor, RegistryError, VersionStore
from train.dataset import Dataset, load_dataset
from train.errors import TrainError
from train.init.command import look, parser
from train.init.spec_writer import Choice, format_spec
from train.metadata import build_signature
from train.spec import Spec, read_spec

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]

LABEL = "what it is worth"
RIDGE = {"architecture": "ridge", "penalty": 1.0}
SMALL = {
    "architecture": "mlp",
    "hidden": [4],
    "activation": "relu",
    "skip": True,
    "quantiles": 4,
    "members": 2,
    "steps": 10,
    "learning_rate": 0.01,
    "weight_decay": 1.0,
}
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)
names = texts.map(str.strip).filter(lambda name: name not in ("", LABEL))


@st.composite
def columns(draw: st.DrawFn, rows: int) -> list[str]:
    """Return the cells of a column."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["numbers", "whole", "levels", "texts", "yes", "dates", "same", "empty", "counter"]))
    if kind == "numbers":
        scale, offset = 10.0 ** draw(st.integers(-12, 12)), draw(st.sampled_from([0, 1, -1e3, 1e6]))
        cells = [repr(float(value)) for value in generator.normal(offset, scale, rows)]
    elif kind == "whole":
        cells = [
            str(value) for value in generator.integers(draw(st.integers(-50, 0)), draw(st.integers(1, 3000)), rows)
        ]
    elif kind == "levels":
        levels = draw(st.lists(texts, min_size=2, max_size=12))
        cells = [levels[place] for place in generator.integers(0, len(levels), rows)]
    elif kind == "texts":
        cells = ["".join(generator.choice(list(string.ascii_letters + " "), 9)) for _ in range(rows)]
    elif kind == "yes":
        pair = draw(st.sampled_from([("no", "yes"), ("FALSE", "TRUE"), ("N", "Y"), ("0", "1"), ("off", "on")]))
        cells = [pair[place] for place in generator.integers(0, 2, rows)]
    elif kind == "dates":
        form, days = draw(st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"])), draw(st.integers(2, 9000))
        cells = [f"{date(2001, 1, 1) + timedelta(int(day)):{form}}" for day in generator.integers(0, days, rows)]
    else:
        cells = {"same": ["same"] * rows, "empty": [""] * rows, "counter": [str(n) for n in range(rows)]}[kind]
    missing = draw(st.sampled_from([0, 0, 0.02, 0.3, 0.97]))
    return ["" if generator.random() < missing else cell for cell in cells]


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Return the rows of a table; the first one is the header, and the last column the label."""
    rows = draw(st.integers(30, 90))
    header = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    held = [draw(columns(rows)) for _ in header]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    label = generator.normal(size=rows)
    for cells in held:  # it depends on all of them a little
        order = {cell: place for place, cell in enumerate(sorted(set(cells)))}
        label += np.array([order[cell] for cell in cells]) / len(order)
    label = label * 10.0 ** draw(st.integers(-3, 5)) + draw(st.sampled_from([0, 100]))
    unknown = draw(st.sampled_from([0, 7]))  # a label in so many
    worth = ["" if unknown and row % unknown == 3 else f"{value:.6g}" for row, value in enumerate(label)]
    return [[*header, LABEL], *map(list, zip(*held, worth, strict=True))]


@settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example takes seconds: no shrinking
)
@given(table=tables(), separator=st.sampled_from(",;\t|"), fit=st.sampled_from([RIDGE, SMALL]))
def test_what_is_accepted_is_trained_and_asked_or_a_reason_is_named(
    table: list[list[str]], separator: str, fit: dict[str, object]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        file, out = folder / "any.csv", folder / "any.toml"
        with file.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened, delimiter=separator).writerows(table)
        try:
            draft, _, _ = look(parser().parse_args([str(file), "--label", LABEL]), lambda *_: None)
        except TrainError:
            return
        out.write_text(format_spec(draft, Choice(fit, {"parity": 1e-4, "test_vs_mean": 1})), encoding="utf-8")
        spec = read_spec(out)
        data = load_dataset(spec)  # `init` has read it with this spec: it raises nothing
        try:
            publish(spec, data, folder)
        except (TrainError, RegistryError):  # such as a gate that does not hold: the label may be noise
            return
        ask(data, folder)


def publish(spec: Spec, data: Dataset, folder: Path) -> None:
    from train.pipeline import train

    store = VersionStore(folder / "models", spec.model)
    signature = build_signature(spec, data)
    now = datetime.now(UTC)
    train(spec, data, signature, store, actor=Actor("tests"), commit=None, now=now, report=lambda *_: None)


def ask(data: Dataset, folder: Path) -> None:
    """Ask for some rows of the table, and read the log."""
    app = create_app(Settings(models=folder / "models", logs=folder / "logs", model="any"))
    try:
        rows = data.inputs[:7].astype(np.float32)
        sent = [
            {item.name: item.to_json_value(float(value)) for item, value in zip(data.described, row, strict=True)}
            for row in rows
        ]
        reply = app.test_client().post("/predict_json", json=sent)
        assert reply.status_code == 200 or "plausible" in reply.text, reply.text
        logged = [row for path in daily_files(folder / "logs" / "any", "predictions") for row in LogReader(path)]
        assert len(logged) == len(rows)
        for row, cells in zip(rows, logged, strict=True):
            assert [np.float32(item.parse(cells[item.name])) for item in data.described] == row.tolist()
    finally:
        app.extensions["router"].close()
