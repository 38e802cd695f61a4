"""Making .venv: which Python, how much disk, what is there already, and what a killed installation leaves."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from requirements.environment import SETS, STAMP, SetupError, check_space, holds, reason, stamp, suffices

ROOT = Path(__file__).parents[2]
OLD = [
    *filter(None, map(shutil.which, ("python2.7", "python3.6", "python3.8", "python3.9", "python3.10"))),
    *map(str, sorted(Path.home().glob(".pyenv/versions/*/bin/python"))),
]


def old_pythons() -> list[str]:
    probe = "import sys; sys.exit(sys.version_info >= (3, 11))"
    return [python for python in OLD if subprocess.run([python, "-c", probe], capture_output=True).returncode == 0]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the installer and, for each set, a lock of one tiny package more; pip finds them in wheels/."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "wheels").mkdir()
    for name in ("pyproject.toml", "requirements/install.py", "requirements/environment.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    locked = ""
    for name in SETS:
        wheel = tmp_path / "wheels" / f"for_{name}-1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            info = f"for_{name}-1.dist-info"
            archive.writestr(f"for_{name}.py", "")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: for-{name}\nVersion: 1\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        locked += f"for-{name}==1 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        (tmp_path / "requirements" / f"{name}.txt").write_text(locked)
    return tmp_path


Install = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(project: Path) -> Install:
    """Starts the installer in the project, offline and in a process group of its own."""

    def start(*arguments: str, python: str = sys.executable, **environ: str) -> subprocess.Popen[str]:
        offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "wheels")}
        return subprocess.Popen(
            [python, "requirements/install.py", *arguments],
            cwd=project,
            env={**os.environ, **offline, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def imports(project: Path, *modules: str) -> bool:
    command = [str(project / ".venv/bin/python"), "-c", f"import {', '.join(modules)}"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize("bounds", [">=3.98,<3.99", ">=3.4,<3.5"], ids=["too old", "too new"])
def test_a_python_that_does_not_fit_gets_one_sentence(project: Path, start: Install, bounds: str) -> None:
    (project / "pyproject.toml").write_text(f'[project]\nrequires-python = "{bounds}"\n')
    status, out, err = finish(start("serve", PATH=os.devnull))
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "is needed and" in err
    assert ".".join(map(str, sys.version_info[:3])) in err


def test_a_really_old_python_gets_the_same_sentence_and_no_traceback(start: Install) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("no Python older than 3.11 is installed here")
    for python in pythons:
        status, _, err = finish(start("serve", python=python, PATH=os.devnull))
        assert (status, err.count("\n")) == (1, 1), err
        assert err.startswith("Python 3.11 to 3.13 is needed and")


def test_an_old_python_hands_over_to_one_on_the_path_that_fits(tmp_path: Path, start: Install) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("no Python older than 3.11 is installed here")
    (tmp_path / "bin").mkdir()
    (tmp_path / f"bin/python3.{sys.version_info.minor}").symlink_to(sys.executable)
    status, _, err = finish(start("no such set", python=pythons[0], PATH=str(tmp_path / "bin")))
    assert (status, err) == (2, "Name one set: python requirements/install.py serve|train|test\n")


@pytest.mark.parametrize("wanted", SETS)
def test_too_little_disk_is_said_before_anything_is_touched(wanted: str) -> None:
    check_space(wanted, SETS[wanted] * 10**6)
    with pytest.raises(SetupError, match=f"The {wanted} set needs .* GB of free disk and .* has 0.3 GB"):
        check_space(wanted, 300_000_000)


def test_a_larger_set_suffices_for_a_smaller_one_and_not_the_other_way() -> None:
    order = ["serve", "train", "test"]
    assert [[suffices(held, wanted) for wanted in order] for held in order] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert not suffices(None, "serve")


def test_the_stamp_counts_only_with_its_lock_unchanged_and_a_python_that_is_there(project: Path) -> None:
    venv, locks = project / ".venv", project / "requirements"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin/python"
    python.symlink_to(sys.executable)
    assert holds(venv, locks) is None
    (venv / STAMP).write_text(stamp("train", locks))
    assert holds(venv, locks) == "train"
    with (locks / "serve.txt").open("a") as file:
        file.write("# the lock of another set\n")
    assert holds(venv, locks) == "train"
    with (locks / "train.txt").open("a") as file:
        file.write("# changed\n")
    assert holds(venv, locks) is None
    (venv / STAMP).write_text(stamp("train", locks))
    python.unlink()
    python.symlink_to(project / "gone")
    assert holds(venv, locks) is None


@pytest.mark.parametrize("said", ["", "train\n", "other 00\n"])
def test_a_damaged_stamp_counts_as_none(project: Path, said: str) -> None:
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").touch()
    (project / ".venv" / STAMP).write_text(said)
    assert holds(project / ".venv", project / "requirements") is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("WARNING: x\nERROR: one\nERROR: two\n", "two"),
        ("ERROR: hashes differ:\n    a==1\n        Got  00\n", "hashes differ: a==1 Got 00"),
        ("some\nlast words\n\n", "last words"),
        ("", "it said nothing"),
        ("WARNING: connection broken by 'x'\nERROR: none\n", "no connection to the package index (none)"),
    ],
)
def test_the_reason_is_the_last_error_on_one_line(output: str, expected: str) -> None:
    assert reason(output) == expected


def test_nothing_to_do_is_silent_and_touches_nothing(project: Path, start: Install) -> None:
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to(sys.executable)
    (project / ".venv" / STAMP).write_text(stamp("test", project / "requirements"))
    before = sorted((path, path.lstat().st_mtime_ns) for path in (project / ".venv").rglob("*"))
    assert finish(start("serve")) == (0, "", "")
    assert sorted((path, path.lstat().st_mtime_ns) for path in (project / ".venv").rglob("*")) == before


@pytest.mark.slow
def test_a_set_is_installed_once_and_grows_in_place(project: Path, start: Install) -> None:
    status, out, err = finish(start("serve"))
    assert (status, err) == (0, "")
    assert out.startswith("Installing the serve set")
    assert imports(project, "for_serve")
    assert not imports(project, "for_train")
    made = (project / ".venv/pyvenv.cfg").stat().st_mtime_ns
    assert finish(start("train"))[0] == 0
    assert imports(project, "for_serve", "for_train")
    assert (project / ".venv/pyvenv.cfg").stat().st_mtime_ns == made


@pytest.mark.slow
def test_a_changed_lock_makes_a_venv_without_what_left_the_lock(project: Path, start: Install) -> None:
    assert finish(start("train"))[0] == 0
    lock = project / "requirements/train.txt"
    lock.write_text(lock.read_text().splitlines()[1] + "\n")
    assert finish(start("train"))[0] == 0
    assert imports(project, "for_train")
    assert not imports(project, "for_serve")


@pytest.mark.slow
@pytest.mark.parametrize("whole_group", [True, False], ids=["with its children", "alone"])
def test_a_killed_installation_is_repaired_by_the_next_run(project: Path, start: Install, whole_group: bool) -> None:
    process = start("serve")
    while not (project / ".venv/pyvenv.cfg").exists():
        assert process.poll() is None, process.communicate()
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    finish(process)
    assert holds(project / ".venv", project / "requirements") is None
    assert finish(start("serve"))[0] == 0
    assert imports(project, "for_serve")


@pytest.mark.slow
def test_of_two_at_once_one_installs_and_the_other_waits(project: Path, start: Install) -> None:
    first, second = start("test"), start("test")
    (one, out, _), (other, out_too, _) = finish(first), finish(second)
    assert (one, other) == (0, 0)
    assert (out + out_too).count("Installing the test set") == 1
    assert imports(project, "for_serve", "for_train", "for_test")


@pytest.mark.slow
def test_a_package_that_is_not_what_was_locked_is_refused_in_one_sentence(project: Path, start: Install) -> None:
    with zipfile.ZipFile(project / "wheels/for_serve-1-py3-none-any.whl", "a") as archive:
        archive.writestr("extra.py", "")
    status, _, err = finish(start("serve"))
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith("The serve set could not be installed: THESE PACKAGES DO NOT MATCH THE HASHES")
    assert holds(project / ".venv", project / "requirements") is None
