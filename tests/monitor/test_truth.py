"""Truths are joined with their predictions; what is told twice, corrected, late or about nothing is counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitor.truth import join_truths, read_truths
from monitor.window import Window
from tests.journal.truths import truths_in
from tests.monitor.logs_of_truth import FEEDBACK, INPUTS, Logs


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path / "logs")


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def test_a_truth_is_joined_with_the_row_of_each_version(logs: Logs) -> None:
    logs.predict("a", [20, 21], rows=[[1.5, 2], [3, 4]])
    logs.predict("a", [30, 31], version=2, role="shadow")
    logs.tell("a", 20.25, row=1, source="land register", client="ann@192.0.2.7", measured_at="2026-11-20T12:00:00Z")
    rows = join_truths(logs.folder).rows
    assert list(rows.columns) == [
        *("time", "request_id", "row", "version", "role", *INPUTS, "prediction", "flags"),
        *("told", "actual", "measured_at", "source", "comment", "client", "corrects"),
    ]
    assert rows[["request_id", "row", "version", "role", "prediction", "actual"]].to_numpy().tolist() == [
        ["a", 1, 1, "champion", 21, 20.25],
        ["a", 1, 2, "shadow", 31, 20.25],
    ]
    assert rows.loc[0, [*INPUTS, "source", "client"]].tolist() == [3, 4, "land register", "ann@192.0.2.7"]
    assert (rows["time"][0], rows["told"][0]) == (pd.Timestamp(2026, 11, 20, 8), pd.Timestamp(2026, 11, 21, 8))
    assert rows["measured_at"][0] == pd.Timestamp(2026, 11, 20, 12)


def test_the_same_truth_twice_is_one_and_a_later_value_supersedes(logs: Logs) -> None:
    for hour, actual in enumerate([20, 20, 22, 22, 21]):
        logs.tell("a", actual, time=f"2026-11-21T{hour:02}:00:00.000000Z", source=f"told at {hour}")
    logs.tell("b", 5, time="2026-11-22T00:00:00.000000Z")
    logs.tell("b", 5, time="2026-11-21T00:00:00.000000Z", source="first")
    truths = read_truths(logs.folder)
    assert truths.table[["request_id", "actual", "source", "corrects"]].to_numpy().tolist() == [
        ["b", 5, "first", 0],
        ["a", 21, "told at 4", 2],
    ]
    assert (truths.superseded, truths.repeated, truths.unusable) == (2, 3, 0)


def test_the_truths_are_those_of_the_journal_s_own_reader(logs: Logs) -> None:
    random = np.random.default_rng(1)
    for number in range(300):
        request, hour = f"-r{random.integers(40)}", random.integers(24)  # a minus is escaped
        time = f"2026-11-{random.integers(21, 24)}T{hour:02}:00:00.{number:06}Z"
        logs.tell(request, random.normal(20, 3), row=int(random.integers(3)), time=time, source='"a, b"')
    truths = {(truth.request_id, truth.row): truth for truth in truths_in(logs.folder)}
    read = read_truths(logs.folder)
    found = read.table.set_index(["request_id", "row"])
    assert found["actual"].to_dict() == {key: truth.actual for key, truth in truths.items()}
    assert found["source"].to_dict() == {key: truth.source for key, truth in truths.items()}
    assert len(truths) + read.superseded == 300


def test_a_late_truth_belongs_to_the_day_of_its_prediction(logs: Logs) -> None:
    logs.predict("a", [20], time="2026-11-20T23:59:59.999999Z")
    logs.predict("b", [20], time="2026-11-21T00:00:00.000000Z")
    for request in "ab":
        logs.tell(request, 19, time="2026-11-24T00:00:00.000000Z")
    assert list(join_truths(logs.folder, Window(day(20), day(21))).rows["request_id"]) == ["a"]
    assert list(join_truths(logs.folder, Window(day(21), day(22))).rows["request_id"]) == ["b"]
    later = join_truths(logs.folder, Window(day(23), day(25)))
    assert (later.truths, later.matched, later.unknown) == (2, 0, 0)  # known, though about an earlier window


def test_truths_that_were_told_before_a_window_are_not_read(logs: Logs) -> None:
    logs.predict("a", [20])
    logs.tell("a", 20.25, time="2026-11-19T23:00:00.000000Z")  # by another clock
    logs.tell("b", 5, time="2026-11-18T08:00:00.000000Z")
    found = join_truths(logs.folder, Window(day(20), day(21)))
    assert (found.matched, len(found.told.table)) == (1, 1)
    for window in (None, Window(datetime.min.replace(tzinfo=UTC), day(21))):
        assert len(join_truths(logs.folder, window).told.table) == 2


def test_rows_that_came_after_their_day_was_sealed_are_joined_too(logs: Logs) -> None:
    logs.predict("a", [20], time="2026-11-20T08:00:00.000000Z")
    path = logs.folder / "predictions-2026-11-20.csv"
    path.rename(path.with_name("predictions-2026-11-20.late-2026-11-22.csv"))
    logs.tell("a", 19)
    assert len(join_truths(logs.folder, Window(day(20), day(21))).rows) == 1


def test_truths_about_nothing_are_counted_and_some_are_named(logs: Logs) -> None:
    logs.predict("a", [20])
    logs.tell("a", 20)
    logs.tell("a", 20, row=7)  # it had one row
    for number in range(30):
        logs.tell(f"unknown-{number}", 20)
    found = join_truths(logs.folder)
    assert (found.truths, found.matched, found.unknown) == (32, 1, 31)
    assert len(found.unknown_ids) == 20
    assert found.unknown_ids[0] == "unknown-29"
    for number in range(30):  # the predictions come to light
        logs.predict(f"unknown-{number}", [20])
    assert join_truths(logs.folder).unknown == 1


@pytest.mark.parametrize("actual", ["nan", "inf", "-inf", "1e400", "", "n/a", "100.5", "-3"])
def test_absurd_values_are_counted_and_not_used(logs: Logs, actual: str) -> None:
    logs.predict("a", [20])
    logs.tell("a", actual)
    logs.tell("a", 20, time="2026-11-20T09:00:00.000000Z")
    found = join_truths(logs.folder, plausible=(0, 100))
    assert list(found.rows["actual"]) == [20]
    assert (found.told.unusable, found.told.superseded) == (1, 0)


def test_a_truth_without_a_row_or_a_time_is_counted_and_not_used(logs: Logs) -> None:
    logs.tell("a", 20, row=-1)
    for line in (",a,0,20,,,,\n", "2026-11-21T08:00:00Z,a,first,20,,,,\n", "yesterday,a,0,20,,,,\n"):
        logs.add("feedback", "2026-11-21", FEEDBACK, line.encode())
    truths = read_truths(logs.folder)
    assert (len(truths.table), truths.unusable) == (0, 4)


def test_two_requests_that_share_an_id_are_left_out_unless_they_agree(logs: Logs) -> None:
    for prediction in (20, 30):
        logs.predict("shared", [prediction])
        logs.predict("sent again", [25])
    logs.tell("shared", 20)
    logs.tell("sent again", 20)
    found = join_truths(logs.folder)
    assert list(found.rows["request_id"]) == ["sent again"]
    assert (found.ambiguous, found.unknown) == (2, 0)


def test_ids_and_texts_are_those_that_were_sent_and_what_is_not_utf_8_is_escaped(logs: Logs) -> None:
    odd, said = '=A1,"\\x\n', "-1, or\tso"
    logs.predict(odd, [20])
    logs.tell(odd, 20, source=said)
    logs.predict("b", [20])
    logs.tell("b", 20, source="\udcff")
    logs.tell("\udcff", 20)
    found = join_truths(logs.folder)
    assert found.rows[["request_id", "source"]].to_numpy().tolist() == [[odd, said], ["b", "\\udcff"]]
    logs.add("feedback", "2026-11-21", "", b"2026-11-21T09:00:00Z,\xfe,0,20,,,,\n")  # DuckDB can't read it
    assert join_truths(logs.folder).unknown_ids == ("\\udcfe", "\\udcff")


def test_without_truths_or_without_predictions_there_are_no_rows_but_all_columns(logs: Logs) -> None:
    assert join_truths(logs.folder).truths == 0
    logs.predict("a", [20])
    assert join_truths(logs.folder).truths == 0
    logs.add("feedback", "2026-11-21", FEEDBACK, b"")
    rows = join_truths(logs.folder).rows
    assert {"time", "request_id", "row", "version", "role", "prediction", "actual", "client"} <= set(rows.columns)
    assert len(rows) == 0


def test_broken_lines_harm_no_other_and_a_file_without_a_header_is_named(logs: Logs) -> None:
    logs.predict("a", [20])
    logs.add("predictions", "2026-11-20", "", b'2026-11-20T08:00:00.000000Z,"b,0,m,1\n2026-11-20T08:0,,,,,,,,,,,,,,\n')
    logs.predict("c", [20])
    logs.add("predictions", "2026-11-20", "", b"2026-11-20T08:00:00.000000Z,d,0,m,1,champion,1,2,20,")
    for request in "abcd":
        logs.tell(request, 20)
    logs.add("predictions", "2026-11-21", "", b"2026-11-21T08:00:00.000000Z,e,0,m,1,champion,1,2,20,\n")
    found = join_truths(logs.folder)
    assert list(found.rows["request_id"]) == ["a", "c"]
    assert found.unknown == 2
    assert [fault.partition(": ")[2] for fault in found.faults] == ["has no header, so its 1 lines are not compared"]


def test_what_was_found_is_cached_until_a_file_or_its_truths_change(logs: Logs, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    logs.predict("a", [20])
    logs.predict("b", [20], time="2026-11-21T08:00:00.000000Z")
    logs.tell("a", 20)

    def cached() -> dict[str, int]:
        return {file.name: file.stat().st_ino for file in cache.iterdir()}

    assert len(join_truths(logs.folder, cache=cache).rows) == 1
    before = cached()
    assert len(before) == 3  # two indexes, and the rows of one file
    logs.tell("a", 19, time="2026-11-22T00:00:00.000000Z")  # a correction is about the same rows
    assert list(join_truths(logs.folder, cache=cache).rows["actual"]) == [19]
    assert cached() == before
    logs.tell("b", 20)
    assert len(join_truths(logs.folder, cache=cache).rows) == 2
    assert before.items() < cached().items()
    logs.predict("c", [20])  # a file that grew is read anew, and takes the old one's place
    logs.tell("c", 20)
    assert len(join_truths(logs.folder, cache=cache).rows) == 3
    assert len(cached()) == 4
    assert "zone" not in join_truths(logs.folder, inputs=["size"], cache=cache).rows  # another caller's rows stay apart
    for damaged in cache.glob("predictions-2026-11-20~*"):
        damaged.write_bytes(damaged.read_bytes()[:-100])
    assert len(join_truths(logs.folder, cache=cache).rows) == 3


def test_a_file_of_no_day_and_one_that_is_none_are_named_and_harm_no_other(logs: Logs) -> None:
    logs.predict("a", [20])
    logs.predict("b", [20], time="2026-99-99")
    (logs.folder / "predictions-2026-11-19.csv").mkdir()
    logs.tell("a", 20)
    found = join_truths(logs.folder)
    assert list(found.rows["request_id"]) == ["a"]
    assert found.faults == [
        "predictions-2026-11-19.csv: can't be read (it is a folder, and a plain file is expected)",
        "predictions-2026-99-99.csv: there is no day 2026-99-99",
    ]
