"""The reference: the rows that the log's rows are compared with, and the cells that they make of each column."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from filesystem import read_plain
from monitor.errors import MonitorError
from monitor.logs.levels import LevelsByInput, levels_of
from registry import Signature, VersionStore
from registry.integrity import SIGNATURE
from registry.model_files import runtime_of
from registry.predictor import MODEL_FILES
from registry.rows import REFERENCE

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]
Kind = Literal["number", "category", "prediction"]

NO_WORDS: Mapping[float, str] = {}
UNKNOWN = "no level"  # a text that the version does not know


@dataclass(frozen=True)
class Column:
    """One column of the reference: an input, or the prediction.

    Attributes:
        points: its different values, ascending, float32 (d,); no NaN. Of texts, the codes of all levels.
        counts: how many rows of the reference have each, int64 (d,).
        missing: how many rows of the reference have none.
        words: of an input that is a text in the log, the text of each value; else empty.
    """

    name: str
    kind: Kind
    points: Float32s
    counts: Ints
    missing: int = 0
    words: Mapping[float, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, kind: Kind, values: Float32s, words: Mapping[float, str] = NO_WORDS) -> Column:
        """Return the column of some values, float32 (R,); NaN stands for a missing one.

        Args:
            words: the text of each code of a text; those that no row has are values too.
        """
        present = values[~np.isnan(values)]
        known = np.array(list(words), dtype=np.float32)
        points, counts = np.unique(np.concatenate([present, known]), return_counts=True)
        counts = counts - np.isin(points, known)
        return cls(name, kind, points, counts.astype(np.int64), len(values) - len(present), words)

    @property
    def rows(self) -> int:
        """How many rows of the reference have a value."""
        return int(self.counts.sum())

    def word(self, value: float) -> str:
        """Return what a value of a category is called: its text, or the code that stands in the log too."""
        return self.words.get(float(value), UNKNOWN) if self.words else f"{value:g}"

    @cached_property
    def scores(self) -> Floats:
        """The mid-rank of each cell in the reference, 0 to 1, float64 (2d + 1,).

        The mean of a window's scores is the probability that a row of the window has the larger value than one of the
        reference, ties counting half: the AUC, which is Mann and Whitney's U / (n R).
        """
        ends = np.concatenate([[0], np.cumsum(self.counts)]) / max(self.rows, 1)
        scores = np.empty(2 * len(self.points) + 1)
        scores[0::2] = ends
        scores[1::2] = (ends[:-1] + ends[1:]) / 2
        return scores

    @cached_property
    def cell_counts(self) -> Ints:
        """How many rows of the reference are in each cell, int64 (2d + 1,); the gaps have none."""
        counts = np.zeros(2 * len(self.points) + 1, dtype=np.int64)
        counts[1::2] = self.counts
        return counts

    @cached_property
    def mean(self) -> float:
        """The mean of the values; NaN without any."""
        return float(np.average(self.points.astype(np.float64), weights=self.counts)) if self.rows else float("nan")

    @cached_property
    def sd(self) -> float:
        """The standard deviation of the values, with R in the denominator; NaN without any."""
        if not self.rows:
            return float("nan")
        deviations = self.points.astype(np.float64) - self.mean
        return float(np.sqrt(np.average(deviations**2, weights=self.counts)))

    def cells(self, values: Float32s) -> Ints:
        """Return the cell of each value, 0 to 2d: the odd ones are the points, the even ones the gaps. No NaN."""
        left = np.searchsorted(self.points, values)
        padded = np.append(self.points, np.float32(np.nan))
        cells: Ints = 2 * left + (padded[left] == values)
        return cells


@dataclass(frozen=True)
class Reference:
    """What a window of the log is compared with.

    Attributes:
        source: "training", or "pinned": a calm window of the log.
        version: the version whose training rows these are, or that answered the pinned window.
        digest: the SHA-256 of a pinned window; for training rows, over those of the file and of the model.
        columns: the inputs in their order, then the prediction.
        rows: float32 (R, k + 1), as the columns; NaN stands for a missing value.
        requests: which request each row came with, int64 (R,); training rows came one by one.
        levels: how the log's cells of the inputs are read that are texts.
    """

    source: Literal["training", "pinned"]
    version: int
    digest: str
    columns: tuple[Column, ...]
    rows: Float32s
    requests: Ints
    levels: LevelsByInput = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names: the inputs in their order, then "prediction"."""
        return tuple(column.name for column in self.columns)


