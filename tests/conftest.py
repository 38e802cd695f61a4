"""What the tests share: a published model that takes no training and the service over it; and trained models."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.settings import Settings
from journal.encoding import escape_field
from registry import Actor, Input, Interval, Missing, NumberTerm, Output, Signature, VersionStore
from registry.integrity import write_sums
from tests.workers import made_once
from tests.workers import pytest_collection_finish as pytest_collection_finish
from tests.workers import pytest_configure as pytest_configure
from tests.workers import pytest_runtest_makereport as pytest_runtest_makereport
from tests.workers import pytest_sessionfinish as pytest_sessionfinish

MODELS = Path(__file__).parent / "models"
LINEAR, WORSE, TRICKY, CRASHING, ODD = (
    MODELS / f"{name}.tflite" for name in ("linear", "worse", "tricky", "crashing", "odd")
)

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
# An input that may be missing, a category of texts with the code 0 for all others, and a boolean; for the same files.
FLATS = Signature(
    model="flats",
    title="Rent of flats",
    inputs=(
        Input("rooms", "Rooms", "", ("Number of rooms",), (1, 15), (2, 8), 4, missing=Missing(-13, 3)),
        Input(
            "district",
            "District",
            "",
            (),
            (0, 3),
            (0, 3),
            2,
            categories=(0, 1, 2, 3),
            levels=("elsewhere", "Nordend, West", 'the "old" town', "Höchst"),
            other=0,
        ),
        Input(
            "balcony",
            "Balcony",
            "",
            (),
            (0, 1),
            (0, 1),
            1,
            categories=(0, 1),
            levels=("without", "with"),
            boolean=True,
            missing=Missing(2, 0, indicator=True),
        ),
    ),
    output=Output("rent", "Rent", "€ per m²", (-200, 200)),
)
# HOUSES' model has none; a test that wants them publishes replace(HOUSES, interval=HOUSES_INTERVAL).
HOUSES_INTERVAL = Interval(
    quantiles={0.5: 2.5, 0.8: 5.0, 0.9: 8.0, 0.95: 11.0},
    rows=506,
    intercept=0.1,
    terms=(NumberTerm(3.5, 8.75, 0.25, 0.5), NumberTerm(187, 711, -0.125, 0.0), NumberTerm(2.5, 100, 0.0, 0.0)),
)
GATES = ({"name": "parity", "limit": 1e-5, "value": 1e-6, "passed": True},)


def publish(
    models: Path,
    signature: Signature = HOUSES,
    model_file: Path = LINEAR,
    *,
    by: str = "tests",
    gates: Sequence[dict[str, object]] = GATES,
    card: Mapping[str, object] | None = None,
) -> int:
    """Publish a model file of three inputs under a signature. Returns the version's number.

    Its card is short; ``tests.cards.card_of`` makes further members for it, as a training writes them.
    """
    store = VersionStore(models, signature.model)
    with store.staging() as folder:
        write_version(folder, signature, model_file, by, gates, card)
        return store.publish(folder, Actor(by))[0]


def adopt(models: Path, model_file: Path, signature: Signature = HOUSES) -> int:
    """Put a version in place that was never probed, as an older service would have left it. Returns its number."""
    store = VersionStore(models, signature.model)
    number = max(store.versions(), default=0) + 1
    folder = store.folder / str(number)
    folder.mkdir(parents=True)
    write_version(folder, signature, model_file)
    write_sums(folder)
    store.aliases.import_existing(Actor("tests", "older"))
    return number


def write_version(
    folder: Path,
    signature: Signature,
    model_file: Path,
    by: str = "tests",
    gates: Sequence[dict[str, object]] = GATES,
    card: Mapping[str, object] | None = None,
) -> None:
    """Write a version's files, without SHA256SUMS.

    Its reference and test rows lie on a line through the training ranges; their labels are linear.tflite's predictions.
    """
    shutil.copy(model_file, folder / "model.tflite")
    (folder / "signature.json").write_text(json.dumps(signature.to_json()))
    content = {"by": by, "gates": list(gates), "created": "2026-11-23T00:00:00+00:00", **(card or {})}
    (folder / "card.json").write_text(json.dumps(content))
    page = f"# Model card: {signature.title}\n\n| a |\n| --- |\n| `{'f' * 64}` <b> |\n"
    (folder / "model_card.md").write_text(page)
    for name, shares in (("reference.csv", np.linspace(0, 0.9, 20)), ("test.csv", np.linspace(0.05, 0.85, 30))):
        lines = [",".join((*signature.names, signature.output.name))]
        for share in shares:
            row = [_value(item, share) for item in signature.inputs]
            label = 8 * row[0] - 0.01 * row[1] - 0.03 * row[-1] - 20
            cells = [escape_field(item.format(value)) for item, value in zip(signature.inputs, row, strict=True)]
            lines.append(",".join([*cells, str(label)]))
        (folder / name).write_text("\n".join([*lines, ""]))


def _value(item: Input, share: float) -> float:
    """Return a value of an input, so far along its training range; of an optional one, some are missing."""
    if item.missing and round(share * 100) % 7 == 3:
        return item.missing.value
    if item.levels:
        return item.categories[int(share * len(item.categories))]
    low, high = item.training
    return low + share * (high - low)


@dataclass(frozen=True)
class Keys:
    """The files of an Ed25519 key pair, in PEM."""

    private: Path
    public: Path


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have temporary files, and the marks of probed models, in a folder of this run's."""
    tempfile.tempdir = os.environ["TMPDIR"] = str(tmp_path_factory.mktemp("temporary"))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """A fresh key pair, as openssl would write it."""
    key = Ed25519PrivateKey.generate()
    files = Keys(tmp_path / "key.pem", tmp_path / "key.pub")
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files.private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    files.public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return files


