"""A model with 2,000 training rows, and logs of it that are calm or shifted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.settings import Settings
from journal import encode_predictions, prediction_columns
from journal.encoding import REQUEST_COLUMNS, encode_request
from journal.timestamps import timestamp
from registry import Actor, VersionStore
from tests.conftest import HOUSES, LINEAR, write_version

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Floats = NDArray[np.float64]


def draw(rows: int, seed: int, shift: float = 0) -> Floats:
    """Draw rows inside the training ranges, with the first input shifted by some standard deviations, (rows, 3)."""
    random = np.random.default_rng(seed)
    columns = [random.normal(6 + 0.7 * shift, 0.7, rows), random.normal(400, 100, rows), random.normal(60, 20, rows)]
    ranges = [item.training for item in HOUSES.inputs]
    return np.column_stack([np.clip(values, *span) for values, span in zip(columns, ranges, strict=True)]).round(3)


def predict(rows: Floats) -> Floats:
    """What the published model predicts, (rows,)."""
    return 8 * rows[:, 0] - 0.01 * rows[:, 1] - 0.03 * rows[:, 2] - 20


@pytest.fixture
def houses(tmp_path: Path) -> Settings:
    """Settings over the model, without any log."""
    settings = Settings(models=tmp_path / "models", logs=tmp_path / "logs")
    store = VersionStore(settings.models, "boston")
    with store.staging() as folder:
        write_version(folder, HOUSES, LINEAR)
        rows = draw(2000, 1)
        table = np.column_stack([rows, predict(rows)])
        lines = [",".join((*HOUSES.names, HOUSES.output.name)), *(",".join(map(str, row)) for row in table.tolist())]
        (folder / "reference.csv").write_text("\n".join([*lines, ""]))
        store.publish(folder, Actor("tests"))
    return settings


WriteLogs = Callable[..., None]


@pytest.fixture
def write_logs(houses: Settings) -> WriteLogs:
    """Writes the logs of one-row requests over the three days before a time, with some refused ones."""

    def write(requests: int, *, shift: float = 0, refused: int = 0, error: str = "", now: datetime = NOW) -> None:
        folder = houses.log_folder
        folder.mkdir(parents=True, exist_ok=True)
        rows = draw(requests, 2, shift)
        predictions = predict(rows)
        for number in range(requests + refused):
            time = timestamp(now - timedelta(days=3) * (1 - number / (requests + refused)) - timedelta(minutes=1))
            answered, name = number < requests, f"r{number}"
            line = encode_request(
                time=time,
                request_id=name,
                client="192.0.2.1",
                method="POST",
                path="/predict_json",
                content_type="application/json",
                status=200 if answered else 422,
                duration_ms=2.5,
                error="" if answered else error,
                body=b"",
            )
            _append(folder / f"requests-{time[:10]}.csv", REQUEST_COLUMNS, line)
            if answered:
                row = rows[number : number + 1].astype(np.float32)
                value = predictions[number : number + 1].astype(np.float32)
                line = encode_predictions(time, name, "boston", 1, "champion", row, value)
                _append(folder / f"predictions-{time[:10]}.csv", prediction_columns(HOUSES.names), line)

    return write


def _append(path: Path, columns: tuple[str, ...], line: bytes) -> None:
    with open(path, "ab") as file:
        file.write(line if file.tell() else ",".join(columns).encode() + b"\n" + line)
