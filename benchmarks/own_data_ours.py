"""Ours of own_data.py: what `python -m train init` makes of a fold's training rows, fitted to them and asked of others.

The model of a training is fitted to a part of the rows and published with the rest as a test. Here it is fitted to all
rows of the file, as the rivals are, by the same function and from the same spec.
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
from train.csv_columns import parse_number
from train.csv_format import CsvFormat
from train.dataset import Dataset, load_dataset
from train.encoding import read_values
from train.init.command import init, parser
from train.input_spec import InputSpec
from train.network import fit_network, predict
from train.spec import Spec, read_spec


def predict_fold(item: DataSet, training: pd.DataFrame, held_out: pd.DataFrame) -> dict[str, Any]:
    """Write a file of the training rows, and predict the held-out rows with what becomes of it.

    Returns:
        the predictions; for a row that the service would refuse it is the mean of the training labels. How many these
        are, how many columns are used, and which network was chosen.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / f"{item.name}.csv", Path(folder) / f"{item.name}.toml"
        item.write_rows(file, training)
        init(parser().parse_args([str(file), "--label", item.label, "--out", str(out)]), lambda *_: None)
        spec = read_spec(out)
        data = load_dataset(spec)
        cells = item.write_rows(Path(folder) / "held_out.csv", held_out)
    model = fit_network(data.described, spec.fit, spec.seed, data.inputs, data.label, lambda: None, **_options(spec))
    rows, accepted = encode(spec, data, cells)
    predictions = np.full(len(rows), data.label.mean())
    predictions[accepted] = predict(model, rows[accepted])
    return {
        "predictions": predictions.tolist(),
        "refused": int((~accepted).sum()),
        "used": len({one.column for one in spec.inputs}),
        "network": network(spec),
    }


def network(spec: Spec) -> str:
    """Return the chosen network in a few words."""
    fit = spec.content["fit"]
    words = [fit["architecture"], *(key for key in ("activation", "skip", "quantiles", "members") if key in fit)]
    return " ".join(f"{word} {fit[word]}" if word in fit else str(word) for word in words)


def _options(spec: Spec) -> dict[str, Any]:
    return {"log_label": True} if spec.log_label else {}


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
