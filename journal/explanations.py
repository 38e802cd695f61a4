"""Explanations: what moved a prediction from the average of the training rows. The fourth stream, ``explanations``.

A row belongs to the prediction of the same request, row and version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from journal.encoding import escape_field

EXPLANATIONS = "explanations"
_FLAG = "explained"  # of a prediction that has a row here


def explanation_columns(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the log of explanations of a model with these inputs: for each its contribution."""
    contributions = (f"contribution_{name}" for name in inputs)  # an input may be called base
    return ("time", "request_id", "row", "model", "version", "base", *contributions, "method")


def encode_explanations(
    time: str,
    request_id: str,
    model: str,
    version: int,
    values: NDArray[np.float64],
    numbers: Sequence[int],
    method: str,
) -> bytes:
    """Return the explanations of rows of one request as lines of CSV.

    Args:
        time: when the request arrived, as a timestamp (timestamps.py).
        values: the base and the contributions, shape (n, k + 1), finite float64; written with the fewest digits that
            read back the same.
        numbers: the rows' numbers in the request.
    """
    head, middle = f"{time},{escape_field(request_id)},", f",{escape_field(model)},{version},"
    texts = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].decode().split("],[")
    lines = [f"{head}{number}{middle}{text},{method}\n" for number, text in zip(numbers, texts, strict=True)]
    return "".join(lines).encode()


def is_explained(prediction: Mapping[str, str]) -> bool:
    """Return whether a row of the prediction log says that its prediction was sent with an explanation."""
    return _FLAG in prediction.get("flags", "").split()