PREDICTION: Literal["prediction"] = "prediction"  # the name of the last column, as in the log
REQUEST = "request"  # the column of a pinned reference that says which rows came together


def load_reference(store: VersionStore, number: int) -> Reference:
    """Return the training rows that a version brought along, with its own predictions for them.

    Raises:
        MonitorError: if it has none.
        RegistryError: or a subclass, if the version was changed or can't be run.
    """
    version = store.open(number)
    rows = np.array(store.reference(number), dtype=np.float32)
    if not len(rows):
        raise MonitorError(f"{store.folder / str(number)}: has no rows in {REFERENCE} to compare the log with")
    signature = version.signature
    table = np.column_stack([_without_missing(rows, signature), version.predictor.predict(rows)])
    files = store.check(number)
    names = [REFERENCE, MODEL_FILES[runtime_of(files.digests)]]
    if any(item.texts for item in signature.inputs):  # it says what the cells mean, of the reference and of the log
        names.append(SIGNATURE)
    digests = (hashlib.sha256(files.read(name)).digest() for name in names)
    digest = hashlib.sha256(b"".join(digests)).hexdigest()
    requests = np.arange(len(rows), dtype=np.int64)
    columns = _columns(signature, table)
    return Reference("training", number, digest, columns, table, requests, levels_of(signature))


def load_pinned(path: Path, signature: Signature, version: int) -> Reference:
    """Return the rows of a pinned window.

    Args:
        path: a CSV file with the inputs, the prediction, and a whole number for the request that each row came with.
        signature: of the version that answered them. version: its number.

    Raises:
        MonitorError: if the file can't be read, has other columns, or no row.
    """
    try:
        content = read_plain(path)
    except OSError as error:
        raise MonitorError(f"{path}: can't be read ({error.strerror or error}); pin a window again") from error
    names = (*signature.names, PREDICTION, REQUEST)
    header, *lines = content.decode("utf-8", "replace").splitlines() or [""]
    if tuple(header.split(",")) != names:
        raise MonitorError(f"{path}: expected the columns {', '.join(names)}; pin a window again")
    try:
        table = np.array([[float(cell or "nan") for cell in line.split(",")] for line in lines])
    except ValueError:  # a text, or lines of different lengths
        table = np.zeros((1, 0))
    if not len(table):
        raise MonitorError(f"{path}: has no rows; pin a window again")
    if table.shape[1:] != (len(names),):
        raise MonitorError(f"{path}: expected {len(names)} numbers in each line; pin a window again")
    requests = np.unique(table[:, -1], return_inverse=True)[1].astype(np.int64)
    rows = table[:, :-1].astype(np.float32)
    digest = hashlib.sha256(content).hexdigest()
    return Reference("pinned", version, digest, _columns(signature, rows), rows, requests, levels_of(signature))


def with_missing(rows: Float32s, signature: Signature) -> Float32s:
    """Return rows of inputs as the model sees them, float32 (n, k), where NaN stands for a value that is missing.

    What may not be missing stays NaN, and is for no model.
    """
    values = [np.nan if item.missing is None else item.missing.value for item in signature.inputs]
    return np.where(np.isnan(rows), np.array(values, dtype=np.float32), rows)


def _without_missing(rows: Float32s, signature: Signature) -> Float32s:
    """Return rows as a version has them with NaN for each value that is missing."""
    values = [np.nan if item.missing is None else item.missing.value for item in signature.inputs]
    return np.where(rows == np.array(values, dtype=np.float32), np.float32(np.nan), rows)


def _columns(signature: Signature, rows: Float32s) -> tuple[Column, ...]:
    *inputs, predictions = rows.T
    columns = [
        Column.of(
            item.name, "category" if item.categories else "number", values, item.words if item.levels else NO_WORDS
        )
        for item, values in zip(signature.inputs, inputs, strict=True)
    ]
    return (*columns, Column.of(PREDICTION, PREDICTION, predictions))
