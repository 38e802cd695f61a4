"""Rows of two versions are joined by request and row, however far apart they stand in the log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from monitor import pairs
from monitor.pairs import Pairs, read_pairs
from monitor.window import Window
from tests.monitor.logs_of_truth import Logs

DAY = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path / "logs")


def test_the_shadow_s_rows_come_later_and_in_another_order(logs: Logs) -> None:
    for name in "abc":
        logs.predict(name, [1, 2], time=f"2026-11-20T08:00:0{ord(name) - 97}.000000Z")
    logs.predict("alone", [9])
    for name in "cab":
        logs.predict(
            name, [4, float("nan")], version=2, role="shadow", time=f"2026-11-20T08:00:0{ord(name) - 97}.000000Z"
        )
    found, faults = read_pairs(logs.folder, 1, 2)
    assert (found.rows, found.no_number, found.mean, found.sd, faults) == (3, 3, 3, 0, [])
    assert read_pairs(logs.folder, 2, 1)[0].mean == -3
    assert read_pairs(logs.folder, 1, 3)[0].rows == 0


def test_requests_that_share_an_id_are_told_apart_by_their_time(logs: Logs) -> None:
    for second, shift in enumerate([1, 5]):
        logs.predict("shared", [20], time=f"2026-11-20T08:00:0{second}.000000Z")
        logs.predict("shared", [20 + shift], version=2, role="shadow", time=f"2026-11-20T08:00:0{second}.000000Z")
    assert sorted(read_pairs(logs.folder, 1, 2)[0].differences) == [1, 5]


def test_pairs_across_the_two_files_of_a_day_are_found(logs: Logs) -> None:
    for number in range(10):
        logs.predict(f"r{number}", [number])
    path = logs.folder / "predictions-2026-11-20.csv"
    early = path.rename(path.with_name("early"))
    for number in range(10):
        logs.predict(f"r{number}", [2 * number], version=2, role="shadow")
    path.rename(path.with_name("predictions-2026-11-20.late-2026-11-22.csv"))
    early.rename(path)
    found, _ = read_pairs(logs.folder, 1, 2)
    assert sorted(found.differences) == list(range(10))


def test_a_window_is_respected_and_whole_days_are_cached(logs: Logs, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for day in (20, 21):
        for version in (1, 2):
            time = f"2026-11-{day}T08:00:00.000000Z"
            logs.predict(
                "a", [day * version], version=version, role="champion" if version == 1 else "shadow", time=time
            )
    assert read_pairs(logs.folder, 1, 2, window=DAY, cache=cache)[0].mean == 20
    (cached,) = cache.iterdir()
    inode = cached.stat().st_ino
    assert read_pairs(logs.folder, 1, 2, window=DAY, cache=cache)[0].mean == 20
    assert cached.stat().st_ino == inode
    np.savez(cached, rows=np.array(3))  # damaged: it is computed again
    assert read_pairs(logs.folder, 1, 2, window=DAY, cache=cache)[0].mean == 20
    morning = Window(DAY.since, datetime(2026, 11, 20, 7, tzinfo=UTC))
    assert read_pairs(logs.folder, 1, 2, window=morning, cache=cache)[0].rows == 0


def test_a_file_that_is_no_log_is_named_and_the_others_are_read(logs: Logs) -> None:
    for version in (1, 2):
        logs.predict("a", [20], version=version)
    logs.add("predictions", "2026-11-21", "", b"nothing of the kind\n")
    found, faults = read_pairs(logs.folder, 1, 2)
    assert found.rows == 1
    assert faults == ["predictions-2026-11-21.csv: has no header, so its 1 lines are not compared"]


def test_of_many_pairs_a_random_sample_is_kept_and_the_rest_is_in_the_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "SAMPLE_PAIRS", 500)
    random = np.random.default_rng(1)
    total, every = Pairs(), []
    for day in range(4):
        hashes, first = random.integers(0, 2**63, 1000, dtype=np.uint64), random.normal(size=1000).astype(np.float32)
        second = first + np.float32(day)
        total, every = total + Pairs.of(hashes, first, second), [*every, *(second.astype(float) - first)]
    assert total.rows == 4000
    assert (total.mean, total.sd) == (pytest.approx(np.mean(every)), pytest.approx(np.std(every)))
    assert len(total.hashes) == 500
    assert total.differences.mean() == pytest.approx(1.5, abs=0.2)
