"""What was written is read back; a torn row is counted and harms no other."""

from __future__ import annotations

from pathlib import Path

from journal import LogReader, daily_files, find

WHOLE = b'2026-11-23T00:00:00Z,a,"[6, 250]"\n'


def log(folder: Path, rows: bytes, day: str = "2026-11-23") -> Path:
    path = folder / f"requests-{day}.csv"
    path.write_bytes(b"time,request_id,body\n" + rows)
    return path


def test_a_torn_row_is_counted_and_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    reader = LogReader(log(tmp_path, WHOLE + WHOLE[:-4] + b"\n" + WHOLE + WHOLE[:-1]))
    for _ in range(2):
        assert [row["body"] for row in reader] == ["[6, 250]"] * 2
        assert reader.torn == 2


def test_the_rows_of_a_request_are_found_over_all_days_oldest_first(tmp_path: Path) -> None:
    log(tmp_path, b"2,a,x\n2,ab,a\n", "2026-11-24")
    log(tmp_path, b"1,a,x\n1,b,a\n", "2026-11-23")
    assert [row["time"] for row in find(tmp_path, "requests", "a")] == ["1", "2"]
    assert daily_files(tmp_path / "nowhere", "requests") == []
