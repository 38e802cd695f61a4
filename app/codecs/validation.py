"""What the signature allows: hard limits and categories, the training range, plausible predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from app.codecs.batch import Float64Matrix, InputBatch
from app.errors import FieldError, InvalidInput
from registry import Float32Array, Input, Signature, plain


class SignatureValidator:
    """Validates the inputs and outputs of one version. Made once for it; may be used by several threads."""

    def __init__(self, signature: Signature) -> None:
        self._inputs = signature.inputs
        ranges = [(max(a, c), min(b, d)) for (a, b), (c, d) in ((item.training, item.limits) for item in self._inputs)]
        low, high = np.array(ranges).T
        # A client that works in float32 sends a limit as the float32 next to it.
        self._low, self._high = np.minimum(low, to_float32(low)), np.maximum(high, to_float32(high))
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
        warnings, errors = self.find_errors(batch)
        if errors:
            raise InvalidInput.from_errors(errors)
        return batch.values.astype(np.float32), warnings

    def find_errors(self, batch: InputBatch) -> tuple[dict[int, list[FieldError]], list[FieldError]]:
        """Return the warnings by row, and all errors: those of the batch and each value outside its hard limits."""
        values = batch.values
        usual = (values >= self._low) & (values <= self._high)
        for column, codes in self._categories:
            usual[:, column] &= np.isin(values[:, column], codes)
        if not batch.errors and np.count_nonzero(usual) == usual.size:
            return {}, []

        errors = list(batch.errors)
        warnings: dict[int, list[FieldError]] = {}
        unusual = ~usual & ~np.isnan(values) if errors else ~usual
        for row, column in np.argwhere(unusual).tolist():
            item, value = self._inputs[column], float(values[row, column])
            if message := _limit_error(item, value):
                errors.append(FieldError(row, item.name, message))
            else:
                message = f"{plain(value)} lies outside the training range {'-'.join(map(plain, item.training))}"
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


def _limit_error(item: Input, value: float) -> str:
    """Return why a value is not accepted; empty if it is."""
    if item.categories:
        codes = ", ".join(map(plain, item.categories))
        return "" if value in _accepted_codes(item) else f"{plain(value)} must be one of {codes}"
    low, high = item.limits
    accepted = low <= value <= high or to_float32(low) <= value <= to_float32(high)
    return "" if accepted else f"{plain(value)} lies outside the limits {plain(low)} to {plain(high)}"


def _accepted_codes(item: Input) -> Float64Matrix:
    """Return the codes of a category, and the float32 next to each."""
    codes = np.array(item.categories)
    return np.concatenate([codes, to_float32(codes)])
