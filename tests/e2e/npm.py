"""The locked npm packages of app/browser/, for tests that need them: installed once in a run, where there is npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.server import ROOT

BROWSER = ROOT / "app" / "browser"


def require_npm(what: str) -> None:
    """Skip a test, with a word about what is not tested, if there is no npm; fail where a browser is required."""
    if shutil.which("npm") is None:
        reason = f"NOT TESTED: {what}, because there is no npm"
        assert not os.environ.get("REQUIRE_BROWSER"), reason
        pytest.skip(reason)


def install_packages(folder: Path) -> None:
    """Install the locked packages into a folder."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(BROWSER / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