@contextmanager
def as_user(number: int, *, group: int, umask: int = 0o022) -> Iterator[None]:
    """Be another user in the block. It may not walk through pytest's folders: chdir first, and use relative paths."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: what another user may do, because becoming one needs root")
    codecs.lookup("ascii")  # loaded when it is first needed, from where the other user may not read
    before = os.umask(umask)
    os.setegid(group)
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.umask(before)


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
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # an application of the test may have files open


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over a published model and an empty log folder."""
    publish(tmp_path / "models")
    return Settings(models=tmp_path / "models", logs=tmp_path / "logs")


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Makes the application, with some settings or edges (now, write) replaced."""
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        edges = {name: changes.pop(name) for name in ("now", "write") if name in changes}
        app = create_app(replace(settings, **changes), **edges)  # type: ignore[arg-type]  # any field
        app.testing = True
        made.append(app)
        return app

    yield make
    for app in made:  # its thread would look after the aliases until the last test
        app.extensions["router"].close()


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

    def train(folder: Path) -> None:
        for batch in ([[], []], [["train/boston_mlp.toml"]]):
            for process in [start(folder / "models", *arguments) for arguments in batch]:
                out, err = process.communicate(timeout=300)
                assert process.returncode == 0, out + err

    return made_once(tmp_path_factory, "published", train) / "models"


@pytest.fixture(scope="session")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tutorial's script of tests/train/fitted_files.py was run."""
    from tests.train.fitted_files import run_tutorial

    return made_once(tmp_path_factory, "tutorial", run_tutorial)


@pytest.fixture(scope="session")
def fitted_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all the models of tests/train/fitted_files.py."""
    from tests.train.fitted_files import make_files

    return made_once(tmp_path_factory, "fitted", make_files)


@pytest.fixture(scope="session")
def diabetes(published: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Train scikit-learn's diabetes data into the folder of ``published``. Return the command's output."""
    from tests.train.helpers import read_tree, write_diabetes

    def train(folder: Path) -> None:
        boston = read_tree(published / "boston")
        process = start(published, write_diabetes(folder))
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, out + err
        assert read_tree(published / "boston") == boston
        (folder / "output").write_text(out)

    return (made_once(tmp_path_factory, "diabetes", train) / "output").read_text()
