"""The cache: what is in it, when it is used, and that nothing wrong in it is believed."""

from __future__ import annotations

import json
import os
import pickle
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from monitor.cache import MAX_AGE
from monitor.logs import checked_reader
from monitor.profiles.window import WindowProfile, profile_window
from monitor.window import Window
from tests.conftest import as_user
from tests.monitor.logs_of import WHOLE_DAY, at, make_reference, predictions, request, write
from tests.monitor.profiles.test_profiler import assert_same

REFERENCE = make_reference()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    random = np.random.default_rng(3)
    table = random.integers(0, 9, (60, 4)).astype(float).tolist()
    champion = b"".join(predictions(table[i : i + 3], f"r{i}", at(i)) for i in range(0, 60, 3))
    shadow = predictions(table[:5], "s", at(99), version=2, role="shadow", flags=["output:implausible", *[""] * 4])
    write(tmp_path / "logs", "predictions", champion + shadow + b"torn\n")
    write(tmp_path / "logs", "requests", request() * 20 + request(status=422, error="size: 7 is too much"))
    return tmp_path / "logs"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read for their rows."""
    names: list[str] = []
    read_rows = checked_reader.read_rows

    def noted(file, *arguments):  # type: ignore[no-untyped-def]
        names.append(file.path.name.partition("-")[0])
        return read_rows(file, *arguments)

    monkeypatch.setattr(checked_reader, "read_rows", noted)
    return names


def read(logs: Path, window: Window = WHOLE_DAY, seed: int = 0) -> WindowProfile:
    return profile_window(logs, make_reference(seed=seed), window, logs / "cache")


def cached(logs: Path) -> list[Path]:
    return sorted((logs / "cache").glob("*.npz"))


def assert_equal(first: WindowProfile, second: WindowProfile) -> None:
    assert_same(first.total, second.total)
    assert first.faults == second.faults
    one, other = first.traffic, second.traffic
    assert (one.refusals, one.reasons) == (other.refusals, other.reasons)
    assert one.hours.keys() == other.hours.keys()
    for hour, counts in one.hours.items():
        np.testing.assert_array_equal(counts.latencies, other.hours[hour].latencies)


def test_a_finished_day_is_read_once(logs: Path, reads: list[str]) -> None:
    first = read(logs)
    assert sorted(reads) == ["predictions", "requests"]
    assert_equal(first, read(logs))
    assert sorted(reads) == ["predictions", "requests"]
    assert sorted((logs / "cache").iterdir()) == cached(logs)


def test_a_file_that_changed_is_read_again(logs: Path, reads: list[str]) -> None:
    read(logs)
    with next(logs.glob("predictions*")).open("ab") as file:
        file.write(predictions([[1, 1, 1, 1]], "more", at(5)))
    assert read(logs).total.groups[1, "champion"].rows == 61
    assert reads.count("predictions") == 2


def test_another_reference_has_profiles_of_its_own_and_the_same_traffic(logs: Path, reads: list[str]) -> None:
    one, other = (read(logs, seed=seed).total.groups[1, "champion"] for seed in (0, 1))
    assert one.scores.total[0] != other.scores.total[0]
    assert (reads.count("predictions"), reads.count("requests")) == (2, 1)


def test_parts_of_days_and_days_that_go_on_are_not_cached(logs: Path) -> None:
    read(logs, Window(WHOLE_DAY.since, datetime(2026, 11, 20, 23, tzinfo=UTC)))
    assert cached(logs) == []


def damages() -> dict[str, bytes]:
    class Ran:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, ("executed",)

    return {"nothing": b"", "text": b"{}", "pickle": pickle.dumps(Ran()), "zip": b"PK\5\6" + b"\0" * 18}


@pytest.mark.parametrize("damage", damages())
def test_a_damaged_file_is_computed_again_and_replaced(
    logs: Path, reads: list[str], damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(logs)
    first = read(logs)
    sound = {path: path.read_bytes() for path in cached(logs)}
    for path in cached(logs):
        path.write_bytes(damages()[damage])
    assert_equal(first, read(logs))
    assert len(reads) == 4
    assert {path: len(path.read_bytes()) for path in cached(logs)} == {path: len(data) for path, data in sound.items()}
    assert not (logs / "executed").exists()


def test_each_flipped_byte_is_found(logs: Path, reads: list[str]) -> None:
    first = read(logs)
    random = np.random.default_rng(0)
    for path in cached(logs):
        content = path.read_bytes()
        for place in random.integers(0, len(content), 15).tolist():
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert_equal(first, read(logs))


CHANGES = {
    "0.rows": np.array(7),
    "0.counts.0": np.zeros(3, dtype=np.int64),
    "0.counts.1": np.array([-1, 0, 0, 0, 0, 0, 61]),
    "0.scores": np.zeros((7, 4), dtype=np.float32),
    "0.sample_hashes": np.zeros(2, dtype=np.uint64),
    "0.sample": np.zeros((0, 4), dtype=np.float32),
    "about": np.array(json.dumps({"groups": [[1, "champion"], [2, "shadow"]], "faults": 7})),
    "counts": np.zeros((1, 3), dtype=np.int64),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_somebody_wrote_is_not_believed(logs: Path, reads: list[str], name: str) -> None:
    first = read(logs)
    for path in cached(logs):
        arrays = dict(np.load(path))
        if name in arrays:
            np.savez(path, **(arrays | {name: CHANGES[name]}))
    assert_equal(first, read(logs))
    assert len(reads) > 2


def test_a_cache_that_cannot_be_written_costs_time_only(
    logs: Path, reads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(logs)
    (tmp_path / "file").write_text("")
    assert_equal(first, profile_window(logs, REFERENCE, WHOLE_DAY, tmp_path / "file" / "cache"))
    (tmp_path / "closed").mkdir(mode=0o755)
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    with as_user(65534, group=65534):
        assert_equal(first, profile_window(Path("logs"), REFERENCE, WHOLE_DAY, Path("closed")))
    assert list((tmp_path / "closed").iterdir()) == []
    assert len(reads) == 6


@pytest.mark.slow
def test_processes_may_fill_one_cache_at_once(logs: Path) -> None:
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        found = [made.result() for made in [pool.submit(read, logs) for _ in range(6)]]
    for other in found[1:]:
        assert_equal(found[0], other)
    assert len(list((logs / "cache").iterdir())) == 2


def test_what_was_made_of_a_log_goes_with_it_and_what_nobody_uses_goes_too(logs: Path) -> None:
    read(logs)
    mine = cached(logs)
    assert len(mine) == 2
    killed = mine[0].with_name(f".{mine[0].name}.0a1b")  # a process was killed while it wrote this
    killed.write_bytes(b"")
    os.utime(killed, (0, 0))
    unused = mine[0].with_name("predictions-2026-11-20~profile-of-old~1.npz")
    unused.write_bytes(b"")
    os.utime(unused, (time.time() - MAX_AGE - 9,) * 2)
    os.utime(mine[1], (0, 0))  # it is used now
    read(logs)
    assert sorted((logs / "cache").iterdir()) == mine
    next(logs.glob("predictions*")).unlink()
    read(logs)
    assert [path.name.partition("~")[0] for path in cached(logs)] == ["requests-2026-11-20"]
