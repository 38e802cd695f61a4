"""What the signature allows: limits, categories, missing values, plausible predictions; and what is unusual.

What is missing becomes the number that stands for it here, and nowhere before: so who sends that number is refused.
A number that means that the value is missing, like -999, is taken for that here, whatever it came as.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.codecs.batch import Float64Matrix, InputBatch
from app.codecs.json_strict import excerpt
from app.codecs.levels import name_levels
from app.errors import MAX_ERRORS, FieldError, InvalidInput
from registry import DatePart, Float32Array, Input, Signature, plain

_FLOAT32 = np.dtype(np.float32)  # made once, as making one takes as long as making a row


class SignatureValidator:
    """Validates the inputs and outputs of one version. Made once for it; may be used by several threads."""

    def __init__(self, signature: Signature) -> None:
        self._inputs = signature.inputs
        self._columns = {item.name: column for column, item in enumerate(self._inputs)}
        ranges = [(max(a, c), min(b, d)) for (a, b), (c, d) in ((item.training, item.limits) for item in self._inputs)]
        self._usual = _widen(ranges)
        self._accepted = _widen([item.limits for item in self._inputs])
        # A code that was made of a text needs no check.
        coded = [i for i, item in enumerate(self._inputs) if item.categories and not item.levels]
        self._categories = [(i, _accepted_codes(self._inputs[i])) for i in coded]
        missing = [item.missing for item in self._inputs]
        self._optional: NDArray[np.bool_] | None = None
        if any(missing):
            self._optional = np.array([item is not None for item in missing])
            self._fills = {i: _note_missing(item, None) for i, item in enumerate(self._inputs) if item.missing}
            self._missing_numbers = {
                i: np.array(numbers)
                for i, item in enumerate(self._inputs)
                if (numbers := [] if item.levels else [value for value in item.no_value if isinstance(value, float)])
            }
            self._replacements = np.array([math.nan if item is None else item.value for item in missing], np.float32)
        self._output = signature.output
        self._least, self._most = np.array(signature.output.plausible, dtype=np.float32).tolist()
        # The same for one row, as Python compares it.
        self._least_usual, self._most_usual = (ends.tolist() for ends in self._usual)
        self._usual_codes = [(column, frozenset(codes.tolist())) for column, codes in self._categories]
        self._shape = (1, len(self._inputs))
        self._pack = struct.Struct(f"{len(self._inputs)}f").pack

    def validate_inputs(self, batch: InputBatch) -> tuple[Float32Array, dict[int, list[FieldError]]]:
        """Return the batch as the model takes it, all rows or none.

        Returns:
            the rows, float32 (n, k); and by row the warnings about values that are unusual, missing or not known.

        Raises:
            InvalidInput: naming the errors of the batch and each value outside its hard limits.
        """
        if batch.numbers and (row := self.make_usual_row(batch.numbers)) is not None:
            return row, {}
        warnings, errors = self.find_errors(batch, MAX_ERRORS)
        if errors:
            raise InvalidInput.from_errors(errors)
        return batch.values.astype(np.float32) if self._optional is None else self.make_rows(batch.values), warnings

    def make_usual_row(self, numbers: Sequence[float]) -> Float32Array | None:
        """Return a row of k numbers as the model takes it, float32 (1, k); None if :meth:`find_errors` finds anything.

        No value is missing, as what stands for that lies outside the limits.
        """
        for low, number, high in zip(self._least_usual, numbers, self._most_usual):  # noqa: B905 - slower; pack counts
            if not low <= number <= high:
                return None
        for column, codes in self._usual_codes:
            if numbers[column] not in codes:
                return None
        return np.ndarray(self._shape, _FLOAT32, self._pack(*numbers))

    def make_rows(self, values: Float64Matrix) -> Float32Array:
        """Return values that have no error, NaN where one is missing, as the model takes them, float32 (n, k)."""
        missing, rows = self._find_missing(values), values.astype(np.float32)
        return rows if missing is None else np.where(missing, self._replacements, rows)

    def _find_missing(self, values: Float64Matrix) -> NDArray[np.bool_] | None:
        """Return which values are missing, bool (n, k); None if none may be."""
        if self._optional is None:
            return None
        missing: NDArray[np.bool_] = np.isnan(values) & self._optional
        for column, numbers in self._missing_numbers.items():
            missing[:, column] |= np.isin(values[:, column], numbers)
        return missing

    def find_errors(
        self, batch: InputBatch, limit: int | None = None
    ) -> tuple[dict[int, list[FieldError]], list[FieldError]]:
        """Return the warnings by row, and the errors: those of the batch and the values outside their hard limits.

        Args:
            limit: how many such values to find; None for all.
        """
        values = batch.values
        low, high = self._usual
        usual = (values >= low) & (values <= high)
        for column, codes in self._categories:
            usual[:, column] &= np.isin(values[:, column], codes)
        if not batch.errors and np.count_nonzero(usual) == usual.size and not batch.warnings:
            return {}, []

        errors = list(batch.errors)
        found: list[tuple[int, int, FieldError]] = []
        missing = self._find_missing(values)
        unusual = ~usual & ~np.isnan(values) if errors else ~usual
        if missing is not None:
            unusual &= ~missing
        low, high = self._accepted
        accepted = (values >= low) & (values <= high)
        for column, codes in self._categories:
            accepted[:, column] = np.isin(values[:, column], codes)
        for row, column in np.argwhere(unusual & ~accepted)[:limit].tolist():
            item, date = self._inputs[column], self._find_date(batch, column)
            errors.append(_error(row, item, date, _refuse(item, date, values[row, column])))
        for row, column in np.argwhere(unusual & accepted).tolist():
            item, date = self._inputs[column], self._find_date(batch, column)
            found.append((row, column, _error(row, item, date, _note_unusual(item, date, values[row, column]))))
        if missing is not None:
            missing[[error.row for error in errors]] = False
            for row, column in np.argwhere(missing).tolist():
                item, date = self._inputs[column], self._find_date(batch, column)
                fill = self._fills[column] if date is None else _note_missing(item, date)
                found.append((row, column, _error(row, item, date, fill, "missing")))
        found += [(warning.row, self._columns[warning.input], warning) for warning in batch.warnings]
        warnings: dict[int, list[FieldError]] = {}
        for row, _, warning in sorted(found):
            warnings.setdefault(row, []).append(warning)
        return warnings, errors

    def _find_date(self, batch: InputBatch, column: int) -> DatePart | None:
        """Return which part of a date an input is, if it came in one."""
        return self._inputs[column].date if column in batch.dated else None

    def validate_outputs(self, predictions: Float32Array) -> dict[int, str]:
        """Return what is wrong with predictions, float32 (n,), by row; empty if all may be sent."""
        if len(predictions) == 1 and self._least <= predictions.item() <= self._most:
            return {}
        plausible = (predictions >= self._least) & (predictions <= self._most)
        if np.count_nonzero(plausible) == plausible.size:
            return {}
        low, high = self._output.plausible
        expected = f"is not plausible for {self._output.name}: expected {plain(low)} to {plain(high)}"
        wrong = np.flatnonzero(~plausible).tolist()
        return {row: f"the model's output {plain(predictions[row])} {expected}" for row in wrong}


def to_float32(values: ArrayLike) -> Any:
    """Return the float32 next to each value, as float64."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def _widen(ranges: Sequence[tuple[float, float]]) -> tuple[Float64Matrix, Float64Matrix]:
    """Return the lowest and the highest values: a client that works in float32 sends one as the float32 next to it."""
    low, high = np.array(ranges).T
    return np.minimum(low, to_float32(low)), np.maximum(high, to_float32(high))


