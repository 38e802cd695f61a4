"""The end of a stream is read without what stands before it, over midnight, whatever its rows hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from journal import Tail, read_tail

TODAY, YESTERDAY = "2026-11-24", "2026-11-23"
SIZES = {"size": 1000, "most": 16_000}


def log(folder: Path, rows: bytes, day: str = TODAY) -> None:
    (folder / f"requests-{day}.csv").write_bytes(b"time,request_id,body\n" + rows)


def tail(folder: Path) -> tuple[list[str], bool]:
    read: Tail = read_tail(folder, "requests", [TODAY, YESTERDAY], **SIZES)
    return [row["time"] for row in read.rows], read.whole


def rows(first: int, last: int) -> bytes:
    return b"".join(b"%d,a,x\n" % number for number in range(first, last + 1))


def test_without_a_file_and_without_a_row_it_is_empty_and_whole(tmp_path: Path) -> None:
    assert tail(tmp_path) == ([], True)
    log(tmp_path, b"")
    assert tail(tmp_path) == ([], True)


def test_it_has_the_last_rows_in_their_order_and_says_that_others_stand_before(tmp_path: Path) -> None:
    log(tmp_path, rows(1000, 1999))
    times, whole = tail(tmp_path)
    assert times == [str(number) for number in range(1999 - len(times) + 1, 2000)]
    assert 100 < len(times) <= 1000 // len(b"1000,a,x\n")
    assert not whole


def test_yesterday_comes_before_today_while_there_is_room(tmp_path: Path) -> None:
    log(tmp_path, rows(1, 3), YESTERDAY)
    log(tmp_path, rows(4, 5))
    assert tail(tmp_path) == (["1", "2", "3", "4", "5"], True)
    log(tmp_path, rows(1000, 1999), YESTERDAY)
    times, whole = tail(tmp_path)
    assert (times[-3:], whole) == (["1999", "4", "5"], False)
    log(tmp_path, rows(1000, 1999))
    assert "1999" not in read_tail(tmp_path, "requests", [YESTERDAY], **SIZES).rows[0].values()


def test_rows_that_came_late_are_not_among_the_newest(tmp_path: Path) -> None:
    log(tmp_path, rows(1, 1))
    (tmp_path / f"requests-{YESTERDAY}.late-{TODAY}.csv").write_bytes(b"time,request_id,body\n2,a,x\n")
    assert tail(tmp_path) == (["1"], True)


@pytest.mark.parametrize("torn", [b"2,a", b'2,a,"x', b"2,a\n", b'2,a,"x\n', b"2,a,x,y\n"])
def test_a_torn_row_is_left_out_and_takes_no_other_with_it(tmp_path: Path, torn: bytes) -> None:
    log(tmp_path, rows(1, 1) + torn + (rows(3, 3) if torn.endswith(b"\n") else b""))
    assert tail(tmp_path) == (["1", "3"] if torn.endswith(b"\n") else ["1"], True)


def test_a_row_that_is_longer_than_what_is_read_is_read_all_the_same(tmp_path: Path) -> None:
    log(tmp_path, rows(1, 2) + b"3,a," + b"x" * 9000 + b"\n")
    read = read_tail(tmp_path, "requests", [TODAY], **SIZES)
    assert [len(row["body"]) for row in read.rows] == [1, 1, 9000]
    log(tmp_path, rows(1000, 3000) + b"3,a," + b"x" * 3000 + b"\n")
    read = read_tail(tmp_path, "requests", [TODAY], **SIZES)
    assert (read.rows[-1]["time"], len(read.rows) > 10, read.whole) == ("3", True, False)


def test_a_row_that_is_longer_than_may_be_read_is_none(tmp_path: Path) -> None:
    log(tmp_path, rows(1, 2) + b"3,a," + b"x" * 90_000 + b"\n")
    assert tail(tmp_path) == ([], False)
    log(tmp_path, rows(1, 2) + b"3,a," + b"x" * 90_000 + b"\n" + rows(4, 4))
    assert tail(tmp_path) == (["4"], False)


def test_text_reads_back_as_it_was_sent(tmp_path: Path) -> None:
    log(tmp_path, rb"1,a,\n\xff" + b'\n2,a,\'=x\n3,a,"it\'s, ""so"""\n')
    bodies = [row["body"] for row in read_tail(tmp_path, "requests", [TODAY], **SIZES).rows]
    assert bodies == ["\n\udcff", "=x", 'it\'s, "so"']


def test_a_file_whose_header_is_no_text_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / f"requests-{TODAY}.csv").write_bytes(b"time,\xff,body\n1,a,x\n")
    assert tail(tmp_path) == (["1"], True)
