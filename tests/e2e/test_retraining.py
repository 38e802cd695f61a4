"""The loop from truths to the next champion, by its commands on real files: good, poisoned, killed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.__main__ import main as monitor
from registry import VersionStore
from registry.promotion import shadow
from tests.e2e.server import ROOT, environment, run
from tests.monitor.retraining.traffic import Floats, Traffic
from tests.registry.conftest import ANN
from train.__main__ import main as train
from train.spec.toml_writer import format_toml

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]

SOURCES = [f"office {number}" for number in range(60)]


def old_relation(rows: Floats) -> Floats:
    price: Floats = 50 + 4 * rows[:, 0] - 2 * rows[:, 1]
    return price


def new_relation(rows: Floats) -> Floats:
    return old_relation(rows) + 4


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small spec, its data of 500 rows, and the version that was trained from them."""
    folder = tmp_path_factory.mktemp("retraining")
    random = np.random.default_rng(3)
    rows = random.uniform([0, 0], [10, 5], (500, 2)).round(3)
    price = old_relation(rows) + random.normal(0, 6, 500)
    data = pd.DataFrame({"area": rows[:, 0], "floor": rows[:, 1], "year": np.arange(500) % 3, "price": price})
    data.to_csv(folder / "homes.csv", index=False)
    spec = {
        "model": "homes",
        "title": "Prices of homes",
        "seed": 1,
        "data": {"file": "homes.csv", "sha256": hashlib.sha256((folder / "homes.csv").read_bytes()).hexdigest()},
        "inputs": [
            {"name": "area", "label": "Area", "limits": [-5, 50]},
            {"name": "floor", "label": "Floor", "limits": [-5, 50]},
        ],
        "label": {"column": "price", "name": "value", "label": "Price", "plausible": [-1000, 1000]},
        "split": {"test": 0.2},
        "fit": {"architecture": "linear", "steps": 40, "learning_rate": 0.3},
        "judge": {"folds": 2, "bootstrap": 100, "slices": ["year"]},
        "gates": {"parity": 1e-4, "test_vs_mean": 0.9},
    }
    (folder / "homes.toml").write_text(format_toml(spec))
    assert train([str(folder / "homes.toml"), "--by", "trainer"], environment(SERVE_MODELS=str(folder / "models"))) == 0
    return folder


class Loop(Traffic):
    """The model, its logs, and the commands over them."""

    folder: Path

    @classmethod
    def over(cls, folder: Path) -> Loop:
        loop = cls(VersionStore(folder / "models", "homes"), folder / "logs" / "homes")
        loop.folder = folder
        return loop

    def settings(self, **more: str) -> dict[str, str]:
        folders = {"SERVE_MODELS": str(self.folder / "models"), "SERVE_LOGS": str(self.folder / "logs")}
        return {**folders, "SERVE_MODEL": "homes", **more}

    def retrain(self, *words: str, command: str = "retrain", **more: str) -> tuple[int, str]:
        """Run a command, in this process: TensorFlow starts slowly. Return its exit code, and what it said."""
        said = io.StringIO()
        words = ("monitor", command, "--data", str(self.folder / "homes.csv"), *words)
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            patch.setattr("os.environ", environment(**self.settings(**more)))
            patch.setattr("sys.argv", list(words))
            return monitor(), said.getvalue()

    def steps(self) -> list[dict[str, Any]]:
        contents = [dict(entry.content) for entry in self.store.history.entries()]
        return [content for content in contents if content["action"] == "retrain"]

    def error(self, relation: Any) -> float:
        """How far the champion is from what is true."""
        random = np.random.default_rng(9)
        rows = random.uniform([0, 0], [10, 5], (2000, 2)).astype(np.float32)
        predictions = self.store.open(self.store.number_of("champion")).predictor.predict(rows)
        return float(np.sqrt(np.mean((predictions - relation(rows.astype(np.float64))) ** 2)))


@pytest.fixture
def loop(trained: Path, tmp_path: Path) -> Loop:
    for name in ("models", "homes.csv"):
        copy = shutil.copytree if (trained / name).is_dir() else shutil.copy
        copy(trained / name, tmp_path / name)
    return Loop.over(tmp_path)


