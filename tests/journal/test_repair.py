"""Whatever is cut out of a row, and whatever is taken back, is known as torn; whole rows around it are read."""

from __future__ import annotations

import csv
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from fcntl import LOCK_UN, flock
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from journal import (
    REQUEST_COLUMNS,
    Journal,
    JournalError,
    LogReader,
    encode_predictions,
    encode_request,
    prediction_columns,
    whole_lines,
)
from journal import appender as appender_module
from journal.log_folder import today
from journal.repair import end_of_torn, void

DAY = "2026-11-23"
TIME = f"{DAY}T18:42:01.000005Z"


def request(body: bytes, request_id: str = "id", error: str = "") -> bytes:
    fields = {"time": TIME, "request_id": request_id, "client": "::1", "method": "POST", "path": '/p?a="1",2'}
    return encode_request(**fields, content_type="a=b,c", status=200, duration_ms=1.25, error=error, body=body)


TABLE = np.array([[6, 250, 66.5], [7, 300, 10]], np.float32)
COLUMNS = {"requests": REQUEST_COLUMNS, "predictions": prediction_columns(["rm", "tax", "age"])}
ROWS = {
    "a list": ("requests", request(b"[6, 250, 66.5]")),
    "quotes": ("requests", request(b'{"rm": "6", "x": "a,b"}', request_id='"a",""b', error='say "x", or ""')),
    "only quotes": ("requests", request(b'""""')),
    "nothing": ("requests", request(b"")),
    "bytes": ("requests", request('zwölf €\x00\r\n\\x"'.encode() + b"\xff")),
    "predictions": (
        "predictions",
        encode_predictions(TIME, "id", "m", 1, "champion", TABLE[:1], TABLE[:1, 0], ["a b"]),
    ),
    "no flags": ("predictions", encode_predictions(TIME, "a,b", "m", 1, "champion", TABLE[1:], TABLE[1:, 0])),
}


