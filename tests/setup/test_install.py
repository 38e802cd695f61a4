"""requirements/install.sh: which Python makes .venv, when nothing is to do, and what a failed installation leaves."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
import tomllib
import zipfile
from pathlib import Path
from subprocess import PIPE, Popen, check_output

import pytest

ROOT = Path(__file__).parents[2]
SETS = ("serve", "granian", "monitor", "train", "test")
PYTHON = sys._base_executable  # type: ignore[attr-defined]  # not the one of the .venv that runs the tests


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the installer and, for each set, a lock of one tiny package more; pip finds them in wheels/."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "wheels").mkdir()
    shutil.copy(ROOT / "requirements/install.sh", tmp_path / "requirements")
    pins = {}
    for name in SETS:
        wheel, info = tmp_path / f"wheels/for_{name}-1-py3-none-any.whl", f"for_{name}-1.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"for_{name}.py", "")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: for-{name}\nVersion: 1\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        pins[name] = f"for-{name}==1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        included = [pins[one] for one in pins if one != "granian" or name in ("granian", "test")]
        (tmp_path / f"requirements/{name}.txt").write_text("".join(included))
    return tmp_path


def start(project: Path, name: str, python: str = PYTHON, **environ: str) -> Popen[str]:
    """Start the installer, offline and in a process group of its own."""
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "wheels")}
    command = [str(project / "requirements/install.sh"), name, python]
    environ = {**os.environ, **offline, **environ}
    return Popen(command, env=environ, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True)


def finish(process: Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def installed(project: Path) -> list[str]:
    """The sets whose package is in .venv."""
    script = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if u.find_spec('for_' + n)))"
    return check_output([project / ".venv/bin/python", "-c", script, *SETS], text=True).split()


def path_with_python(folder: Path, version: str) -> str:
    """A PATH on which python3 is some other version, with what the installer calls beside and nothing else."""
    folder.mkdir()
    for tool in ("cmp", "cp", "dirname", "rm", "sh"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    (folder / "python3").write_text(f'#!/bin/sh\n[ "$1" = -V ] && echo Python {version}\n')
    (folder / "python3").chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0"])
def test_a_wrong_python_gets_one_sentence(project: Path, version: str) -> None:
    status, out, err = finish(start(project, "serve", "python3", PATH=path_with_python(project / "bin", version)))
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"Python 3.11 to 3.13 with venv is needed, and python3 is Python {version}: ")
    assert not (project / ".venv").exists()


def test_the_pythons_that_fit_are_those_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info < (3, 14)" in (ROOT / "requirements/install.sh").read_text()


@pytest.mark.parametrize("name", ["serve", "monitor", "train"])
def test_a_set_that_is_there_or_in_a_larger_one_is_kept_in_silence(project: Path, name: str) -> None:
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to(PYTHON)
    for made in ("serve", "monitor", "train"):
        shutil.copy(project / f"requirements/{made}.txt", project / ".venv")
    before = sorted((path, path.lstat().st_mtime_ns) for path in (project / ".venv").rglob("*"))
    assert finish(start(project, name, "no such python")) == (0, "", "")
    assert sorted((path, path.lstat().st_mtime_ns) for path in (project / ".venv").rglob("*")) == before


@pytest.mark.slow
def test_it_finds_a_python_that_fits_and_a_larger_set_grows_in_place(project: Path) -> None:
    path = path_with_python(project / "bin", "3.14.0")
    (project / f"bin/python3.{sys.version_info.minor}").symlink_to(PYTHON)
    status, out, err = finish(start(project, "serve", "python3", PATH=path))
    assert (status, out.count("\n"), err) == (0, 1, "")
    assert installed(project) == ["serve"]
    made = (project / ".venv/pyvenv.cfg").stat().st_mtime_ns
    assert finish(start(project, "train", "no such python"))[0] == 0
    assert installed(project) == ["serve", "monitor", "train"]
    assert (project / ".venv/pyvenv.cfg").stat().st_mtime_ns == made


@pytest.mark.slow
def test_granian_is_added_to_what_is_there_and_is_in_no_other_set_but_the_tests(project: Path) -> None:
    assert finish(start(project, "monitor"))[0] == 0
    assert installed(project) == ["serve", "monitor"]
    assert finish(start(project, "granian", "no such python"))[0] == 0
    assert installed(project) == ["serve", "granian", "monitor"]
    assert finish(start(project, "monitor", "no such python")) == (0, "", "")


@pytest.mark.slow
def test_a_changed_lock_and_a_python_that_went_away_make_it_anew(project: Path) -> None:
    assert finish(start(project, "serve"))[0] == 0
    shutil.copy(project / "requirements/test.txt", project / "requirements/serve.txt")
    assert finish(start(project, "serve"))[0] == 0
    assert installed(project) == list(SETS)
    (project / ".venv/bin/python").unlink()
    assert finish(start(project, "serve"))[0] == 0
    assert installed(project) == list(SETS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kill", "moment"), [(os.killpg, "pyvenv.cfg"), (os.kill, "pyvenv.cfg"), (os.killpg, "bin/pip")]
)
def test_a_killed_installation_is_repaired_by_the_next_run(project: Path, kill: object, moment: str) -> None:
    process = start(project, "serve")
    while not (project / ".venv" / moment).exists():
        assert process.poll() is None, process.communicate()
    kill(process.pid, signal.SIGKILL)  # type: ignore[operator]  # a parameter: os.kill or os.killpg
    finish(process)
    assert not (project / ".venv/serve.txt").exists()
    assert finish(start(project, "serve"))[0] == 0
    assert installed(project) == ["serve"]


@pytest.mark.slow
def test_of_two_at_once_one_installs_and_the_other_waits(project: Path) -> None:
    results = [finish(process) for process in (start(project, "test"), start(project, "test"))]
    assert [(status, err) for status, _, err in results] == [(0, "")] * 2
    assert sorted("Installing" in out for _, out, _ in results) == [False, True]
    assert installed(project) == list(SETS)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["DO NOT MATCH THE HASHES", "No space left on device"])
def test_a_failure_ends_with_the_words_of_pip(project: Path, small_disk: Path, fault: str) -> None:
    with zipfile.ZipFile(project / "wheels/for_serve-1-py3-none-any.whl", "a") as archive:
        archive.writestr("extra.py", "")
    if "space" in fault:
        shutil.copytree(project / "requirements", small_disk / "requirements")
        project = small_disk
    status, _, err = finish(start(project, "serve"))
    assert status != 0
    assert fault in err
    assert not (project / ".venv/serve.txt").exists()
