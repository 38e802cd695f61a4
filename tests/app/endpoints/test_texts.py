"""Texts, booleans and missing values: JSON, CSV and the form agree on them, and the log holds what was asked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app import create_app
from app.settings import Settings
from journal import LogReader, daily_files
from tests.app.conftest import Service
from tests.app.requests import ask, read_csv, send_csv
from tests.conftest import FLATS, publish

NAMES = FLATS.names
ROOMS, DISTRICT, BALCONY = FLATS.inputs
NO_ROOMS = "rooms: is missing: 3 was taken instead"
NO_BALCONY = "balcony: is missing: 'without' was taken instead, and the model knows that it is missing"
Row = list[Any]


@pytest.fixture(scope="module")
def flats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    models = tmp_path_factory.mktemp("flats") / "models"
    publish(models, FLATS)
    settings = Settings(models=models, logs=tmp_path_factory.mktemp("logs"), model="flats")
    app = create_app(settings)
    app.testing = True
    yield Service(app, settings)
    app.extensions["router"].close()


@pytest.fixture
def service(flats: Service) -> Service:
    for stream in ("requests", "predictions"):
        flats.new_rows(stream)
    return flats


def as_text(cell: Any) -> str:
    """Return a value of JSON as a person would type it."""
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def as_csv(rows: list[Row], order: list[int], alias: bool) -> str:
    text = io.StringIO()
    names = ["Number of rooms" if alias and name == "rooms" else name for name in NAMES]
    writer = csv.writer(text, lineterminator="\r\n")  # or Python 3.11 would not quote a carriage return
    writer.writerow([names[place] for place in order])
    writer.writerows([[as_text(row[place]) for place in order] for row in rows])
    return text.getvalue()


def as_object(row: Row, order: list[int], absent: bool) -> dict[str, Any]:
    return {NAMES[place]: row[place] for place in order if not (absent and row[place] is None)}


def value_of(position: int, cell: Any) -> float:
    """Return the number that a cell is in the model's rows, as a plain reading of the rules says."""
    item = FLATS.inputs[position]
    text = as_text(cell).strip()
    if not text and item.missing:
        return item.missing.value
    if not item.levels:
        return float(np.float32(float(text)))
    known = {"without": 0, "with": 1, "false": 0, "no": 0, "0": 0, "0.0": 0, "true": 1, "yes": 1, "1": 1, "1.0": 1}
    if item is BALCONY:
        return known[text.lower()]
    return item.levels.index(text) if text in item.levels else 0


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        '=cmd|"x"',
        "-1",
        "@a",
        "\x00",
        "a\nb",
        "a\r\nb",
        "\ra",
        "\\n",
        "'",
        '"',
        ",",
        ";",
        "6",
        "6,5",
        "null",
        "x" * 10_000,
        "😀",
    ]
)
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(1, 15) | st.floats(1, 15),
        st.sampled_from(DISTRICT.levels) | TEXTS.filter(str.strip) | st.sampled_from([" Höchst ", "\tNordend, West"]),
        st.none() | st.booleans() | st.sampled_from([0, 1, "with", "without", " Yes", "NO", "TRUE", "false", "0", "1"]),
    ).map(list),
    min_size=1,
    max_size=3,
)
few = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


@few
@given(rows=ROWS, order=st.permutations([0, 1, 2]), alias=st.booleans(), absent=st.booleans())
def test_every_format_agrees_and_the_log_reads_back_as_what_was_asked(
    service: Service, rows: list[Row], order: list[int], alias: bool, absent: bool
) -> None:
    count = len(rows)
    objects = [as_object(row, order, absent) for row in rows]
    columns = {NAMES[place]: [row[place] for row in rows] for place in order}
    answers = []
    for body in (rows, objects, columns, {"columns": list(NAMES), "data": rows}):
        reply = ask(service, body)
        assert reply.status_code == 200, reply.text
        answers.append((reply.json["predictions"], reply.json["warnings"]))
    reply = send_csv(service, as_csv(rows, order, alias).encode(), Accept="application/json")
    answers.append((reply.json["predictions"], reply.json["warnings"]))
    for one in (
        [ask(service, row) for row in rows],
        [ask(service, row) for row in objects],
        [
            service.post(
                "/predict_form",
                data={NAMES[place]: as_text(row[place]) for place in order},
                headers={"Accept": "application/json"},
            )
            for row in rows
        ],
    ):
        assert {reply.status_code for reply in one} == {200}, [reply.text for reply in one]
        answers.append(([reply.json["prediction"] for reply in one], [reply.json["warnings"] for reply in one]))
    assert answers == [answers[0]] * len(answers)

    log = service.new_rows("predictions")
    assert len(log) == count * len(answers)
    for number, line in enumerate(log):
        row = rows[number % count]
        expected = [value_of(position, cell) for position, cell in enumerate(row)]
        assert [np.float32(item.parse(line[item.name])) for item in FLATS.inputs] == expected
        assert float(line["prediction"]) == pytest.approx(answers[0][0][number % count])
        told = [warning.partition(":")[0] for warning in answers[0][1][number % count]]
        assert [flag.partition(":")[0] for flag in line["flags"].split()] == told
        assert ("rooms:missing" in line["flags"].split()) is (row[0] is None)
        assert ("balcony:missing" in line["flags"].split()) is (row[2] is None)
        assert ("district:other" in line["flags"].split()) is (row[1].strip() not in DISTRICT.levels)


