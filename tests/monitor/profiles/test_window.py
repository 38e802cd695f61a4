"""The profile of a window, over logs in every state: what is broken is counted and named, and the rest is read."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journal import LogReader, prediction_columns
from monitor.profiles.profile import MAX_FAULTS
from monitor.profiles.reference import Reference
from monitor.profiles.window import WindowProfile, profile_window
from monitor.window import Window
from tests.monitor.logs_of import DAY, INPUTS, NOON, WHOLE_DAY, at, make_reference, predictions, request, write

ROW = predictions([[1, 1, 0, 1]])
HEADER = ",".join(prediction_columns(INPUTS)).encode() + b"\n"
WEEK = Window(datetime(2026, 11, 14, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make_reference()


def read(logs: Path, reference: Reference, window: Window = WHOLE_DAY, sealed: tuple[str, ...] = ()) -> WindowProfile:
    return profile_window(logs, reference, window, logs / "cache", sealed)


def rows_of(found: WindowProfile) -> int:
    return sum(group.rows for group in found.total.groups.values())


def torn_of(found: WindowProfile) -> int:
    """How many lines the faults call torn."""
    return sum(map(int, re.findall(r": (\d+) lines are no whole rows", "\n".join(found.faults))))


def test_calm_logs_have_no_faults(tmp_path: Path, reference: Reference) -> None:
    write(tmp_path, "predictions", ROW * 3)
    write(tmp_path, "requests", request() * 3)
    found = read(tmp_path, reference)
    assert (rows_of(found), found.faults) == (3, [])
    assert found.traffic.total.requests == 3


BROKEN = {
    # content of the file, whole rows, torn lines, rows that are not compared, and what the sentence says
    "torn, as the writer ends it": (HEADER + ROW + ROW[:30] + b"," * 11 + b"\n" + ROW, 2, 1, 0, "1 lines are no whole"),
    "void, with a comma for its first byte": (HEADER + ROW + b"," + ROW[1:] + ROW, 2, 1, 0, "1 lines are no whole"),
    "torn in its last column": (HEADER + ROW * 2 + ROW[:-3], 2, 1, 0, "1 lines are no whole"),
    "a last line without an end": (HEADER + ROW * 2 + ROW[:-1], 2, 1, 0, "1 lines are no whole"),
    "an open quote": (HEADER + ROW + ROW.replace(b",a,", b',"a,') + ROW * 5, 6, 1, 0, "read line by line"),
    "a quoted line break": (HEADER + ROW + ROW.replace(b",a,", b',"a\na",') + ROW, 2, 2, 0, "read line by line"),
    "an empty line": (HEADER + ROW + b"\n" + ROW, 2, 1, 0, "1 lines are no whole"),
    "no number": (HEADER + ROW + ROW.replace(b",1.0,", b",one,") + ROW, 2, 0, 1, "another text where a number"),
    "no time": (HEADER + ROW + b"yesterday" + ROW[27:] + ROW, 2, 0, 1, "another text where a number"),
    "an empty version": (HEADER + ROW + ROW.replace(b",1,champion", b",,champion") + ROW, 2, 0, 1, "another text"),
    "a version that is too large": (HEADER + ROW.replace(b",1,cha", b",9999999999,cha") + ROW, 1, 0, 1, "another text"),
    "a value that is too large": (HEADER + ROW.replace(b",1.0,", b",1e39,", 1) + b'"\n' + ROW, 2, 1, 0, "1 lines are"),
    "an unknown role": (HEADER + ROW + ROW.replace(b"champion", b"boss") + ROW, 2, 0, 1, "1 rows have an unknown role"),
    "an unknown flag": (HEADER + ROW[:-1] + b"late\n" + ROW, 2, 0, 0, "1 rows have the unknown flag late"),
    "an empty cell": (HEADER + ROW.replace(b",1.0,", b",,", 1) + ROW, 2, 0, 0, None),
    "no header": (ROW * 2, 0, 0, 2, "has no header, so its 2 lines are not compared"),
    "an unknown column": (HEADER[:-1] + b",more\n" + (ROW[:-1] + b",5\n") * 2, 2, 0, 0, "has an unknown column more"),
    "an unknown column of a bad name": (HEADER[:-1] + b",'); --\n" + ROW[:-1] + b",5\n", 1, 0, 0, "unknown column"),
    "other inputs": (HEADER.replace(b"kind", b"sort") + ROW * 2, 0, 0, 2, "has no column kind, so its 2 rows are not"),
    "a column twice": (HEADER[:-1] + b",row\n" + ROW[:-1] + b",5\n", 0, 0, 1, "has two columns of one name"),
    "nothing": (b"", 0, 0, 0, "is empty, without a header"),
    "a header alone": (HEADER, 0, 0, 0, None),
    "a header without an end": (HEADER[:-1], 0, 0, 0, None),
    "CRLF": ((HEADER + ROW * 3).replace(b"\n", b"\r\n"), 3, 0, 0, None),
    "a byte order mark": (b"\xef\xbb\xbf" + HEADER + ROW * 3, 3, 0, 0, None),
    "a NUL byte": (HEADER + ROW + ROW.replace(b",a,", b",a\0b,") + ROW, 3, 0, 0, None),
    "NUL bytes for a page": (HEADER + ROW + b"\0" * 4096 + b"\n" + ROW, 2, 1, 0, "1 lines are no whole"),
    "no UTF-8": (HEADER + ROW + ROW.replace(b",a,", b",\xff\xfe,") + ROW, 3, 0, 0, "read line by line"),
    "a carriage return in a cell": (HEADER + ROW + ROW.replace(b",a,", b",a\rb,") + ROW, 2, 1, 0, "read line by line"),
    "rows of another day": (
        HEADER + ROW + predictions([[1, 1, 0, 1]], time=at(86400)) + predictions([[1, 1, 0, 1]], time=at(-86400)),
        1,
        0,
        2,
        f"2 rows are not of {DAY}",
    ),
    "a prediction that is nan": (HEADER + ROW + predictions([[1, 1, 0, float("nan")]]), 2, 0, 0, "is no number"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_read_as_far_as_it_can_be(tmp_path: Path, reference: Reference, name: str) -> None:
    content, rows, torn, uncompared, sentence = BROKEN[name]
    path = write(tmp_path, "predictions", content, header=b"")
    write(tmp_path, "requests", request(status=422))
    found = read(tmp_path, reference)
    assert (rows_of(found), torn_of(found)) == (rows, torn), found.faults
    if sentence is None:
        assert found.faults == []
    else:
        assert any(sentence in fault and fault.startswith(path.name) for fault in found.faults), found.faults
    if content and not uncompared and b"\r\n" not in content and content[0] != 0xEF:
        reader = LogReader(path)
        assert (len(list(reader)), reader.torn) == (rows, torn)  # the journal sees the same


def test_a_day_that_is_gone_is_named(tmp_path: Path, reference: Reference) -> None:
    for day in ("2026-11-17", "2026-11-18", "2026-11-20"):
        time = f"{day}T12:00:00.000000Z"
        write(tmp_path, "predictions", predictions([[1, 1, 0, 1]], time=time), day)
        write(tmp_path, "requests", request(time=time), day)
    write(tmp_path, "predictions", b"", "2026-99-99")
    write(tmp_path, "predictions", b"", "yyyy-mm-dd")
    sealed = ("predictions-2026-11-18.csv", "predictions-2026-11-16.csv", "predictions-2020-01-01.csv")
    found = read(tmp_path, reference, WEEK, sealed)
    assert sorted(found.days) == ["2026-11-17", "2026-11-18", "2026-11-20"]
    assert found.faults == [
        "predictions-2026-11-16.csv: was sealed, and is gone",
        "there is no log of 2026-11-19: no request came on that day, or its files were removed",
    ]


def test_a_day_with_one_of_the_two_logs_is_named(tmp_path: Path, reference: Reference) -> None:
    for day in ("2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20"):
        time = f"{day}T12:00:00.000000Z"
        write(tmp_path, "predictions", predictions([[1, 1, 0, 1]], time=time), day)
        write(tmp_path, "requests", request(time=time), day)
    (tmp_path / "predictions-2026-11-17.csv").unlink()
    write(tmp_path, "predictions", b"", "2026-11-18")
    (tmp_path / "requests-2026-11-19.csv").unlink()
    assert read(tmp_path, reference, WEEK).faults == [
        "there is no prediction of 2026-11-17, though requests were answered on that day",
        "there is no prediction of 2026-11-18, though requests were answered on that day",
        "there is no request log of 2026-11-19, though there are predictions of that day",
    ]


def test_no_logs_at_all_are_an_empty_profile(tmp_path: Path, reference: Reference) -> None:
    found = read(tmp_path / "none", reference)
    assert (found.days, found.total.groups, found.traffic.hours, found.faults) == ({}, {}, {}, [])
    assert found.total.answered(reference).rows == 0


def test_late_rows_belong_to_their_day(tmp_path: Path, reference: Reference) -> None:
    write(tmp_path, "predictions", ROW)
    write(tmp_path, "predictions", ROW * 2, f"{DAY}.late-2026-11-22")
    write(tmp_path, "requests", request() * 2, f"{DAY}.late-2026-11-22")
    found = read(tmp_path, reference)
    assert {day: profile.groups[1, "champion"].rows for day, profile in found.days.items()} == {DAY: 3}
    assert (found.traffic.total.requests, found.faults) == (2, [])


def test_a_part_of_a_day_has_the_rows_of_that_time(tmp_path: Path, reference: Reference) -> None:
    times = [at(seconds) for seconds in (-1, 0, 1, 59.999999, 60, 61)]
    write(tmp_path, "predictions", b"".join(predictions([[1, 1, 0, 1]], f"{time}", time) for time in times))
    write(tmp_path, "requests", b"".join(request(time=time) for time in times))
    found = read(tmp_path, reference, Window(NOON, NOON + timedelta(seconds=60)))
    assert (rows_of(found), found.traffic.total.requests, found.faults) == (3, 3, [])


def test_pipes_and_folders_are_not_waited_for_and_links_are_followed(tmp_path: Path, reference: Reference) -> None:
    logs = tmp_path / "logs"
    target = write(tmp_path / "elsewhere", "predictions", ROW)
    logs.mkdir()
    (logs / target.name).symlink_to(target)
    os.mkfifo(logs / f"requests-{DAY}.csv")
    (logs / "predictions-2026-11-19.csv").mkdir()
    (logs / "predictions-2026-11-18.csv").symlink_to(logs / "nowhere")
    found = read(logs, reference, WEEK)
    assert rows_of(found) == 1
    assert sorted(found.faults) == [
        "predictions-2026-11-18.csv: can't be read (No such file or directory)",
        "predictions-2026-11-19.csv: can't be read (it is a folder, and a plain file is expected)",
        f"requests-{DAY}.csv: can't be read (it is a pipe, and a plain file is expected)",
    ]


def test_a_folder_may_have_any_name(tmp_path: Path, reference: Reference) -> None:
    logs = tmp_path / "a [b]*'?; --"
    write(logs, "predictions", ROW)
    assert rows_of(read(logs, reference)) == 1


def test_sentences_are_bounded_in_number(tmp_path: Path, reference: Reference) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(MAX_FAULTS + 20):
        write(tmp_path, "predictions", b"", (start + timedelta(days=number)).date().isoformat(), b"")
    assert len(read(tmp_path, reference, Window(start, start + timedelta(days=100))).faults) == MAX_FAULTS


def test_a_day_that_is_written_meanwhile_is_read_all_the_same(tmp_path: Path, reference: Reference) -> None:
    now = datetime.now(UTC)
    day = now.date().isoformat()
    time = f"{day}T00:00:00.000000Z"
    path = write(tmp_path, "predictions", predictions([[1, 1, 0, 1]], time=time) * 2, day)
    with path.open("ab") as file:
        file.write(ROW[:40])  # a write that is on its way
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = read(tmp_path, reference, Window(midnight, now))
    assert (rows_of(found), torn_of(found)) == (2, 1)
    assert list((tmp_path / "cache").glob("*")) == []