def test_a_relation_that_changed_is_learned_and_a_challenger_becomes_champion(loop: Loop) -> None:
    before = loop.error(new_relation)
    loop.report()
    code, said = loop.retrain()
    assert (code, said.startswith("no retraining: neither accuracy nor drift is worse")) == (0, True)
    assert loop.steps() == []

    loop.send(1200, new_relation, sources=SOURCES)
    report = loop.report(accuracy="accuracy")
    one_that_is_killed_while_another_waits(loop)
    code, said = loop.retrain("--by", "cron", "--auto")
    assert code == 0, said
    assert "homes version 2 is published as challenger" in said
    assert "it has predicted 0 rows, and 1000 are needed\nnothing is promoted yet" in said
    assert "python -m registry promote 2 --by NAME --reason" in said
    assert "not judged by slices of year: truths have no such column" in said
    assert loop.store.aliases.read() == {"champion": 1, "challenger": 2, "shadow": 2}

    assert [step["step"] for step in loop.steps()] == ["decided", "dataset"] * 2 + ["passed"]
    dataset, passed = loop.steps()[-2:]
    assert {step["report_sha256"] for step in loop.steps()} == {hashlib.sha256(report.read_bytes()).hexdigest()}
    golden = loop.store.folder / "1" / "test.csv"
    assert {step["golden_sha256"] for step in loop.steps()} == {hashlib.sha256(golden.read_bytes()).hexdigest()}
    rows = loop.logs / "retraining" / dataset["file"]
    assert dataset["dataset_sha256"] == hashlib.sha256(rows.read_bytes()).hexdigest()
    assert passed["sha256"] == loop.store.check(2).digest
    assert {"golden", "holdout", "sources", "test_vs_champion", "parity"} <= {gate["name"] for gate in passed["gates"]}

    loop.send(1100, new_relation, days=0.01)
    code, said = loop.retrain("--auto", SERVE_TWO_PERSON="1")
    assert (code, "nothing is promoted without a person" in said, "(not cron, who" in said) == (0, True, True)
    assert loop.store.number_of("champion") == 1
    code, said = loop.retrain("--auto")
    assert (code, "homes version 2 is champion" in said) == (0, True), said
    assert loop.error(new_relation) < 0.8 * before
    code, said = loop.retrain("--auto")  # the report was about version 1: it makes a new one
    assert (code, "no retraining: " in said) == (0, True), said
    assert json.loads(report.read_bytes())["champion"] == 2

    # The next generation begins with the same old rows: feedback is chosen anew, and its share does not grow.
    loop.send(1200, new_relation, sources=SOURCES, days=0.01)
    (loop.folder / "homes.csv").unlink()  # nobody needs it any more
    done = run("monitor", "dataset", **loop.settings())
    assert done.returncode == 0, done.stderr
    newest = max((loop.logs / "retraining").iterdir())
    summary = json.loads((newest / "dataset.json").read_text())
    assert (summary["champion"], summary["rows"]["old"], summary["rows"]["feedback"]) == (2, 400, 171)


def one_that_is_killed_while_another_waits(loop: Loop) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "retrain", "--data", str(loop.folder / "homes.csv")],
        cwd=ROOT,
        env=environment(**loop.settings()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr as lines:
        assert any("fitting the model" in line for line in lines)
        code, said = loop.retrain()
        assert (code, "another retraining is at work; nothing was done" in said) == (1, True)
        process.send_signal(signal.SIGKILL)
    assert loop.store.aliases.read() == {"champion": 1}
    assert loop.store.versions() == [1]


def test_a_poisoned_loop_promotes_no_worse_model_and_names_the_client(loop: Loop) -> None:
    before = loop.error(old_relation)
    loop.send(360, old_relation, sources=SOURCES, noise=6)
    loop.send(240, lambda rows: 1.3 * old_relation(rows), sources=["crm"], client="mallory@192.0.2.66", noise=6)
    loop.report(accuracy="accuracy")  # as the lies make it look
    code, said = loop.retrain("--auto")
    assert code == 1
    assert "not published, because a gate failed: " in said
    assert "client 'mallory@192.0.2.66': of 240 truths, " in said
    assert loop.store.aliases.read() == {"champion": 1}
    assert [step["step"] for step in loop.steps()] == ["decided", "dataset", "refused"]
    assert "a gate failed with the same data set" in loop.retrain("--auto")[1]

    (folder,) = (path.parent for path in (loop.logs / "retraining").glob("*/dataset.json"))
    summary = json.loads((folder / "dataset.json").read_text())
    (mallory,) = (client for client in summary["clients"] if client["name"].startswith("mallory"))
    assert mallory == summary["clients"][0]
    assert mallory["used"] <= summary["caps"]["rows_each"] <= 0.01 * (400 + 171)
    with open(folder / "quarantine.csv", newline="") as file:
        put_aside = [row for row in csv.DictReader(file) if row["client"].startswith("mallory")]
    assert len(put_aside) == 240 - mallory["used"] - mallory["held_out"]

    # The same truths without caps make a worse model: what is tested here could fail.
    truths = pd.concat([pd.read_csv(folder / name) for name in ("quarantine.csv", "holdout.csv")])
    old = pd.read_csv(folder / "dataset.csv").rename(columns={"price": "actual"})
    both = pd.concat([old[["area", "floor", "actual"]], truths[["area", "floor", "actual"]]])
    design = np.column_stack([np.ones(len(both)), both[["area", "floor"]]])
    naive = np.linalg.lstsq(design, both["actual"].to_numpy(), rcond=None)[0]
    grid = np.random.default_rng(9).uniform([0, 0], [10, 5], (2000, 2))
    worse = np.column_stack([np.ones(2000), grid]) @ naive - old_relation(grid)
    assert np.sqrt(np.mean(worse**2)) > 3 * before


def test_what_stands_in_the_way_is_said_before_anything_is_trained(loop: Loop) -> None:
    loop.report(accuracy="accuracy")
    code, said = loop.retrain("--by", " ")
    assert (code, "--by: expected a name" in said) == (1, True)
    code, said = loop.retrain()
    assert (code, "no truth is known of a row since" in said) == (1, True)
    loop.send(20, lambda rows: 5000 + rows[:, 0], sources=SOURCES)
    code, said = loop.retrain()
    assert (code, "no truth can be accepted" in said, "outside the plausible range: 20" in said) == (1, True, True)
    assert loop.steps() == []
    assert not [path.name for path in (loop.logs / "retraining").iterdir() if path.name != ".lock"]
    loop.send(100, sources=SOURCES)
    (loop.folder / "homes.csv").write_text("x")
    code, said = loop.retrain(command="dataset")
    assert (code, "none of these is it" in said, "name the file with --data" in said) == (1, True, True)
    shadow(loop.store, other_version(loop.store), ANN)
    code, said = loop.retrain()
    assert (code, "version 2 is in shadow" in said, "registry clear shadow" in said) == (1, True, True)


def other_version(store: VersionStore) -> int:
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        (folder / "model_card.md").write_text("another")
        return store.publish(folder, ANN)[0]
