"""What the tests of audit and monitor share: their commands as processes, and who does something."""

from __future__ import annotations

import os
import subprocess
import sys

from app.settings import Settings
from registry import Actor

ANN = Actor("ann", "looks good")
ROW = [6, 250, 66.5]


def run(settings: Settings, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a package, such as ``run(settings, "audit", "check")``."""
    environ = {**os.environ, "SERVE_MODELS": str(settings.models), "SERVE_LOGS": str(settings.logs), **environ}
    return subprocess.run([sys.executable, "-m", *words], env=environ, capture_output=True, text=True, check=False)