def _error(row: int, item: Input, date: DatePart | None, message: str, flag: str = "outside_training") -> FieldError:
    return FieldError(row, item.name, message, flag, date.column if date else "")


def _refuse(item: Input, date: DatePart | None, value: float) -> str:
    """Return why a value is not accepted."""
    if item.levels:
        return f"must be one of {name_levels(item)}"
    if item.categories:
        describe, name = (date.describe, date.name) if date else (plain, plain)
        return f"{describe(value)} must be one of {', '.join(map(name, item.categories))}"
    if date:
        return f"{date.describe(value)} lies outside the limits {' to '.join(date.name_range(item.limits))}"
    return f"{plain(value)} lies outside the limits {' to '.join(map(plain, item.limits))}"


def _note_unusual(item: Input, date: DatePart | None, value: float) -> str:
    """Return what is unusual about a value outside the training range."""
    if item.levels:
        return f"no training row has '{excerpt(item.texts[value])}'"
    if date:
        return f"{date.describe(value)} lies outside the training range {' to '.join(date.name_range(item.training))}"
    return f"{plain(value)} lies outside the training range {'-'.join(map(plain, item.training))}"


def _note_missing(item: Input, date: DatePart | None) -> str:
    """Return what is done about a missing value."""
    assert item.missing is not None  # noqa: S101 - only an optional one may be missing
    missing = item.missing
    if date:
        fill = date.describe(missing.fill)
    else:
        fill = f"'{excerpt(item.texts[missing.fill])}'" if item.levels else plain(missing.fill)
    known = ", and the model knows that it is missing" if missing.indicator else ""
    return f"is missing: {fill} was taken instead{known}"


def _accepted_codes(item: Input) -> Float64Matrix:
    """Return the codes of a category, and the float32 next to each."""
    codes = np.array(item.categories)
    return np.concatenate([codes, to_float32(codes)])
