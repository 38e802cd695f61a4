"""Profiles against sums that are computed row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.logs import duckdb_reader, line_reader
from monitor.logs.log_file import LogFile
from monitor.logs.rows import PredictionRows, select
from monitor.profiles.profile import SAMPLE_ROWS, FileProfile, Profile, RequestSums
from monitor.profiles.profiler import Profiler
from monitor.profiles.reference import Column, Reference
from tests.monitor.logs_of import at, make_reference, predictions, write

REFERENCE = make_reference()
# Values that are points of the reference, between them, and outside; and a missing one.
CELLS = st.sampled_from([-1, 0, 0.5, 0.25, 1, 2, 3.5, 9.5, 99, float("nan")])
ROWS = st.lists(st.tuples(CELLS, st.sampled_from([0, 1, 2, 7]), CELLS, CELLS), min_size=1, max_size=6)
REQUEST = st.tuples(ROWS, st.sampled_from([(1, "champion"), (2, "canary"), (3, "shadow"), (1, "fallback")]))
SLOW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def one_block(rows: Sequence[bytes], folder: Path) -> PredictionRows:
    file = LogFile.open(write(folder, "predictions", b"".join(rows)))
    (block,) = line_reader.read_predictions(file, REFERENCE.names)
    return block


def split(block: PredictionRows, places: Sequence[int]) -> Iterator[PredictionRows]:
    ends = sorted({place for place in places if 0 < place < len(block)} | {len(block)})
    order = np.arange(len(block))
    for start, end in zip([0, *ends], ends, strict=False):
        yield select(block, (order >= start) & (order < end))


def profile(
    blocks: Iterator[PredictionRows] | Sequence[PredictionRows], reference: Reference = REFERENCE
) -> FileProfile:
    made = Profiler(reference)
    for block in blocks:
        made.add(block)
    return made.profile()


def assert_same(first: FileProfile, second: FileProfile) -> None:
    """The same counts and samples; the same sums but for rounding."""
    assert first.groups.keys() == second.groups.keys()
    for key, one in first.groups.items():
        other = second.groups[key]
        for name in ("rows", "requests", "implausible", "fallback"):
            assert getattr(one, name) == getattr(other, name), name
        for name in ("outside", "sample", "sample_hashes", "sample_requests"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
        for counts, others in zip(one.counts, other.counts, strict=True):
            np.testing.assert_array_equal(counts, others)
        np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-9)
        for sums, more in (
            (one.scores, other.scores),
            (one.products, other.products),
            (one.missing_sums, other.missing_sums),
            *zip(one.categories, other.categories, strict=True),
        ):
            if sums is not None:
                for name in RequestSums.__dataclass_fields__:
                    np.testing.assert_allclose(
                        getattr(sums, name), getattr(more, name), rtol=1e-9, atol=1e-9, err_msg=name
                    )


def sums_of(scores: Sequence[tuple[str, float]]) -> list[float]:
    """The seven sums over scores with their requests, as RequestSums defines them."""
    by_request = defaultdict(list)
    for request, score in scores:
        if not np.isnan(score):
            by_request[request].append(score)
    totals = np.array([sum(each) for each in by_request.values()])
    sizes = np.array([len(each) for each in by_request.values()])
    squares = sum(score**2 for each in by_request.values() for score in each)
    return [sizes.sum(), len(sizes), totals.sum(), squares, totals @ totals, totals @ sizes, sizes @ sizes]


def element(sums: RequestSums | None, place: int) -> list[float]:
    assert sums is not None
    return [getattr(sums, name)[place] for name in RequestSums.__dataclass_fields__]


def check_by_hand(found: Profile, rows: Sequence[tuple[str, Sequence[float]]]) -> None:
    """Compare with sums over (request, values), one row after the other."""
    assert (found.rows, found.requests) == (len(rows), len({request for request, _ in rows}))
    ranks = np.full((len(rows), 4), np.nan)
    for place, column in enumerate(REFERENCE.columns):
        counts = np.zeros(2 * len(column.points) + 1, dtype=int)
        kinds: dict[int, list[tuple[str, float]]] = {cell: [] for cell in range(len(counts))}
        deviations = []
        for number, (request, values) in enumerate(rows):
            value = np.float32(values[place])
            if np.isnan(value):
                continue
            below = int((column.points < value).sum())
            cell = 2 * below + int(value in column.points)
            counts[cell] += 1
            smaller = (REFERENCE.rows[:, place] < value).mean()
            ranks[number, place] = smaller + (REFERENCE.rows[:, place] == value).mean() / 2
            deviations.append((float(value) - column.mean) / column.sd)
            for each, scores in kinds.items():
                scores.append((request, float(each == cell)))
        np.testing.assert_array_equal(found.counts[place], counts)
        assert found.missing[place] == len(rows) - counts.sum()
        expected = [sum(deviations), sum(each**2 for each in deviations)]
        np.testing.assert_allclose(found.values[place], expected, atol=1e-9)
        scores = [(request, rank) for (request, _), rank in zip(rows, ranks[:, place], strict=True)]
        np.testing.assert_allclose(element(found.scores, place), sums_of(scores), atol=1e-9)
        gone = [(request, float(np.isnan(rank))) for request, rank in scores]
        np.testing.assert_allclose(element(found.missing_sums, place), sums_of(gone), atol=1e-9)
        if column.kind == "category":
            for cell, scores in kinds.items():
                np.testing.assert_allclose(element(found.categories[place], cell), sums_of(scores), atol=1e-9)
    for place, (i, j) in enumerate(zip(*np.triu_indices(3, 1), strict=True)):
        products = (ranks[:, i] - 0.5) * (ranks[:, j] - 0.5)
        scores = [(request, product) for (request, _), product in zip(rows, products, strict=True)]
        np.testing.assert_allclose(element(found.products, place), sums_of(scores), atol=1e-9)


@SLOW
@given(requests=st.lists(REQUEST, min_size=1, max_size=12), places=st.lists(st.integers(1, 40), max_size=5))
def test_a_profile_is_what_its_rows_add_up_to_whatever_blocks_they_come_in(
    tmp_path: Path, requests: list[tuple[list[tuple[float, ...]], tuple[int, str]]], places: list[int]
) -> None:
    written = [
        predictions(rows, f"r{number}", at(number), version=version, role=role)
        for number, (rows, (version, role)) in enumerate(requests)
    ]
    block = one_block(written, tmp_path)
    found = profile(split(block, places))
    for (version, role), group in found.groups.items():
        rows = [
            (f"r{number}", row) for number, (rows, who) in enumerate(requests) if who == (version, role) for row in rows
        ]
        check_by_hand(group, rows)
    assert sum(group.rows for group in found.groups.values()) == len(block)


@SLOW
@given(data=st.data())
def test_profiles_add_in_any_order_to_that_of_all_rows(tmp_path: Path, data: st.DataObject) -> None:
    requests = data.draw(st.lists(REQUEST, min_size=2, max_size=9))
    written = [
        predictions(rows, f"r{number}", at(number), version=version, role=role)
        for number, (rows, (version, role)) in enumerate(requests)
    ]
    parts = [profile([one_block([rows], tmp_path)]) for rows in written]
    shuffled = data.draw(st.permutations(parts))
    cut = data.draw(st.integers(1, len(parts) - 1))
    none = FileProfile()
    total = sum(shuffled[:cut], none) + sum(shuffled[cut:], none)
    assert_same(total, profile([one_block(written, tmp_path)]))


@settings(SLOW, max_examples=8)
@given(
    pieces=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([300, 400])), min_size=1, max_size=5),
    places=st.lists(st.integers(1, 2000), max_size=4),
)
def test_a_long_file_that_is_logged_in_parts_is_one_request(
    tmp_path: Path, pieces: list[tuple[str, int]], places: list[int]
) -> None:
    random = np.random.default_rng(0)
    counts: dict[str, int] = defaultdict(int)
    written, rows = [], []
    for number, (request, count) in enumerate(pieces):
        table = random.integers(0, 9, (count, 4)).astype(float).tolist()
        written.append(predictions(table, request, at(0), first=counts[request]))
        written.append(predictions([[1, 1, 1, 1]] * 2, f"short{number}", at(number)))
        rows += [(request, row) for row in table] + [(f"short{number}", [1, 1, 1, 1])] * 2
        counts[request] += count
    found = profile(split(one_block(written, tmp_path), places))
    check_by_hand(found.groups[1, "champion"], rows)


def test_a_reference_without_a_value_in_a_column_compares_the_others(tmp_path: Path) -> None:
    empty = Column.of("year", "number", np.full(50, np.nan, dtype=np.float32))
    columns = (*REFERENCE.columns[:2], empty, REFERENCE.columns[3])
    group = profile([one_block([predictions([[1, 1, 5, 1]])], tmp_path)], replace(REFERENCE, columns=columns))
    found = group.groups[1, "champion"]
    assert (found.counts[2].tolist(), found.counts[0].sum(), found.missing.tolist()) == ([1], 1, [0] * 4)


def test_two_requests_of_one_id_are_told_apart_by_their_time(tmp_path: Path) -> None:
    rows = [predictions([[1, 1, 1, 1]] * 2, "same", at(second)) for second in (1, 2)]
    assert profile([one_block(rows, tmp_path)]).groups[1, "champion"].requests == 2


def test_flags_are_counted_and_rows_that_were_not_sent_are_in_no_other_count(tmp_path: Path) -> None:
    flags = ["size:outside_training year:outside_training", "output:implausible", "instead_of:4", ""]
    rows = [
        predictions([[99, 1, 99, 1], [2, 1, 1, 500], [3, 1, 1, 1], [4, 1, 1, 1]], flags=flags),
        predictions([[2, 1, 1, 7]], version=2, role="fallback", flags=["instead_of:1"]),
        predictions([[2, 1, 1, 7]], version=3, role="shadow"),
        predictions([[2, 1, 1, 7]], version=3, role="pinned"),
    ]
    found = profile([one_block(rows, tmp_path)])
    champion = found.groups[1, "champion"]
    assert (champion.rows, champion.implausible, champion.fallback) == (3, 1, 1)
    assert champion.outside.tolist() == [1, 0, 1]
    assert sorted(champion.sample[:, 0].tolist()) == [3, 4, 99]
    answered = found.answered(REFERENCE)
    assert (answered.rows, answered.implausible, answered.fallback) == (4, 1, 2)


def test_an_interval_or_an_explanation_is_no_unknown_flag_and_nothing_outside(tmp_path: Path) -> None:
    flags = ["interval:0.9:1.0:3.0", "size:outside_training interval:0.9:1.0:3.0 explained"]
    made = Profiler(REFERENCE)
    made.add(one_block([predictions([[1, 1, 1, 1]] * 2, flags=flags)], tmp_path))
    (group,) = made.profile().groups.values()
    assert (group.rows, group.outside.tolist(), made.faults("x.csv")) == (2, [1, 0, 0], [])


def test_an_input_may_be_called_interval(tmp_path: Path) -> None:
    flags = ["interval:outside_training interval:0.9:1.0:3.0"]
    first, *others = REFERENCE.columns
    reference = replace(REFERENCE, columns=(replace(first, name="interval"), *others))
    rows = one_block([predictions([[1, 1, 1, 1]], flags=flags)], tmp_path)
    (group,) = profile([rows], reference).groups.values()
    assert group.outside.tolist() == [1, 0, 0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_prediction_that_is_no_number_is_counted_as_missing(tmp_path: Path, value: float) -> None:
    made = Profiler(REFERENCE)
    made.add(one_block([predictions([[1, 1, 1, value], [1, 1, 1, 1]])], tmp_path))
    (group,) = made.profile().groups.values()
    assert (group.rows, group.missing.tolist()) == (2, [0, 0, 0, 1])
    assert np.isfinite(group.values).all()
    assert "1 rows of version 1 as champion have a prediction that is no number" in made.faults("x.csv")[0]


def test_the_sample_is_the_same_rows_from_either_reader_and_from_parts(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    halves = []
    for half in range(2):
        table = random.normal(size=(4000, 4)).tolist()
        rows = [predictions(table[i : i + 4], f"{half}-{i}", at(half + i / 100)) for i in range(0, 4000, 4)]
        halves.append(rows)
    file = LogFile.open(write(tmp_path, "predictions", b"".join(halves[0] + halves[1])))
    fast, sure = (profile(list(m.read_predictions(file, REFERENCE.names))) for m in (duckdb_reader, line_reader))
    assert_same(fast, sure)
    parts = [profile([one_block(half, tmp_path)]) for half in halves]
    assert_same(fast, parts[1] + parts[0])
    sample = fast.groups[1, "champion"].sample
    assert len(sample) == SAMPLE_ROWS
    assert abs(float(sample[:, 0].mean())) < 0.1
