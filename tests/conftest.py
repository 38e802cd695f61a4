"""What the tests share: a published model that takes no training and the service over it; and trained models."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.settings import Settings
from registry import Input, Output, Signature, Store

MODEL_FILE = Path(__file__).parent / "models" / "linear.tflite"

HOUSES = Signature(
    model="boston",
    title="Median value of homes",
    inputs=(
        Input("rm", "Rooms", "rooms per dwelling", ("rooms",), (1, 15), (3.5, 8.75), 6),
        Input("tax", "Property tax", "$ per $10,000", (), (0, 2000), (187, 711), 250),
        Input("age", "Built before 1940", "%", (), (0, 100), (2.5, 100), 66.5),
    ),
    output=Output("medv", "Median value", "$1000", (0, 100)),
)


def publish(models: Path, signature: Signature = HOUSES, model_file: Path = MODEL_FILE) -> int:
    """Publish a model file of three inputs under a signature. Returns the version's number."""
    store = Store(models, signature.model)
    with store.staging() as folder:
        shutil.copy(model_file, folder / "model.tflite")
        (folder / "signature.json").write_text(json.dumps(signature.to_json()))
        (folder / "card.json").write_text("{}")
        return store.publish(folder)[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB, to be filled."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a disk that is really full, because mounting one needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"NOT TESTED: a disk that is really full, because mounting is refused ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over a published model and an empty log folder."""
    publish(tmp_path / "models")
    return Settings(models=tmp_path / "models", logs=tmp_path / "logs")


@pytest.fixture
def make_app(settings: Settings) -> Callable[..., Flask]:
    """Makes the application, with some settings or edges (now, write) replaced."""

    def make(**changes: object) -> Flask:
        edges = {name: changes.pop(name) for name in ("now", "write") if name in changes}
        app = create_app(replace(settings, **changes), **edges)  # type: ignore[arg-type]
        app.testing = True
        return app

    return make


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    """A client of the service over the published model."""
    return make_app().test_client()


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
        # Whoever runs the tests in the background ignores SIGINT, and its children would too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
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
