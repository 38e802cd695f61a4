"""What the tests of audit and monitor share: their commands as processes, and who does something."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.settings import Settings
from audit.report import build_report
from registry import Actor, VersionStore
from tests.conftest import HOUSES, publish

ANN = Actor("ann", "looks good")
ROW = [6, 250, 66.5]


def run(settings: Settings, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a package, such as ``run(settings, "audit", "check")``."""
    environ = {**os.environ, "SERVE_MODELS": str(settings.models), "SERVE_LOGS": str(settings.logs), **environ}
    return subprocess.run([sys.executable, "-m", *words], env=environ, capture_output=True, text=True, check=False)


# Text that tries to become markup, to end its line, to move a cursor and to turn the direction of writing.
HOSTILE = '<script>alert(1)</script> | a\nb `c` *d* [e](javascript:f) <b title="g">\x1b[2J\u202e &amp; _h_'


def hostile_report(models: Path) -> dict[str, Any]:
    """Return the report of a model whose title, card, aliases, history and faults are hostile text."""
    gate = {"name": HOSTILE + "\ud800", "limit": 1, "value": 2, "passed": False}
    publish(models, replace(HOUSES, title=HOSTILE), by=HOSTILE, gates=[gate])
    store = VersionStore(models, "boston")
    aliases = {"champion": 1, HOSTILE: 1, HOSTILE * 2: 2}  # there is no version 2
    store.aliases.change("canary", aliases, Actor(HOSTILE, HOSTILE), version=1, share=0.05)
    return build_report(models, models / "logs", datetime(2026, 11, 25, 12, tzinfo=UTC))
