"""The version of the code: which commit and which packages a training runs with."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path


def commit(environ: Mapping[str, str]) -> str | None:
    """Return the commit of the code: SOURCE_COMMIT if that is set (in an image), else git's; None if both are missing.

    ``-dirty`` is appended to git's if files differ from the commit.
    """
    if source_commit := environ.get("SOURCE_COMMIT"):
        return source_commit
    try:
        head = _git("rev-parse", "HEAD")
        return f"{head}-dirty" if _git("status", "--porcelain") else head
    except (OSError, subprocess.CalledProcessError):
        return None  # not a git repository, or git is not installed


def packages() -> dict[str, str]:
    """Return the versions of Python and of the packages that the numbers depend on, by name."""
    import tensorflow as tf  # its package has another name on some platforms, so importlib.metadata may not find it

    names = ("keras", "numpy", "pandas", "scikit-learn")
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        **{name: version(name) for name in names},
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        ["git", "-C", str(Path(__file__).parent), *arguments],  # noqa: S607 - found in PATH
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
