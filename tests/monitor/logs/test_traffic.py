"""The traffic: counts by hour, latency, and what was wrong with requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from journal import PartialFailure
from monitor.logs.log_file import LogFile
from monitor.logs.rows import RequestRows
from monitor.logs.traffic import MAX_REASONS, Hour, Traffic, TrafficCounter
from monitor.profiles.log_files import count_traffic
from tests.monitor.logs_of import INPUTS, WHOLE_DAY, at, request, write


def count(folder: Path, *rows: bytes) -> Traffic:
    return count_traffic(LogFile.open(write(folder, "requests", b"".join(rows))), INPUTS, WHOLE_DAY)


def test_requests_are_counted_by_hour_and_by_what_they_got(tmp_path: Path) -> None:
    rows = [request(time=at(0), status=status) for status in (200, 200, 303, 422, 404, 429, 500, 503)]
    found = count(tmp_path, *rows, request(time=at(-1)), request(time=at(3600), status=503))
    assert list(found.hours) == ["2026-11-20T11", "2026-11-20T12", "2026-11-20T13"]
    noon = found.hours["2026-11-20T12"]
    assert (noon.requests, noon.answers, noon.refused, noon.errors) == (8, 3, 3, 2)
    assert (found.total.requests, found.total.errors, found.faults) == (10, 3, [])


def test_requests_with_ground_truth_are_no_traffic(tmp_path: Path) -> None:
    truths = [
        request().replace(b"/predict_json", path) for path in (b"/feedback", b"/feedback?x=1", b"/form/feedback?rm=6")
    ]
    assert count(tmp_path, *truths, request()).total.requests == 1


@pytest.mark.parametrize("ms", [0.02, 0.7, 3, 12.5, 980, 59_000])
def test_a_latency_is_right_to_3_percent(tmp_path: Path, ms: float) -> None:
    hour = count(tmp_path, *[request(ms=ms)] * 5).total
    assert hour.latency(0.5) == pytest.approx(ms, rel=0.03)
    assert hour.latency(0.99) == pytest.approx(ms, rel=0.03)


def test_quantiles_of_many_latencies_are_those_of_numpy(tmp_path: Path) -> None:
    times = np.exp(np.random.default_rng(0).normal(1, 1, 2000))
    hour = count(tmp_path, *[request(ms=ms) for ms in times]).total
    for quantile in (0.5, 0.99):
        assert hour.latency(quantile) == pytest.approx(float(np.quantile(times, quantile)), rel=0.04)


def test_a_latency_of_no_request_is_none_and_odd_ones_are_counted(tmp_path: Path) -> None:
    assert Hour().latency(0.5) is None
    found = count(tmp_path, request(ms=0), request(ms=-5), request(ms=1e12), request(ms=float("nan")))
    assert (found.total.requests, int(found.total.latencies.sum())) == (4, 4)


ERRORS = {
    "size: 12.5 lies outside the limits 0 to 10": ("size", "size: # lies outside the limits # to #"),
    "row 3: size: -1e-05 lies outside the limits 0 to 10": ("size", "size: # lies outside the limits # to #"),
    'line 4, column kind: "x, 1" is not a number (and 7 more)': ("kind", "kind: … is not a number (and # more)"),
    "strict: expected 0 or 1, once": (None, "strict: expected # or #, once"),
    "too many files at once: try again in a second": (None, "too many files at once: try again in a second"),
    "no model is ready: size": (None, "no model is ready: size"),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_counted_by_input_and_by_sentence_without_numbers(tmp_path: Path, error: str) -> None:
    name, reason = ERRORS[error]
    found = count(tmp_path, request(status=422, error=error), request(status=422, error=error), request())
    assert dict(found.refusals) == ({name: 2} if name else {})
    assert dict(found.reasons) == {reason: 2}


def test_an_answer_with_bad_rows_counts_these_and_the_input(tmp_path: Path) -> None:
    failure = str(PartialFailure(3, 10, "line 4, column year: missing"))
    found = count(tmp_path, request(error=failure), request())
    assert (found.partial, found.total.answers) == (1, 2)
    assert (dict(found.refusals), dict(found.reasons)) == ({"year": 1}, {"year: missing": 1})


def test_different_sentences_are_bounded_in_number(tmp_path: Path) -> None:
    letters = [f"{'x' * (1 + number % 90)}{'y' * (1 + number // 90)}" for number in range(MAX_REASONS + 50)]
    rows = [request(status=400, error=text) for text in letters]
    found = count(tmp_path, *rows)
    assert len(found.reasons) == MAX_REASONS + 1
    assert found.reasons["other errors"] == 50


def test_traffic_adds(tmp_path: Path) -> None:
    rows = [request(time=at(1000 * n), status=(200, 422)[n % 2], error=("", "size: 7")[n % 2]) for n in range(8)]
    whole = count(tmp_path, *rows)
    parts = count(tmp_path, *rows[:3]) + count(tmp_path, *rows[3:])
    assert parts.hours.keys() == whole.hours.keys()
    assert (parts.total.answers, parts.refusals, parts.reasons) == (4, whole.refusals, whole.reasons)
    np.testing.assert_array_equal(parts.total.latencies, whole.total.latencies)


def test_a_long_body_beside_a_torn_row_is_whole(tmp_path: Path) -> None:
    long = request().partition(b'"')[0] + b'"' + b"x," * (1 << 17) + b'"\n'
    found = count(tmp_path, request(), long, b"torn" + b"," * 10 + b"\n", request())
    assert found.total.requests == 3
    assert found.faults == ["requests-2026-11-20.csv: 1 lines are no whole rows"]


def test_a_clock_that_went_back_is_named(tmp_path: Path) -> None:
    slow = request(time=at(-3000), ms=3_000_000)  # arrived long ago, and was written just now
    assert count(tmp_path, request(time=at(0)), slow, request(time=at(1))).faults == []
    found = count(tmp_path, request(time=at(0)), request(time=at(-600)), request(time=at(-599)), request(time=at(1)))
    assert found.faults == ["requests-2026-11-20.csv: the clock went back by more than a minute; 2 rows came after it"]
    assert found.total.requests == 4


def test_a_clock_that_went_back_between_two_blocks_is_seen() -> None:
    counter = TrafficCounter(INPUTS)
    for time in (10**15, 10**15 - 3600 * 10**6):
        one = np.array([time])
        counter.add(RequestRows(one, np.array([200]), np.array([1.0]), np.array([False]), np.array([0]), [""]))
    assert counter.gone_back == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (b'2026,"open\n', "1 lines are no whole rows"),
        (request().replace(b",200,", b",OK,"), "1 rows have another text where a number"),
        (request()[:-1] + b"," * 10 + b"\n", "1 lines are no whole rows"),
    ],
)
def test_a_broken_row_leaves_the_others(tmp_path: Path, row: bytes, said: str) -> None:
    found = count(tmp_path, request(), row, request(), request())
    assert found.total.requests == 3
    assert said in found.faults[-1]
