"""Provenance: which code and which packages are at work.

Knows the environment and git; knows nothing of data or models.
"""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path


def commit(environ: Mapping[str, str]) -> str | None:
    """The code's commit: SOURCE_COMMIT where an image was built with it, else git's, with -dirty if files differ."""
    given = environ.get("SOURCE_COMMIT")
    if given:
        return given
    try:
        head = _git("rev-parse", "HEAD")
        return f"{head}-dirty" if _git("status", "--porcelain") else head
    except (OSError, subprocess.CalledProcessError):
        return None  # an unpacked archive, or no git here


def packages() -> dict[str, str]:
    """The versions of what the numbers depend on."""
    import tensorflow as tf  # has a wheel of another name on some platforms, so its metadata can't be asked for

    names = ("keras", "numpy", "pandas", "scikit-learn")
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        **{name: version(name) for name in names},
    }


def _git(*words: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed words
        ["git", "-C", str(Path(__file__).parent), *words],  # noqa: S607 - git is where the person's PATH has it
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
