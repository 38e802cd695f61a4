"""A bounded search finds what the full one finds, newest first, and says when there may be more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from journal import Search, find

DAYS = ("2026-11-22", "2026-11-23", "2026-11-24")
MOST = 1 << 26


def row(time: str, request_id: str, body: str = "x", day: str = DAYS[2]) -> bytes:
    return f"{day}T{time}Z,{request_id},{body}\n".encode()


def log(folder: Path, rows: bytes, day: str = DAYS[2], stream: str = "requests") -> None:
    (folder / f"{stream}-{day}.csv").write_bytes(b"time,request_id,body\n" + rows)


def newest(folder: Path, request_id: str, count: int = 100, most: int = MOST) -> tuple[list[str], bool]:
    search = Search(folder, DAYS[1], DAYS[2], most)
    return [found["time"][11:-1] for found in search.newest("requests", request_id, count)], search.left_out


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("request_id", ["a", "0", "-x", "1.2_b"])
def test_it_finds_what_the_full_search_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_id: str, block: int
) -> None:
    guarded = "'-x" if request_id == "-x" else request_id
    rows = [row("1", guarded), row("2", "other"), row("3", guarded, '"[0, ""Z,a,""]"'), row("4", "b", '"Z,a,"')]
    log(tmp_path, b"".join(rows) + row("5", guarded)[:-1], DAYS[1])
    log(tmp_path, b"".join(rows) + b"torn,\n" + row("6", guarded))
    monkeypatch.setattr("journal.search._BLOCK", max(block, 64))
    expected = [found["time"][11:-1] for found in find(tmp_path, "requests", request_id)]
    assert newest(tmp_path, request_id) == (expected, False)
    assert expected == ["1", "3", "1", "3", "6"]


def test_a_row_that_is_longer_than_a_block_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journal.search._BLOCK", 64)
    log(tmp_path, row("1", "b") + row("2", "a", "y" * 1000) + row("3", "b"))
    (found,) = Search(tmp_path, DAYS[1], DAYS[2], MOST).newest("requests", "a", 5)
    assert found["body"] == "y" * 1000


def test_other_days_are_not_searched_and_late_rows_are(tmp_path: Path) -> None:
    for day in DAYS:
        log(tmp_path, row("1", "a"), day)
    (tmp_path / f"requests-{DAYS[1]}.late-{DAYS[2]}.csv").write_bytes(b"time,request_id,body\n" + row("2", "a"))
    assert newest(tmp_path, "a") == (["1", "2", "1"], False)


def test_it_stops_at_a_count_and_at_so_many_bytes_and_says_so(tmp_path: Path) -> None:
    log(tmp_path, b"".join(row(str(time), "a") for time in range(1000, 2000)))
    assert newest(tmp_path, "a", count=2) == (["1998", "1999"], True)
    assert newest(tmp_path, "a", count=1000) == ([str(time) for time in range(1000, 2000)], False)
    times, left_out = newest(tmp_path, "a", count=1000, most=1000)
    assert (times[-1], left_out, len(times)) == ("1999", True, 1000 // len(row("1000", "a")))
    log(tmp_path, row("1", "a"), DAYS[1])
    assert newest(tmp_path, "a", count=1000, most=1000)[0] == times


def test_the_rows_of_a_request_are_its_first_ones_in_order(tmp_path: Path) -> None:
    rows = [row("1", "a", str(number)) for number in range(10)]
    log(tmp_path, row("0", "a", "no") + b"".join(rows) + row("2", "a", "yes"), stream="predictions")
    search = Search(tmp_path, DAYS[2], DAYS[2], MOST)

    def bodies(count: int, *times: str) -> list[str]:
        named = [f"{DAYS[2]}T{time}Z" for time in times]
        found = search.of_requests("predictions", "a", named, count)
        assert list(found) == named
        return ["".join(row["body"] for row in found[time]) for time in named]

    assert bodies(10, "1", "2") == ["0123456789", "yes"]
    assert not search.left_out
    assert bodies(3, "1", "2") == ["012", "yes"]
    assert search.left_out
    assert bodies(3, "9") == [""]
    assert bodies(3) == []


def test_what_is_no_plain_file_is_an_error_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"requests-{DAYS[2]}.csv")
    with pytest.raises(OSError, match="plain file"):
        newest(tmp_path, "a")
