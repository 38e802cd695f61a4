"""Ground truth: what is accepted, what is said of the rest, and what is read back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csv_dialect import DialectError
from journal import Journal, Truth, TruthError, encode_feedback, parse_truth
from journal.feedback import FEEDBACK_COLUMNS, MAX_COMMENT, MAX_ROW, MAX_SOURCE
from request_ids import is_request_id
from tests.journal.truths import truths_in

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TIME = "2026-11-26T12:00:00.000000Z"


def parse(*members: tuple[str, Any], **more: Any) -> Truth:
    return parse_truth((*members, *more.items()), (0, 50), time=NOW, client="192.0.2.7")


def problems(*members: tuple[str, Any], **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(TruthError) as caught:
        parse(*members, **more)
    return list(caught.value.problems)


def write(folder: Path, *truths: Truth) -> None:
    journal = Journal(folder)
    journal.add_stream("feedback", FEEDBACK_COLUMNS)
    for truth in truths:
        journal.append(truth.time[:10], {"feedback": encode_feedback([truth])})


def test_a_truth_needs_an_id_and_a_value_and_the_rest_has_defaults() -> None:
    assert parse(request_id="a", actual=21.5) == Truth(TIME, "a", 0, 21.5, "", "", "", "192.0.2.7")
    nothing = {"row": None, "measured_at": None, "source": None, "comment": None}
    assert parse(request_id="a", actual=21.5, **nothing) == parse(request_id="a", actual=21.5)
    assert parse(request_id="a", actual=21.5, measured_at="", source="", comment="").measured_at == ""


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-11-25", "2026-11-25T00:00:00.000000Z"),
        ("2026-11-25T21:50", "2026-11-25T21:50:00.000000Z"),
        ("2026-11-25 21:50:10", "2026-11-25T21:50:10.000000Z"),
        ("2026-11-25T21:50:10.4224219Z", "2026-11-25T21:50:10.422421Z"),
        ("2026-11-25T21:50:10+05:30", "2026-11-25T16:20:10.000000Z"),
        ("2026-11-27T11:59Z", "2026-11-27T11:59:00.000000Z"),  # a clock may be ahead
        ("0001-01-02", "0001-01-02T00:00:00.000000Z"),
    ],
)
def test_the_time_of_a_measurement_is_kept_in_utc(sent: str, kept: str) -> None:
    assert parse(request_id="a", actual=1.0, measured_at=sent).measured_at == kept


@pytest.mark.parametrize(
    "sent",
    [
        "25.11.2026", "2026-11-31", "2026-11-25T24:30", "20261125", "2026-W48-1", "2026-11-25x10:00", "yesterday",
        "2026-11-25\n", "0001-01-01T00:00+14:00", "2026-11-25T10:00+25:00", 1764.0, True, [],
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_an_example_of_one(sent: Any) -> None:
    ((name, message),) = problems(request_id="a", actual=1.0, measured_at=sent)
    assert (name, "expected a time like 2026-11-25T21:50:10Z or a date like" in message) == ("measured_at", True)


def test_a_time_in_the_future_is_refused() -> None:
    ((name, message),) = problems(request_id="a", actual=1.0, measured_at="2026-11-27T12:00:01Z")
    assert (name, message) == (
        "measured_at",
        'expected a time that is not in the future, not the text "2026-11-27T12:00:01Z"',
    )


@pytest.mark.parametrize("actual", [-0.001, 50.001, float("nan"), float("inf"), "21.5", "", True, [], {}])
def test_a_value_that_is_not_plausible_is_refused_with_the_range(actual: Any) -> None:
    ((name, message),) = problems(request_id="a", actual=actual)
    assert (name, message.startswith("expected a number from 0 to 50, as is plausible")) == ("actual", True)


@pytest.mark.parametrize("actual", [0.0, 50.0, 1e-300, 0.1 + 0.2])
def test_a_value_inside_the_range_is_kept_to_the_last_bit(actual: float, tmp_path: Path) -> None:
    write(tmp_path, parse(request_id="a", actual=actual))
    assert [truth.actual for truth in truths_in(tmp_path)] == [actual]


@pytest.mark.parametrize("row", [-1.0, 0.5, MAX_ROW + 1.0, float("inf"), float("nan"), "1", True, []])
def test_a_row_is_a_whole_number_from_0_on(row: Any) -> None:
    ((name, message),) = problems(request_id="a", actual=1.0, row=row)
    assert (name, message.startswith("expected which row of the request, a whole number from 0 on")) == ("row", True)
    assert parse(request_id="a", actual=1.0, row=float(MAX_ROW)).row == MAX_ROW


def test_every_wrong_field_is_named_at_once() -> None:
    assert problems(("actual", 1.0), ("actual", 2.0), ("x\x1b", 1), row="one", source=5.0, comment="\udcff") == [
        ("actual", "appears twice"),
        ("x\\u001b", "no such field; the fields are request_id, row, actual, measured_at, source, comment"),
        ("request_id", "is missing"),
        ("row", 'expected which row of the request, a whole number from 0 on, not the text "one"'),
        ("source", f"expected a text of at most {MAX_SOURCE} characters, not 5.0"),
        ("comment", 'expected a text in UTF-8, not the text "\\udcff"'),
    ]


def test_messages_stay_short_whatever_was_sent() -> None:
    members = [("x" * 10_000 + str(number), 1) for number in range(10_000)]
    found = problems(*members, request_id="y" * 10_000, actual="z" * 10_000, source="s" * 101, comment="c" * 1001)
    assert len(found) == 14
    assert len(str(found)) < 3000
    assert parse(request_id="a", actual=1.0, source="é" * MAX_SOURCE, comment="é" * MAX_COMMENT).source


def test_why_a_cell_is_no_number_is_said_in_its_own_words() -> None:
    cell = DialectError('"1,234" may be 1.234 or 1234')
    assert problems(request_id="a", actual=cell) == [("actual", str(cell))]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.text(max_size=130).filter(is_request_id) | st.sampled_from(["-1", "-", "a" * 128]),
    st.integers(0, MAX_ROW),
    st.floats(0, 50),
    TEXTS,
    TEXTS,
)
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, request_id: str, row: int, actual: float, source: str, comment: str
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    truth = parse(request_id=request_id, row=float(row), actual=actual, source=source, comment=comment)
    write(folder, truth)
    assert truths_in(folder) == [truth]
