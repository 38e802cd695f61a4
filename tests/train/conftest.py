"""The trainings that several tests look at: each is run once, by its command, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.Popen[str]]


def start(models: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start `python -m train` over a models folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SERVE_", "SOURCE_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "train", *map(str, arguments)],
        env={**environ, "SERVE_MODELS": str(models)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="session")
def command() -> Command:
    """Starts the command: command(models, spec, …)."""
    return start


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder: boston.toml trained twice at once (versions 1 and 2), then boston_mlp.toml (version 3)."""
    models = tmp_path_factory.mktemp("published") / "models"
    for batch in ([[], []], [["train/boston_mlp.toml"]]):
        for process in [start(models, *arguments) for arguments in batch]:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, out + err
    return models
