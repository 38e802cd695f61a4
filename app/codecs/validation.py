"""What the signature allows: hard limits and categories, the training range, plausible predictions.

Made once for a version; knows no HTTP and no log.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from app.codecs.batch import Table, Values
from app.errors import FieldError, Refusal
from registry import Float32Array, Input, Signature, plain

# The most problems that a reply spells out.
_SPELLED_OUT = 100


class SignatureValidator:
    """The input and output checks of one version."""

    def __init__(self, signature: Signature) -> None:
        self._inputs = signature.inputs
        ranges = [(max(a, c), min(b, d)) for (a, b), (c, d) in ((item.training, item.limits) for item in self._inputs)]
        low, high = np.array(ranges).T
        # Actor sends float32 sends a limit as the float32 next to it.
        self._low, self._high = np.minimum(low, _float32(low)), np.maximum(high, _float32(high))
        self._categories = [(i, _accepted(item)) for i, item in enumerate(self._inputs) if item.categories]
        self._output = signature.output
        self._least, self._most = np.array([signature.output.plausible], dtype=np.float32).T

    def inputs(self, table: Table) -> tuple[Float32Array, dict[int, list[FieldError]]]:
        """Check what was decoded, all or nothing.

        Returns:
            the rows for the model, shape (n, k), float32; and for the rows that have values outside the training
            range, by row, the warnings to give with the prediction.

        Raises:
            Refusal: 422, with the problems of the table and each value outside its hard limits.
        """
        warnings, problems = self.find(table)
        if problems:
            raise refusal(422, problems)
        return table.values.astype(np.float32), warnings

    def find(self, table: Table) -> tuple[dict[int, list[FieldError]], list[FieldError]]:
        """The warnings by row, and all problems: those of the table and each value outside its hard limits."""
        values = table.values
        usual = (values >= self._low) & (values <= self._high)
        for column, codes in self._categories:
            usual[:, column] &= np.isin(values[:, column], codes)
        if not table.problems and np.count_nonzero(usual) == usual.size:
            return {}, []

        problems = list(table.problems)
        warnings: dict[int, list[FieldError]] = {}
        unusual = ~usual & ~np.isnan(values) if problems else ~usual
        for row, column in np.argwhere(unusual).tolist():
            item, value = self._inputs[column], float(values[row, column])
            if message := _forbidden(item, value):
                problems.append(FieldError(row, item.name, message))
            else:
                message = f"{plain(value)} lies outside the training range {'-'.join(map(plain, item.training))}"
                warnings.setdefault(row, []).append(FieldError(row, item.name, message))
        return warnings, problems

    def outputs(self, predictions: Float32Array) -> dict[int, str]:
        """What is wrong with predictions of shape (n,), float32, by row; empty if all may be sent."""
        plausible = (predictions >= self._least) & (predictions <= self._most)
        if np.count_nonzero(plausible) == plausible.size:
            return {}
        low, high = self._output.plausible
        expected = f"is not plausible for {self._output.name}: expected {plain(low)} to {plain(high)}"
        wrong = np.flatnonzero(~plausible).tolist()
        return {row: f"the model's output {plain(predictions[row])} {expected}" for row in wrong}


def refusal(status: int, problems: list[FieldError], sentence: str = "") -> Refusal:
    """One refusal for all problems; its sentence is the first of them, if it is not given in other words."""
    first = problems[0]
    where = f"row {first.row}: " if any(problem.row for problem in problems) else ""
    sentence = sentence or f"{where}{first}"
    if len(problems) > 1:
        sentence += f" (and {len(problems) - 1} more)"
    return Refusal(status, sentence, problems[:_SPELLED_OUT])


def output_refusal(wrong: dict[int, str]) -> Refusal:
    """The refusal (500) for what :meth:`SignatureValidator.outputs` found."""
    return refusal(500, [FieldError(row, "", message) for row, message in wrong.items()])


def _forbidden(item: Input, value: float) -> str:
    """Why a value is not accepted; empty if it is."""
    if item.categories:
        codes = ", ".join(map(plain, item.categories))
        return "" if value in _accepted(item) else f"{plain(value)} is none of {codes}"
    low, high = item.limits
    accepted = low <= value <= high or _float32(low) <= value <= _float32(high)
    return "" if accepted else f"{plain(value)} lies outside the limits {plain(low)} to {plain(high)}"


def _accepted(item: Input) -> Values:
    """The codes of a category, and the float32 next to each."""
    codes = np.array(item.categories)
    return np.concatenate([codes, _float32(codes)])


def _float32(values: ArrayLike) -> Any:
    """The float32 next to each value, as float64."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)
