"""`python -m benchmarks.peers` from its start to its table, with the one contender that needs no installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import publish

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_service_itself_is_measured(tmp_path: Path) -> None:
    publish(tmp_path / "models")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers", "--rounds", "2", "--seconds", "0.4", "--only", "nobody"],
        cwd=ROOT,
        env={**os.environ, "SERVE_MODELS": str(tmp_path / "models")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    conditions, _, header, _, line = done.stdout.splitlines()
    assert "2 rounds in turn" in conditions
    assert header.startswith("| server | requests/s |")
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[0] == "this service on gunicorn"
    assert cells[2] == "1.00 (1.00 to 1.00)"
    assert all(float(cells[number].replace(",", "")) > 0 for number in (1, 3, 4, 6, 8, 9))
