"""The result of a prediction, as plain values: made by the inference room, logged and sent by the others.

Nobody changes them. They are not frozen, because making a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import FieldError, ServingError
from registry import Float32Array, Signature

Warnings = Mapping[int, Sequence[FieldError]]  # by row
Texts = Mapping[int, Mapping[float, str]]  # by the position of an input, the text of each value that is written as one
# Inputs, float32 (m, k), which rows of the request they are, and the signature that they go by, for a shadow to see.
Mirrored = tuple[Float32Array, Sequence[int], Signature]


@dataclass(slots=True)
class Attempt:
    """The rows that one version predicted for, as the prediction log has them.

    Attributes:
        inputs: float32 (m, k).
        predictions: float32 (m,).
        flags: what was noticed about each row, m texts; None if nothing was noticed about any.
        row_numbers: which rows of the request these are, from 0 on.
        texts: what the log shows of inputs that are not just numbers; none if all are.
    """

    model: str
    version: int
    role: str
    inputs: Float32Array
    predictions: Float32Array
    flags: Sequence[str] | None
    row_numbers: Sequence[int]
    texts: Texts | None = None


@dataclass(slots=True)
class PredictionResult:
    """The answer for n rows.

    Attributes:
        predictions: float32 (n,); not to be sent for the rows that ``errors`` names.
        version: the number of the version that answered, or was asked last.
        warnings: what the client should know beside the predictions, by row.
        errors: the rows without an answer, and why.
        error_type: what a request is refused with because of them, if it has to be right as a whole.
        attempts: every version's rows, to be logged before anything is sent.
        faults: what versions failed with, for the error log.
        to_mirror: the inputs, if a shadow is to see them.
        intervals: the ends of each row's interval, float32 (n, 2), if a level was asked for; NaN where there is none.
    """

    predictions: Float32Array
    model: str
    version: int
    warnings: Warnings
    errors: Sequence[FieldError]
    error_type: type[ServingError]
    attempts: Sequence[Attempt]
    faults: Sequence[str] = ()
    to_mirror: Mirrored | None = None
    intervals: Float32Array | None = None


@dataclass(slots=True)
class ExplainedRows:
    """The rows whose predictions by one version were explained, as the log of explanations has them.

    Attributes:
        values: of each row the base and the contribution of each input, float64 (m, k + 1).
        row_numbers: which rows of the request these are, from 0 on.
        method: how the contributions were found: "exact" or "sampled".
    """

    model: str
    version: int
    values: NDArray[np.float64]
    row_numbers: Sequence[int]
    method: str
