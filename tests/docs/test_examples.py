"""The tutorial and the how-tos are run as they stand, in a fresh copy of the project, against real servers.

A `bash` or `python` block is run; a `text` or `json` block behind one is what it prints, or a part of it. Blocks of
other kinds (`sh`, `toml`) are not run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import ROOT, Client, environment, free_port, wait_until

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVES = re.compile(r"\bmake (run|serve)\b")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")


def not_copied(folder: str, names: list[str]) -> set[str]:
    """What a copy leaves out; models and logs are those of the root, and not a package of that name."""
    return NOT_COPIED(folder, names) | ({"models", "logs"} & set(names) if Path(folder) == ROOT else set())


class Copy(Client):
    """A fresh copy of the project, in which blocks are run, with at most one server."""

    def __init__(self, folder: Path) -> None:
        super().__init__(free_port())
        self.folder = shutil.copytree(ROOT, folder, ignore=not_copied)
        # What is installed stays, for .venv is that of these tests: make is told to install with `true`.
        makefile = (folder / "Makefile").read_text()
        assert makefile.count("requirements/install.") == 1, "INSTALL has to be the only way to the installer"
        (folder / ".venv").symlink_to(sys.prefix)
        self.server: subprocess.Popen[bytes] | None = None
        path = f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"
        self.environ = environment(PATH=path, SERVE_BIND=f"127.0.0.1:{self.port}")

    def run(self, language: str, code: str) -> str:
        """Run a block. Return what it prints; of one that serves nothing, once it is ready."""
        code = code.replace("127.0.0.1:5000", f"127.0.0.1:{self.port}").replace("make ", "make INSTALL=true ")
        command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euo", "pipefail", "-c", code]
        if SERVES.search(code.replace("INSTALL=true ", "")):
            self.serve(command)
            return ""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self, command: list[str]) -> None:
        self.stop()
        output = self.folder / "server.log"
        with output.open("wb") as file:
            self.server = subprocess.Popen(
                command, cwd=self.folder, env=self.environ, stdout=file, stderr=file, start_new_session=True
            )
        server = self.server
        wait_until(lambda: self.ready() or server.poll() is not None, f"a ready server, see {output}", 300)
        assert server.poll() is None, output.read_text()

    def stop(self) -> None:
        if self.server is not None and self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGTERM)  # make, and the service under it
            self.server.wait(40)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """The copy that the tutorial begins in, and the how-tos go on with."""
    copy = Copy(tmp_path_factory.mktemp("clone") / "project")
    yield copy
    copy.stop()


def without_id(text: str) -> object:
    """A JSON reply but for its request id."""
    reply = json.loads(text)
    return {name: value for name, value in reply.items() if name != "request_id"} if isinstance(reply, dict) else reply


# In this order: the how-tos have the versions and the logs that the tutorial made.
@pytest.mark.parametrize(
    "document",
    [
        "tutorial.md",
        "how-to/read-logs-with-pandas.md",
        "how-to/release.md",
        "how-to/sign-versions.md",
        "how-to/your-own-model.md",
        "your-data.md",
        "how-to/keras-model.md",
        "how-to/ground-truth.md",
        "how-to/tokens.md",
        "monitoring.md",
    ],
)
def test_every_block_of_a_document_runs_and_prints_what_stands_behind_it(document: str, copy: Copy) -> None:
    printed = ""
    for language, content in BLOCK.findall((ROOT / "docs" / document).read_text()):
        if language in ("bash", "python"):
            printed = copy.run(language, content)
        elif language == "json":
            assert without_id(content) == without_id(printed)
        elif language == "text":
            for line in content.splitlines():
                assert line in printed
