"""history.jsonl: who did what to a model's versions, when and why; and that nobody changed it afterwards.

A line is a JSON object. Its last member, ``sha256``, is the SHA-256 of the line without that member, so an edited line
is known by itself; ``previous`` is the SHA-256 of the whole line before, so a line that was removed, moved or written
anew does not fit its neighbours. What neither shows is that the last lines are gone: history.head says how many there
were, and the SHA-256 of the last.

A line is on the disk before what it tells is done; who dies in between leaves something to finish, which is the store's
matter. Knows no version and no alias.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry.errors import HistoryError

HISTORY, HEAD = "history.jsonl", "history.head"
_BEGINNING = "0" * 64
_SEAL_LENGTH = len(', "sha256": ""}') + 64
_HEAD_LINE = re.compile(r"([0-9]{1,18}) ([0-9a-f]{64})\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number from 1 on, its SHA-256, and what it says."""

    number: int
    digest: str
    content: Mapping[str, Any]


class History:
    """The history below one model's folder. Whoever appends holds the store's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HISTORY
        self._head = folder / HEAD

    def lines(self) -> list[Line]:
        """Every line, oldest first; empty before the first publication.

        Raises:
            HistoryError: naming the first line that is not as it was written.
        """
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            raw = b""
        except OSError as error:
            raise HistoryError(f"{self._path}: can't be read ({error.strerror})") from error
        lines: list[Line] = []
        previous = _BEGINNING
        for number, text in enumerate(raw.split(b"\n")[:-1], 1):
            content = _read(text)
            if content is None:
                raise HistoryError(f"{self._path}, line {number}: was changed; restore it")
            if content["previous"] != previous:
                what = f"line {number}: does not follow the line before it"
                raise HistoryError(f"{self._path}, {what}; lines were removed, moved or written anew")
            previous = hashlib.sha256(text).hexdigest()
            lines.append(Line(number, previous, content))
        self._compare_head(lines)
        return lines

    def append(self, content: Mapping[str, Any]) -> Line:
        """Write a line, and have it on the disk.

        Args:
            content: what happened; the time and the links are added.

        Raises:
            HistoryError: if the history that is there is not whole, or can't be written; then nothing is.
        """
        lines = self.lines()
        time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        whole = {"time": time, **content, "previous": lines[-1].digest if lines else _BEGINNING}
        text = _seal(json.dumps(whole, ensure_ascii=False).encode())
        digest = hashlib.sha256(text).hexdigest()
        try:
            self._write(text + b"\n")
            replace(self._head, f"{len(lines) + 1} {digest}\n".encode())
        except OSError as error:
            raise HistoryError(f"{self._path}: can't be written ({error.strerror or error})") from error
        return Line(len(lines) + 1, digest, whole)

    def _compare_head(self, lines: list[Line]) -> None:
        try:
            text = self._head.read_text(encoding="ascii")
            match = _HEAD_LINE.fullmatch(text)
        except FileNotFoundError:
            if len(lines) > 1:  # the first line's writer may have died before
                raise HistoryError(f"{self._head}: is missing; it says how many lines there were") from None
            return
        except (OSError, ValueError) as error:
            raise HistoryError(f"{self._head}: can't be read ({error})") from error
        if match is None:
            raise HistoryError(f"{self._head}: was changed; it says how many lines there were")
        count, digest = int(match[1]), match[2]
        if count > len(lines):
            raise HistoryError(
                f"{self._path}, line {len(lines) + 1}: is gone; {self._head.name} tells of {count} lines"
            )
        if count < len(lines) - 1 or count == 0 or lines[count - 1].digest != digest:
            raise HistoryError(f"{self._path}, line {count}: is not the one that {self._head.name} tells of")

    def _write(self, block: bytes) -> None:
        """Write behind the last whole line: what is behind that was never finished."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            end = os.pread(descriptor, size, 0).rfind(b"\n") + 1
            try:
                os.ftruncate(descriptor, end)
                written = os.pwrite(descriptor, block, end)
                if written < len(block):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Replace a small file at once and durably: a reader sees the old one or the new one. One writer at a time."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or a folder's entries, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _seal(text: bytes) -> bytes:
    return b'%b, "sha256": "%b"}' % (text[:-1], hashlib.sha256(text).hexdigest().encode())


def _read(text: bytes) -> dict[str, Any] | None:
    """What a line says; None if it is not what was written."""
    unsealed = text[:-_SEAL_LENGTH] + b"}"
    if text != _seal(unsealed):
        return None
    try:
        content: dict[str, Any] = json.loads(unsealed)
    except ValueError:
        return None
    return content if "previous" in content else None
