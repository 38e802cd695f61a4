"""Logs of the model of flats: texts, and cells without a value, as the service writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from journal import REQUEST_COLUMNS, prediction_columns, timestamp
from journal.encoding import encode_request, escape_field
from registry import Signature
from tests.conftest import FLATS

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def rows_of_training(count: int, seed: int = 0, missing: float = 0.1) -> np.ndarray:
    """Rows that are spread over FLATS' training ranges, float32 (n, 3), of which some have no value."""
    random = np.random.default_rng(seed)
    rows = np.stack(
        [random.integers(2, 9, count), random.integers(0, 4, count), random.integers(0, 2, count)], axis=1
    ).astype(np.float32)
    for place in (0, 2):
        rows[random.random(count) < missing, place] = np.nan
    return rows


def cells_of(row: Sequence[float], signature: Signature = FLATS) -> list[str]:
    """The cells of a row: NaN is a missing value."""
    return [
        "" if np.isnan(value) else escape_field(item.format(float(value)))
        for item, value in zip(signature.inputs, row, strict=True)
    ]


def write_flats(
    folder: Path,
    rows: np.ndarray | Sequence[Sequence[float]],
    *,
    signature: Signature = FLATS,
    version: int = 1,
    role: str = "champion",
    flags: Sequence[str] = (),
    start: datetime = NOON,
    name: str = "r",
) -> None:
    """Append a request of one row each to the logs of a day. The prediction is what linear.tflite gives for codes."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, row in enumerate(rows):
        time = timestamp(start + timedelta(seconds=place))
        values = [
            item.missing.value if np.isnan(value) and item.missing else value
            for item, value in zip(signature.inputs, row, strict=True)
        ]
        prediction = 8 * values[0] - 0.01 * values[1] - 0.03 * values[2] - 20
        flag = flags[place % len(flags)] if flags else ""
        line = [time, f"{name}{place}", "0", "flats", str(version), role, *cells_of(row, signature), str(prediction)]
        append(folder, "predictions", time, prediction_columns(signature.names), ",".join([*line, flag]))
        if role != "shadow":
            request = encode_request(
                time=time,
                request_id=f"{name}{place}",
                client="192.0.2.7",
                method="POST",
                path="/predict_json",
                content_type="application/json",
                status=200,
                duration_ms=5,
                error="",
                body=b"[]",
            )
            append(folder, "requests", time, REQUEST_COLUMNS, request.decode().removesuffix("\n"))


def append(folder: Path, stream: str, time: str, columns: Sequence[str], line: str) -> None:
    """Append a line to the file of a day, behind its header."""
    with open(folder / f"{stream}-{time[:10]}.csv", "a", encoding="utf-8", newline="") as file:
        file.write(line + "\n" if file.tell() else ",".join(columns) + f"\n{line}\n")
