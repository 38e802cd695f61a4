"""Logs that tests write: rows as the journal encodes them, and a reference to compare them with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from journal import REQUEST_COLUMNS, encode_predictions, encode_request, prediction_columns, timestamp
from monitor.profiles.reference import Column, Reference
from monitor.window import Window

INPUTS = ("size", "kind", "year")
KINDS = ("number", "category", "number", "prediction")
DAY = "2026-11-20"
WHOLE_DAY = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_reference(rows: int = 50, seed: int = 0) -> Reference:
    """A reference of three inputs, one of them a category, with ties."""
    random = np.random.default_rng(seed)
    size, kind = random.integers(0, 20, rows) / 2, random.integers(0, 3, rows)
    table = np.stack([size, kind, random.normal(size=rows), size - kind], axis=1).astype(np.float32)
    names = (*INPUTS, "prediction")
    columns = tuple(
        Column.of(name, kind, table[:, place])  # type: ignore[arg-type]
        for place, (name, kind) in enumerate(zip(names, KINDS, strict=True))
    )
    return Reference("training", 1, f"{seed:064}", columns, table, np.arange(rows, dtype=np.int64))


def at(seconds: float) -> str:
    """A time of the day of the tests, so long after noon, as the log writes it."""
    return timestamp(NOON + timedelta(seconds=seconds))


def predictions(
    table: Sequence[Sequence[float]],
    request_id: str = "a",
    time: str = at(0),
    *,
    version: int = 1,
    role: str = "champion",
    flags: Sequence[str] | None = None,
    first: int = 0,
) -> bytes:
    """The rows of one request, as the service writes them; the last column is the prediction."""
    rows = np.array(table, dtype=np.float32).reshape(-1, len(INPUTS) + 1)
    numbers = range(first, first + len(rows))
    return encode_predictions(
        time, request_id, "houses", version, role, rows[:, :-1], rows[:, -1], flags, list(numbers) if first else None
    )


def request(request_id: str = "a", time: str = at(0), status: int = 200, error: str = "", ms: float = 5.0) -> bytes:
    """The row of one request."""
    return encode_request(
        time=time,
        request_id=request_id,
        client="192.0.2.7",
        method="POST",
        path="/predict_json",
        content_type="application/json",
        status=status,
        duration_ms=ms,
        error=error,
        body=b'[{"size": 1, "kind": 2}]',
    )


def write(folder: Path, stream: str, rows: bytes, day: str = DAY, header: bytes | None = None) -> Path:
    """Write a log file; the header is the right one, unless it is given."""
    columns = REQUEST_COLUMNS if stream == "requests" else prediction_columns(INPUTS)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stream}-{day}.csv"
    path.write_bytes((",".join(columns).encode() + b"\n" if header is None else header) + rows)
    return path
