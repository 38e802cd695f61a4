"""Logs of predictions and of ground truth, as the service writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from journal import FEEDBACK_COLUMNS, encode_predictions, prediction_columns
from journal.encoding import escape_field

INPUTS = ("size", "zone")
FEEDBACK = ",".join(FEEDBACK_COLUMNS) + "\n"


@dataclass
class Logs:
    """The log folder of a model."""

    folder: Path
    inputs: Sequence[str] = INPUTS

    def predict(
        self,
        request_id: str,
        predictions: Sequence[float],
        *,
        time: str = "2026-11-20T08:00:00.000000Z",
        version: int = 1,
        role: str = "champion",
        rows: ArrayLike | None = None,
        flags: Sequence[str] | None = None,
    ) -> None:
        """Log the predictions of one request."""
        if rows is None:
            rows = np.ones((len(predictions), len(self.inputs)))
        inputs, values = np.array(rows, dtype=np.float32), np.array(predictions, dtype=np.float32)
        header = ",".join(prediction_columns(self.inputs)) + "\n"
        lines = encode_predictions(time, request_id, "m", version, role, inputs, values, flags)
        self.add("predictions", time, header, lines)

    def tell(
        self,
        request_id: str,
        actual: float | str,
        *,
        row: int = 0,
        time: str = "2026-11-21T08:00:00.000000Z",
        measured_at: str = "",
        source: str = "",
        client: str = "192.0.2.1",
    ) -> None:
        """Log a truth."""
        texts = (escape_field(text) for text in (source, "", client))
        line = ",".join([time, escape_field(request_id), str(row), str(actual), measured_at, *texts])
        self.add("feedback", time, FEEDBACK, f"{line}\n".encode())

    def add(self, stream: str, time: str, header: str, lines: bytes) -> Path:
        """Append lines to the file of a day."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{stream}-{time[:10]}.csv"
        with open(path, "ab") as file:
            file.write(lines if file.tell() else header.encode() + lines)
        return path
