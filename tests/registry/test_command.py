"""``python -m registry``, as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import publish


def run(models: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "registry", *arguments]
    return subprocess.run(
        command, env={**os.environ, "SERVE_MODELS": str(models)}, capture_output=True, text=True, check=False
    )


def test_list_show_and_verify_a_sound_version(tmp_path: Path) -> None:
    publish(tmp_path)
    listed = run(tmp_path, "list")
    assert listed.returncode == 0
    assert listed.stdout.startswith("1  ")
    assert "champion" in listed.stdout
    shown = json.loads(run(tmp_path, "show", "champion").stdout)
    assert shown["aliases"] == ["champion"]
    assert shown["signature"]["inputs"][0]["name"] == "rm"
    assert "sound" in run(tmp_path, "verify").stdout


def test_verify_fails_and_names_the_file(tmp_path: Path) -> None:
    publish(tmp_path)
    (tmp_path / "boston" / "1" / "card.json").write_text("{ }")
    done = run(tmp_path, "verify", "1")
    assert done.returncode == 1
    assert "card.json was changed" in done.stderr


def test_nothing_published_is_a_sentence_and_a_failure(tmp_path: Path) -> None:
    for arguments in (["list"], ["show", "champion"], ["verify"]):
        done = run(tmp_path, *arguments)
        assert done.returncode == 1
        assert "`make train` publishes the first one" in done.stderr
        assert "Traceback" not in done.stderr
