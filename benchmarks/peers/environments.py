"""The peers' environments: one for each file of requirements, outside the project's tree, made once.

They are no part of the project's lock: the service needs none of these packages, and some need other versions than it.
To take newer ones, change the first lines of a file of requirements, which name what is measured, remove the others,
run, and put there what ``pip freeze`` says.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"


class InstallationError(Exception):
    """A peer's packages can't be installed; the message is pip's."""


def environment(name: str) -> Path:
    """Return the peer's environment, after making it if its requirements have changed or it isn't there.

    A copy of the requirements in it says that it is whole: it is written at the end.

    Raises:
        InstallationError: if the packages can't be installed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "flask-model-service" / "peers" / name
    wanted, done = REQUIREMENTS / f"{name}.txt", folder / "requirements.txt"
    if done.exists() and done.read_bytes() == wanted.read_bytes():
        return folder
    print(f"installing {name} into {folder}", file=sys.stderr)
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    install = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "-r", str(wanted)]
    for command in (make, install):
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if ended.returncode:
            raise InstallationError(ended.stdout.strip().rpartition("\n")[2] or f"status {ended.returncode}")
    shutil.copy(wanted, done)
    return folder


def versions(name: str) -> dict[str, str]:
    """Return the packages that a file of requirements names first, with their versions; others are what these need."""
    asked_for = (REQUIREMENTS / f"{name}.txt").read_text().partition("\n\n")[0]
    return dict(re.findall(r"^([\w-]+)==(\S+)$", asked_for, re.MULTILINE))
