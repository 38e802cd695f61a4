"""What the signature allows: hard limits and categories, the training range, plausible predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from app.codecs.batch import Float64Matrix, InputBatch
from app.errors import MAX_ERRORS, FieldError, InvalidInput
from registry import Float32Array, Input, Signature, plain


class SignatureValidator:
    """Validates the inputs and outputs of one version. Made once for it; may be used by several threads."""

    def __init__(self, signature: Signature) -> None:
        self._inputs = signature.inputs
        ranges = [(max(a, c), min(b, d)) for (a, b), (c, d) in ((item.training, item.limits) for item in self._inputs)]
        self._usual = _widen(ranges)
        self._accepted = _widen([item.limits for item in self._inputs])
        self._categories = [(i, _accepted_codes(item)) for i, item in enumerate(self._inputs) if item.categories]
        self._output = signature.output
        self._least, self._most = np.array([signature.output.plausible], dtype=np.float32).T

    def validate_inputs(self, batch: InputBatch) -> tuple[Float32Array, dict[int, list[FieldError]]]:
        """Return the batch as the model takes it, all rows or none.

        Returns:
            the rows, float32 (n, k); and by row the warnings about values outside the training range.

        Raises:
            InvalidInput: naming the errors of the batch and each value outside its hard limits.
        """
        warnings, errors = self.find_errors(batch, MAX_ERRORS)
        if errors:
            raise InvalidInput.from_errors(errors)
        return batch.values.astype(np.float32), warnings

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
        if not batch.errors and np.count_nonzero(usual) == usual.size:
            return {}, []

        errors = list(batch.errors)
        warnings: dict[int, list[FieldError]] = {}
        unusual = ~usual & ~np.isnan(values) if errors else ~usual
        low, high = self._accepted
        accepted = (values >= low) & (values <= high)
        for column, codes in self._categories:
            accepted[:, column] = np.isin(values[:, column], codes)
        for row, column in np.argwhere(unusual & ~accepted)[:limit].tolist():
            errors.append(_limit_error(row, self._inputs[column], values[row, column]))
        for row, column in np.argwhere(unusual & accepted).tolist():
            item, value = self._inputs[column], plain(values[row, column])
            message = f"{value} lies outside the training range {'-'.join(map(plain, item.training))}"
            warnings.setdefault(row, []).append(FieldError(row, item.name, message))
        return warnings, errors

    def validate_outputs(self, predictions: Float32Array) -> dict[int, str]:
        """Return what is wrong with predictions, float32 (n,), by row; empty if all may be sent."""
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


def _limit_error(row: int, item: Input, value: float) -> FieldError:
    """Return why a value is not accepted."""
    if item.categories:
        expected = f"must be one of {', '.join(map(plain, item.categories))}"
    else:
        expected = f"lies outside the limits {' to '.join(map(plain, item.limits))}"
    return FieldError(row, item.name, f"{plain(value)} {expected}")


def _accepted_codes(item: Input) -> Float64Matrix:
    """Return the codes of a category, and the float32 next to each."""
    codes = np.array(item.categories)
    return np.concatenate([codes, to_float32(codes)])