@pytest.mark.parametrize(("stream", "row"), ROWS.values(), ids=ROWS)
def test_a_row_cut_at_any_byte_is_torn_for_every_reader_and_so_is_a_repair_cut_at_any_byte(
    tmp_path: Path, stream: str, row: bytes
) -> None:
    columns = COLUMNS[stream]
    torn = {row[:length] for length in range(1, len(row))}
    for _ in range(2):  # the next writer may be killed too, and the one after it
        ended = {part + end_of_torn(part, len(columns)) for part in torn}
        torn |= {line[:length] for line in ended for length in range(len(row) // 2, len(line))}
    lines = [part + end_of_torn(part, len(columns)) for part in torn]
    path = tmp_path / f"{stream}-{DAY}.csv"
    path.write_bytes(",".join(columns).encode() + b"\n" + b"".join(line + row for line in lines))
    reader = LogReader(path)
    rows = list(reader)
    assert (len(rows), reader.torn) == (len(lines), len(lines))
    assert all(one == rows[0] for one in rows)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        counts = [len(fields) for fields in csv.reader(file)]
    assert all(count > len(columns) for count in counts[1::2])
    assert set(counts[::2]) == {len(columns)}
    assert list(whole_lines(path))[1:] == [row] * len(lines)


@pytest.mark.parametrize(("stream", "row"), ROWS.values(), ids=ROWS)
def test_a_void_row_is_as_long_and_torn(tmp_path: Path, stream: str, row: bytes) -> None:
    block = void(row * 2)
    path = tmp_path / f"{stream}-{DAY}.csv"
    path.write_bytes(",".join(COLUMNS[stream]).encode() + b"\n" + row + block + row)
    reader = LogReader(path)
    assert (len(list(reader)), reader.torn, len(block)) == (2, 2, 2 * len(row))
    assert list(whole_lines(path))[1:] == [row, row]


_KILLED = """
import os, signal, sys
from pathlib import Path
from journal import Journal
from tests.journal.test_repair import COLUMNS, DAY, ROWS

for stream, row in (ROWS["quotes"], ROWS["no flags"]):
    for length in range(1, len(row) + len(COLUMNS[stream]) + 2):
        if (pid := os.fork()) == 0:
            def write(descriptor, data):
                os.write(descriptor, data[:length])
                os.kill(os.getpid(), signal.SIGKILL)
            journal = Journal(Path(sys.argv[1]), write=write)
            journal.add_stream(stream, COLUMNS[stream])
            journal.append(DAY, {stream: row})
        os.waitpid(pid, 0)
"""


@pytest.mark.slow
def test_no_row_of_a_writer_that_was_killed_at_any_byte_is_read_as_whole(tmp_path: Path) -> None:
    service = journal(tmp_path)
    service.append(DAY, answer("before"))
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=True)
    service.append(DAY, answer("after"))
    # Some were killed after their last byte: their rows are whole, as if they had been killed a moment later.
    for stream, (_, row) in zip(COLUMNS, (ROWS["quotes"], ROWS["no flags"]), strict=True):
        path = tmp_path / f"{stream}-{DAY}.csv"
        lines = path.read_bytes().splitlines(keepends=True)
        whole = list(whole_lines(path))
        assert {line for line in whole[1:] if b"before" not in line and b"after" not in line} <= {row}
        assert len(lines) - len(whole) >= len(row)
        reader = LogReader(path)
        assert (len(list(reader)), reader.torn) == (len(whole) - 1, len(lines) - len(whole))


def journal(folder: Path) -> Journal:
    made = Journal(folder, durability="fsync")
    for stream, columns in COLUMNS.items():
        made.add_stream(stream, columns)
    return made


def counts(folder: Path) -> dict[str, tuple[list[str], int]]:
    """Return the request ids of whole rows, and the number of torn lines, by stream."""
    readers = {stream: LogReader(folder / f"{stream}-{DAY}.csv") for stream in COLUMNS}
    return {stream: ([row["request_id"] for row in reader], reader.torn) for stream, reader in readers.items()}


def answer(request_id: str) -> dict[str, bytes]:
    predictions = encode_predictions(TIME, request_id, "m", 1, "champion", TABLE, TABLE[:, 0])
    return {"predictions": predictions, "requests": request(b'[6, "2,50"]', request_id)}


class FailingSync:
    """A sync that fails so many times; before it does, somebody else may append."""

    def __init__(self, times: int, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.times, self._meanwhile = times, meanwhile

    def __call__(self, descriptor: int) -> None:
        if self.times:
            self.times -= 1
            self._meanwhile()
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def sync(monkeypatch: pytest.MonkeyPatch) -> Callable[[FailingSync], None]:
    return lambda failing: monkeypatch.setattr(appender_module, "_fdatasync", failing)


@pytest.mark.parametrize("before", [[], ["before"]])
def test_rows_whose_sync_fails_are_taken_back(
    tmp_path: Path, sync: Callable[[FailingSync], None], before: list[str]
) -> None:
    service = journal(tmp_path)
    for request_id in before:
        service.append(DAY, answer(request_id))
    sync(FailingSync(1))
    with pytest.raises(JournalError, match="can't be written .Input/output error"):
        service.append(DAY, answer("refused"))
    service.append(DAY, answer("after"))
    ids = [*before, "after"]
    assert counts(tmp_path) == {"requests": (ids, 0), "predictions": ([one for one in ids for _ in TABLE], 0)}


def test_rows_whose_sync_fails_are_torn_if_others_were_appended_behind_them(
    tmp_path: Path, sync: Callable[[FailingSync], None]
) -> None:
    service, other = journal(tmp_path), journal(tmp_path)
    service.append(DAY, answer("before"))
    sync(FailingSync(1, lambda: other.append(DAY, answer("other"))))
    with pytest.raises(JournalError):
        service.append(DAY, answer("refused"))
    service.append(DAY, answer("after"))
    ids = ["before", "other", "after"]
    assert counts(tmp_path) == {"requests": (ids, 1), "predictions": ([one for one in ids for _ in TABLE], 2)}
    assert b"refused" in (tmp_path / f"requests-{DAY}.csv").read_bytes()  # people can still read what was asked


def test_rows_are_torn_if_the_file_can_not_be_shortened_and_named_in_the_log_if_nothing_helps(
    tmp_path: Path,
    sync: Callable[[FailingSync], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = journal(tmp_path)
    service.append(DAY, answer("before"))
    monkeypatch.setattr(os, "ftruncate", refuse)
    sync(FailingSync(1))
    with pytest.raises(JournalError):
        service.append(DAY, answer("refused"))
    assert counts(tmp_path) == {"requests": (["before"], 1), "predictions": (["before"] * 2, 2)}
    assert "look answered" not in caplog.text
    monkeypatch.setattr(os, "pwrite", refuse)
    sync(FailingSync(1))
    with pytest.raises(JournalError):
        service.append(DAY, answer("stays"))
    assert f"requests-{DAY}.csv: the rows from byte " in caplog.text


def refuse(*_: object) -> None:
    """Do nothing of what os does."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def refuse_to_unlock(descriptor: int, operation: int) -> None:
    """Do what flock does, but release no lock."""
    if operation == LOCK_UN:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    flock(descriptor, operation)


def test_a_lock_that_can_not_be_released_costs_no_row_and_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, other = journal(tmp_path), journal(tmp_path)
    monkeypatch.setattr("fcntl.flock", refuse_to_unlock)
    for each in (service, other, service):
        each.append(DAY, answer("id"))
    assert counts(tmp_path) == {"requests": (["id"] * 3, 0), "predictions": (["id"] * 6, 0)}


@pytest.mark.parametrize("durability", ["write", "fsync"])
def test_a_row_counts_if_the_lock_can_not_be_released_and_nothing_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: Literal["write", "fsync"]
) -> None:
    service, other = (Journal(tmp_path, durability=durability) for _ in range(2))
    for each in (service, other):
        each.add_stream("requests", ["id"])
    day = today()  # for another one, the marker of closed days is opened with each append
    service.append(day, {"requests": b"before\n"})
    with monkeypatch.context() as faults:
        faults.setattr("fcntl.flock", refuse_to_unlock)
        faults.setattr(os, "open", refuse)
        service.append(day, {"requests": b"then\n"})
        with pytest.raises(JournalError):
            service.append(day, {"requests": b"refused\n"})
    for each in (other, service):
        each.append(day, {"requests": b"after\n"})
    assert (tmp_path / f"requests-{day}.csv").read_text().split() == ["id", "before", "then", "after", "after"]
