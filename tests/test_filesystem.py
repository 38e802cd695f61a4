"""Locks between processes, and files that are replaced atomically."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from filesystem import lock, only_plain, read_plain, replace


def test_a_lock_waits_no_longer_than_its_time_limit_and_shared_ones_go_together(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with path.open("w") as one, path.open("w") as other:
        first, second = one.fileno(), other.fileno()
        lock(first, 0, shared=True)
        lock(second, 0, shared=True)
        with pytest.raises(TimeoutError):
            lock(second, 0.05)
        fcntl.flock(first, fcntl.LOCK_UN)
        lock(second, 0.05)
        with pytest.raises(TimeoutError):
            lock(first, 0.05, shared=True)


def test_a_replaced_file_keeps_its_mode_under_a_strict_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o640)
    before = os.umask(0o077)
    try:
        replace(path, b"new")
    finally:
        os.umask(before)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)


def test_a_file_that_can_not_be_replaced_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        replace(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_only_plain_files_and_links_to_them_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "plain").write_bytes(b"content")
    (tmp_path / "link").symlink_to("plain")
    assert [read_plain(tmp_path / name) for name in ("plain", "link")] == [b"content"] * 2
    for path, kind in ((tmp_path / "pipe", "a pipe"), (tmp_path, "a folder"), (Path("/dev/zero"), "a device")):
        with pytest.raises(OSError, match=f"it is {kind}, and a plain file is expected: '{path}'"):
            read_plain(path)
    with pytest.raises(OSError, match="pipe|No such device"):
        only_plain(str(tmp_path / "pipe"), os.O_WRONLY)
