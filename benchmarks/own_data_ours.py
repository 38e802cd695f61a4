"""Ours of own_data.py: what `python -m train init` makes of a fold's training rows, fitted to them and asked of others.

The model of a training is fitted to a part of the rows and published with the rest as a test. Here it is fitted to all
rows of the file, as the rivals are, by the same function. Gates are not measured: they change no model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry import Input
from tests.data_sets import DataSet
from train.dataset import Dataset
from train.dataset.input_values import read_values
from train.init.candidates import choose
from train.init.command import look, parser
from train.init.drafting import SEED
from train.init.spec_writer import UNDECIDED, format_spec
from train.networks.fitting import Examples, fit_layers
from train.spec import InputSpec, Spec, read_spec
from train.spec.csv_format import CsvFormat, parse_number


def predict_fold(item: DataSet, training: pd.DataFrame, held_out: pd.DataFrame) -> dict[str, Any]:
    """Write a file of the training rows, and predict the held-out rows with what becomes of it.

    Returns:
        the predictions; for a row that the service would refuse it is the mean of the training labels. How many these
        are, how many columns are used, and which network was chosen.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / f"{item.name}.csv", Path(folder) / f"{item.name}.toml"
        item.write_rows(file, training)
        options = parser().parse_args([str(file), "--label", item.label, "--out", str(out)])
        draft, data, _ = look(options, lambda *_: None)
        out.write_text(format_spec(draft, UNDECIDED), encoding="utf-8")
        spec = read_spec(out)
        cells = item.write_rows(Path(folder) / "held_out.csv", held_out)
    chosen = choose(data, SEED, lambda *_: None)
    fitted = fit_layers(Examples(data.described, data.inputs, data.label), chosen.best.fit, SEED)
    rows, accepted = encode(spec, data, cells)
    predictions = np.full(len(rows), data.label.mean())
    predictions[accepted] = fitted.predict(rows[accepted])
    return {
        "predictions": predictions.tolist(),
        "refused": int((~accepted).sum()),
        "used": len({one.column for one in spec.inputs}),
        "network": chosen.best.name,
        "compared": dict(chosen.errors),
    }


def encode(spec: Spec, data: Dataset, cells: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the rows of cells as the model takes them, (n, k), and which of them the service accepts, (n,)."""
    columns = [
        _encoded(of, described, [str(cell) for cell in cells[of.column]], spec.csv_format)
        for of, described in zip(spec.inputs, data.described, strict=True)
    ]
    rows = np.column_stack(columns)
    return rows, ~np.isnan(rows).any(axis=1)


def _encoded(of: InputSpec, described: Input, cells: Sequence[str], form: CsvFormat) -> NDArray[np.float64]:
    """Return the value of each cell, NaN if the service refuses it."""
    missing = np.nan if described.missing is None else described.missing.value
    texts = [None if cell.strip() in form.no_value else cell.strip() for cell in cells]
    if of.date:
        values, _ = read_values(of, pd.Series(pd.Categorical(texts)))
        values = np.where(pd.isna(pd.Series(texts, dtype=object)), missing, values)
    else:
        values = np.array([missing if text is None else _value(described, text, form.decimal) for text in texts])
    allowed = np.isin(values, described.categories) if described.categories else _within(values, described.limits)
    return np.where(allowed | (values == missing), values, np.nan)


def _value(described: Input, text: str, decimal: str) -> float:
    if not described.levels:
        try:
            return parse_number(text, decimal)
        except ValueError:  # a word for a missing value, which no training row has
            return np.nan
    code = described.codes.get(text, described.other)
    return np.nan if code is None else code


def _within(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (values >= limits[0]) & (values <= limits[1])
