"""From a column of the data to an input: the number that stands for each value in the rows, and what clients may send.

Owns the number that stands for a missing value, and which levels are merged into `other`: those with few training rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from registry import DatePart, Input, Missing, parse_date, parts_of
from train.dataset.csv_columns import Floats
from train.spec import InputSpec
from train.spec.inputs import MissingSpec


@dataclass(frozen=True, slots=True)
class Encoding:
    """What an input has in the rows of a training.

    Attributes:
        described: the input as clients see it.
        values: float64 (n,), as the model takes them: where a value is missing, ``described.missing.value``.
        merged: the levels that became ``other``, in the order of their codes.
    """

    described: Input
    values: Floats
    merged: tuple[str, ...]


def read_values(item: InputSpec, column: pd.Series) -> tuple[Floats, list[str]]:
    """Return the value of each cell of a column, float64 (n,), and the texts that have none.

    The value of a text is its code, before any is merged. NaN stands for an empty cell, and for a text without a value.

    Args:
        column: float64, or categorical.
    """
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.to_numpy(), []
    texts = [str(text) for text in column.cat.categories]
    values = np.array([*(_dates(item, texts) if item.reads_dates else _codes(item, texts)), np.nan])
    wrong = [text for text, value in zip(texts, values, strict=False) if np.isnan(value)]
    return values[column.cat.codes.to_numpy()], wrong  # no text has the code -1, and so the last value


def missing_value(item: InputSpec) -> float:
    """Return the float32 that stands for a missing value: no value that is accepted, even rounded, is the same.

    The step below the limits is as wide as they are; the code after the last one is the same for all versions.
    """
    low, high = item.limits
    if item.categories:
        return _beyond(high + 1, high)
    return -_beyond(-(low - (high - low)), -low)


def encode(item: InputSpec, values: Floats, train_rows: NDArray[np.int64]) -> Encoding:
    """Encode the values of an input.

    Args:
        values: float64 (n,), as :func:`read_values` returns them; at least one of the training rows has one.
        train_rows: the positions of the rows that say which levels are merged, what is typical and what is filled in.
    """
    codes = _kept(item, values[train_rows])
    gone = [code for code in item.categories if code not in codes]
    if gone and item.other is not None:
        values = np.where(np.isin(values, gone), item.other, values)
    training = values[train_rows]
    is_missing = np.isnan(training)
    training = training[~is_missing]
    missing = None
    if item.missing is not None:
        # What no training row shows the model can't learn from.
        indicator = item.missing.indicator and bool(is_missing.any())
        fill = _fill(item, item.missing, training, gone)
        missing = Missing(missing_value(item), fill, indicator, texts=item.missing.texts)
        values = np.where(np.isnan(values), missing.value, values)
    example = item.example
    if example is None or example in gone:
        example = _typical(item, training, "mode" if item.categories else "median")
    kept = [code in codes for code in item.categories]
    described = Input(
        name=item.name,
        label=item.label,
        unit=item.unit,
        aliases=item.aliases,
        limits=(codes[0], codes[-1]) if codes else item.limits,
        training=(float(training.min()), float(training.max())),
        example=example,
        categories=codes,
        category_labels=_only(item.category_labels, kept),
        levels=_only(item.levels, kept),
        other=item.other,
        boolean=item.boolean,
        missing=missing,
        date=DatePart(item.date_column or item.column, item.date_format, item.date) if item.date else None,
    )
    merged = tuple(text for text, stays in zip(item.levels, kept, strict=False) if not stays)
    return Encoding(described, values, merged)


def _codes(item: InputSpec, texts: list[str]) -> Iterator[float]:
    """Yield the code of each text: the service takes the same texts."""
    levels = Input(
        name=item.name,
        label=item.label,
        unit=item.unit,
        aliases=(),
        limits=item.limits,
        training=item.limits,
        example=item.limits[0],
        categories=item.categories,
        levels=item.levels,
        boolean=item.boolean,
    )
    unknown = np.nan if item.other is None else item.other
    return (levels.codes.get(text, unknown) for text in texts)


def _dates(item: InputSpec, texts: list[str]) -> Iterator[float]:
    days = (parse_date(text, item.date_format) for text in texts)
    return (np.nan if day is None else parts_of(day)[item.date] for day in days)


def _kept(item: InputSpec, training: Floats) -> tuple[float, ...]:
    """Return the codes that are not merged: those with rows enough, and the one that the others are merged into."""
    if item.other is None:
        return item.categories
    counts = dict(zip(*(array.tolist() for array in np.unique(training, return_counts=True)), strict=True))
    least = max(item.min_rows, 1)
    return tuple(code for code in item.categories if code == item.other or counts.get(code, 0) >= least)


def _fill(item: InputSpec, missing: MissingSpec, training: Floats, gone: list[float]) -> float:
    """Return what the model takes for a missing value."""
    if isinstance(missing.fill, str):
        return _typical(item, training, missing.fill)
    return missing.fill if missing.fill not in gone or item.other is None else item.other


def _typical(item: InputSpec, training: Floats, which: str) -> float:
    """Return the most frequent value, or the median; of dates one that is a whole number."""
    if which == "mode":
        return float(pd.Series(training).mode()[0])
    return float(np.quantile(training, 0.5, method="inverted_cdf") if item.date else np.median(training))


def _only(texts: tuple[str, ...], kept: list[bool]) -> tuple[str, ...]:
    return tuple(text for text, stays in zip(texts, kept, strict=False) if stays)


def _beyond(value: float, last: float) -> float:
    """Return the float32 next to a value that is surely larger than the last accepted one."""
    rounded = np.float32(value)
    while rounded <= last or rounded <= np.float32(last):
        rounded = np.nextafter(rounded, np.float32(np.inf))
    return float(rounded)