def test_a_row_of_missing_and_unknown_values_is_answered_with_warnings(service: Service) -> None:
    reply = ask(service, {"district": "Foo"})
    assert reply.json["warnings"] == [
        NO_ROOMS,
        "district: 'Foo' is not known to this version: taken as 'elsewhere'",
        NO_BALCONY,
    ]
    (row,) = service.new_rows("predictions")
    assert (row["rooms"], row["district"], row["balcony"]) == ("", "elsewhere", "")
    assert row["flags"] == "rooms:missing district:other balcony:missing"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"rooms": 4}, "district: is missing"),
        ({"district": None}, "district: is missing"),
        ({"district": " "}, "district: is missing"),
        ({"district": 6}, "district: expected a text like 'the \"old\" town', not a number"),
        ([-13, "Höchst", 1], "rooms: -13 lies outside the limits 1 to 15"),
        ([4, "Höchst", 2], "balcony: '2' is not known: expected one of 'without', 'with', true, false"),
        ([4, "Höchst", "x" * 10_000], f"balcony: '{'x' * 39}…' is not known: expected one of"),
        ([[4, "Höchst", 1], [4, "Höchst", "maybe"]], "row 1: balcony: 'maybe' is not known"),
        (["4", "Höchst", 1], 'rooms: expected a number, not the text "4"'),
        ([[-13, 1, 2]], "rooms: -13 lies outside the limits 1 to 15"),
    ],
)
def test_what_stands_for_no_value_is_refused(service: Service, body: Any, message: str) -> None:
    reply = ask(service, body)
    assert reply.status_code == 422
    assert any(str(error).startswith(message) for error in [reply.json["error"], *_errors(reply.json)])
    assert service.new_rows("predictions") == []


def _errors(content: dict[str, Any]) -> list[str]:
    return [f"{problem['input']}: {problem['message']}" for problem in content["problems"]]


def test_a_csv_file_without_the_columns_that_may_be_missing_is_answered(service: Service) -> None:
    rows = read_csv(send_csv(service, "district,note\nHöchst,x\nFoo,y\n,z\n"))
    assert [row["warnings"] for row in rows] == [
        f"{NO_ROOMS}; {NO_BALCONY}",
        f"{NO_ROOMS}; district: 'Foo' is not known to this version: taken as 'elsewhere'; {NO_BALCONY}",
        "",
    ]
    assert [row["error"] for row in rows] == ["", "", "line 4, column district: is missing"]
    log = service.new_rows("predictions")
    assert [(row["row"], row["district"], row["rooms"]) for row in log] == [("0", "Höchst", ""), ("1", "elsewhere", "")]


def test_what_spreadsheets_write_is_answered_with_the_same_texts(service: Service) -> None:
    reply = send_csv(
        service, "sep=;\r\nNumber of rooms;district;balcony\r\n3,5; Nordend, West ;WAHR\r\n3,5;3,5;yes\r\n"
    )
    first, second = csv.DictReader(io.StringIO(reply.text.partition("\n")[2]), delimiter=";")
    assert first["error"].startswith("line 3, column balcony: 'WAHR' is not known")
    assert second["warnings"] == "district: '3,5' is not known to this version: taken as 'elsewhere'"
    (row,) = service.new_rows("predictions")
    assert (row["rooms"], row["district"], row["balcony"]) == ("3.5", "elsewhere", "with")


def test_ten_thousand_rows_of_texts_are_one_request(service: Service) -> None:
    rows = [[None, f'"{number}", \n=x', True] for number in range(9_999)] + [[4, "Höchst", "with"]]
    reply = ask(service, rows)
    assert reply.status_code == 200
    assert [len(warnings) for warnings in reply.json["warnings"]] == [2] * 9_999 + [0]
    assert {row["district"] for row in service.new_rows("predictions")} == {"elsewhere", "Höchst"}


def test_the_logs_of_a_model_of_texts_are_one_line_a_row(service: Service, tmp_path: Path) -> None:
    ask(service, [[4, "a\nb", True], [None, 'the "old" town', None]])
    (path,) = daily_files(service.settings.logs / "flats", "predictions")
    lines = path.read_text().splitlines()
    assert lines[-1].split(",", 6)[6].startswith(',"the ""old"" town",,-')
    assert len(list(LogReader(path))) == len(lines) - 1
