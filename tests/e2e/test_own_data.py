"""Real files of other people become served models, and nobody touches the spec: `init`, train, serve, ask.

Each is asked with rows of the file itself, as JSON, as the form and as CSV, and answers alike; what is then in the log
reads back to what was asked.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from registry import Input, Signature, VersionStore
from tests.data_sets import SETS, DataSet
from tests.e2e.server import Server, serving
from train.__main__ import main

ROWS = {"ames": 250, "sacramento": 250, "saratoga": 250, "diamonds": 250, "bikeshare": 250, "deliveries": 250}
ASKED = 12  # rows of a file
Value = float | str | None

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@dataclass(frozen=True)
class Served:
    """A file, the model that it became, and a service that answers with it."""

    item: DataSet
    table: pd.DataFrame
    columns: dict[str, dict[str, str]]
    signature: Signature
    server: Server
    out: str


def command(models: Path, *arguments: str | Path) -> str:
    """Run `python -m train` in this process: TensorFlow is slow to import. Return what it prints."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([str(argument) for argument in arguments], {"SERVE_MODELS": str(models)})
    assert status == 0, out.getvalue() + err.getvalue()
    return out.getvalue()


@pytest.fixture(scope="module", params=SETS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Write the file of a set, and make a service of it."""
    item = SETS[request.param]
    folder = tmp_path_factory.mktemp(item.name)
    file, spec, models = folder / f"{item.name}.csv", folder / f"{item.name}.toml", folder / "models"
    table = item.table()
    if item.name in ROWS:
        table = table.sample(ROWS[item.name], random_state=1).sort_index()
    item.write_rows(file, table)
    out = command(models, "init", file, "--label", item.label)
    command(models, spec)
    store = VersionStore(models, item.name)
    inputs = {each["name"]: each for each in tomllib.loads(spec.read_text())["inputs"]}
    with serving(models, workers=1, SERVE_MODEL=item.name) as server:
        yield Served(item, table, inputs, store.signature(1), server, out)


def asked(served: Served) -> pd.DataFrame:
    """Return rows of the file: the first ones, and some with missing values."""
    table = served.table
    return pd.concat([table.head(ASKED - 4), table[table.isna().any(axis=1)].head(4)])


def values(served: Served, row: pd.Series) -> dict[str, Value]:
    """Return a row as a program would send it: each value under the name that its column has in the file."""
    sent: dict[str, Value] = {}
    for item in served.signature.inputs:
        spec = served.columns[item.name]
        column = spec.get("column", item.name)
        value = row[column]
        if pd.isna(value):
            sent[column] = None
        elif "date" in spec:
            sent[column] = str(value)
        else:
            sent[column] = str(value) if item.levels else float(value)
    return sent


def encoded(item: Input, sent: dict[str, Value]) -> float:
    """Return the number that a sent value stands for."""
    value = next(sent[name] for name in item.sources if name in sent)
    if value is None:
        assert item.missing is not None
        return item.missing.value
    if item.date:
        assert isinstance(value, str)
        date = datetime.strptime(value, item.date.format).replace(tzinfo=UTC)
        return float(getattr(date, item.date.part))
    return value if isinstance(value, float) else item.parse(value.strip())


def logged(served: Served, request_id: str) -> list[dict[str, str]]:
    return served.server.rows("predictions", request_id)


def test_its_rows_are_answered_alike_as_json_form_and_csv_and_the_log_reads_back(served: Served) -> None:
    sent = [values(served, row) for _, row in asked(served).iterrows()]
    status, reply = served.server.ask(json.dumps(sent).encode())
    assert status == 200, reply
    predictions = reply["predictions"] if "predictions" in reply else [each["prediction"] for each in reply]
    low, high = served.signature.output.plausible
    assert all(low <= value <= high for value in predictions)
    rows = logged(served, reply["request_id"])
    assert len(rows) == len(sent)
    for row, given, prediction in zip(rows, sent, predictions, strict=True):
        assert float(np.float32(row["prediction"])) == float(np.float32(prediction))
        for item in served.signature.inputs:
            assert np.float32(item.parse(row[item.name])) == np.float32(encoded(item, given)), item.name

    word = served.item.missing  # what the file has for no value
    typed = [{name: word if value is None else text(value) for name, value in row.items()} for row in sent]
    for row in typed[:3]:
        status, _ = served.server.request("GET", f"/form?{urlencode(row)}")
        assert status == 200
    form = [row for row in served.server.rows("predictions") if row["request_id"] != reply["request_id"]]
    assert [row["prediction"] for row in form] == [row["prediction"] for row in rows[:3]]

    status, back = served.server.request("POST", "/predict_csv", csv_of(served), {"Content-Type": "text/csv"})
    assert status == 200
    answers = pd.read_csv(StringIO(back), sep=served.item.separator, decimal=served.item.decimal)
    assert answers["prediction"].to_numpy(np.float32).tolist() == np.float32(predictions).tolist(), back


def csv_of(served: Served) -> bytes:
    """Return the rows as the file has them, also in how it is written."""
    file = served.server.logs.parent / "asked.csv"
    served.item.write_rows(file, asked(served))
    return file.read_bytes()


def text(value: Value) -> str:
    """Return what a person would type."""
    return value if isinstance(value, str) else f"{value:.15g}"
