"""``python -m journal check``, as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def check(logs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audit", "check"]
    return subprocess.run(
        command, env={**os.environ, "SERVE_LOGS": str(logs)}, capture_output=True, text=True, check=False
    )


def test_it_counts_whole_torn_and_unanswered_rows(tmp_path: Path) -> None:
    folder = tmp_path / "boston"
    folder.mkdir()
    (folder / "requests-2026-11-23.csv").write_text("request_id,status,error\na,200,\nb,422,\n")
    (folder / "predictions-2026-11-23.csv").write_text("request_id,row\na,0\nc,0\nd")
    done = check(tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "requests-2026-11-23.csv: 2 rows, 0 torn",
        "predictions-2026-11-23.csv: 2 rows, 1 torn, 1 of requests that were not answered",
    ]


def test_it_finds_an_answer_whose_prediction_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "boston"
    folder.mkdir()
    (folder / "requests-2026-11-23.csv").write_text("request_id,status,error\na,200,\nb,200,\n")
    (folder / "predictions-2026-11-23.csv").write_text("request_id,row\na,0\n")
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (1, "1 answered requests have no prediction row, b among them\n")


def test_no_logs_is_a_sentence(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (1, f"{tmp_path / 'boston'}: no logs yet\n")
