"""Logs of predictions and of ground truth, as the service writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from journal import encode_predictions, prediction_columns
from journal.encoding import escape_field

INPUTS = ("size", "zone")
FEEDBACK = "time,request_id,row,actual,measured_at,source,comment,client\n"


@dataclass
class Logs:
    """The log folder of a model with two inputs."""

    folder: Path

    def predict(
        self,
        request_id: str,
        predictions: Sequence[float],
        *,
        time: str = "2026-11-20T08:00:00.000000Z",
        version: int = 1,
        role: str = "champion",
        inputs: Sequence[Sequence[float]] | None = None,
    ) -> None:
        """Log the predictions of one request."""
        rows = np.array(inputs or [[1, 2]] * len(predictions), dtype=np.float32)
        values = np.array(predictions, dtype=np.float32)
        header = ",".join(prediction_columns(INPUTS)) + "\n"
        self.add("predictions", time, header, encode_predictions(time, request_id, "m", version, role, rows, values))

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


def simulate(
    logs: Logs,
    residuals: Iterable[Sequence[float]],
    *,
    name: str = "r",
    predicted: float = 20,
    version: int = 1,
    role: str = "champion",
    client: str = "192.0.2.1",
    source: str = "",
) -> None:
    """Log a request, and the truths of its rows, for each list of residuals (prediction less truth)."""
    for number, errors in enumerate(residuals):
        logs.predict(f"{name}{number}", [predicted + error for error in errors], version=version, role=role)
        for row, _ in enumerate(errors):
            logs.tell(f"{name}{number}", predicted, row=row, client=client, source=source)
