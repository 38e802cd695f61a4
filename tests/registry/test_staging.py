"""Staged folders: what a killed process left is removed, and what a live one writes is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from filesystem import lock
from registry.staging import staged_folder
from tests.conftest import as_user

HOLDS = """
import sys
from pathlib import Path
from registry.staging import staged_folder
with staged_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def writer(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that writes in a staged folder until its input ends. Return it, and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def finish(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_live_one_is_not(tmp_path: Path) -> None:
    live, of_live = writer(tmp_path)
    killed, of_killed = writer(tmp_path)
    killed.kill()
    assert finish(killed) == -signal.SIGKILL
    assert {of_live, of_killed} == set(tmp_path.iterdir())
    with staged_folder(tmp_path) as mine:
        assert {of_live, mine} == set(tmp_path.iterdir())
        with staged_folder(tmp_path) as other:  # of another thread
            assert {of_live, mine, other} == set(tmp_path.iterdir())
    assert (of_live / "half").read_text() == "x"
    assert finish(live) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_only_has_such_a_name_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.mkdir()
    (tmp_path / ".staging-link").symlink_to(target)
    (tmp_path / ".staging-file").write_text("x")
    with staged_folder(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"kept", ".staging-link", ".staging-file"}


def test_a_folder_that_was_published_stays(tmp_path: Path) -> None:
    with staged_folder(tmp_path) as folder:
        (folder / "file").write_text("x")
        folder.rename(tmp_path / "1")
    assert (tmp_path / "1" / "file").exists()


def test_nothing_is_left_behind_by_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_by_a_folder_that_can_not_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.chdir(tmp_path)
    # With this umask nobody can open a new folder.
    with as_user(12345, group=12345, umask=0o777), pytest.raises(PermissionError), staged_folder(Path()):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_never_locked_is_removed_when_its_process_can_not_live_any_more(tmp_path: Path) -> None:
    left, locked, new = (tmp_path / f".new-staging-{name}" for name in ("left", "locked", "new"))
    for folder in (left, locked, new):
        folder.mkdir()
    for folder in (left, locked):
        os.utime(folder, (time.time() - 4000,) * 2)
    descriptor = os.open(locked, os.O_RDONLY)
    try:
        lock(descriptor, 0)
        with staged_folder(tmp_path) as mine:
            assert set(tmp_path.iterdir()) == {locked, new, mine}
    finally:
        os.close(descriptor)
