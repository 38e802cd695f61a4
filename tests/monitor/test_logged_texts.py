"""A log of texts and missing values that the service itself wrote: the monitor and the audit read what was asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import create_app
from app.settings import Settings
from audit.check import count_rows
from audit.trace import format_text, trace
from journal import daily_files
from monitor.logs.checked_reader import read_predictions
from monitor.logs.levels import levels_of
from monitor.logs.log_file import LogFile
from monitor.profiles.reference import Float32s, with_missing
from monitor.report.build import build
from monitor.report.render import to_text
from monitor.truth import join_truths
from monitor.window import Window
from tests.app.conftest import Service
from tests.conftest import FLATS
from tests.monitor.report.test_texts import publish_flats

TEXTS = ("elsewhere", "Nordend, West", 'the "old" town', "=1+1", "'+2", "two\nlines", "Höchst", "a\\b", "0", "true")
ROOMS, DISTRICT, BALCONY = FLATS.inputs
CITY = replace(
    FLATS,
    inputs=(
        ROOMS,
        replace(DISTRICT, levels=TEXTS, categories=tuple(map(float, range(len(TEXTS)))), limits=(0, len(TEXTS) - 1)),
        BALCONY,
    ),
)
BALCONIES = {True: 1, False: 0, "with": 1, "no": 0, "1": 1, None: 2}
Asked = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings over the model of texts that are hard to write into a file."""
    folder = tmp_path_factory.mktemp("city")
    publish_flats(folder / "models", CITY)
    return Settings(models=folder / "models", logs=folder / "logs", model="flats")


@pytest.fixture(scope="module")
def asked(city: Settings) -> Asked:
    """Ask for 220 flats, one in 11 in no known district, and tell the truth of each second. Return all by id."""
    app = create_app(city)
    service, asked = Service(app, city), {}
    for number in range(220):
        row = {"rooms": 2 + number % 7, "district": [*TEXTS, "Bockenheim"][number % 11]}
        row["balcony"] = list(BALCONIES)[number % 6]
        if number % 5 == 0:
            row["rooms"] = None
        reply = service.post("/predict_json", json=row)
        assert reply.status_code == 200, reply.text
        asked[reply.json["request_id"]] = row
        if number % 2 == 0:
            told = service.post("/feedback", json={"request_id": reply.json["request_id"], "actual": 10})
            assert told.status_code == 200, told.text
    app.extensions["router"].close()
    return asked


def codes_of(row: dict[str, Any]) -> list[float]:
    """What the model is given for the inputs of a request."""
    rooms, district = row["rooms"], row["district"]
    return [
        -13 if rooms is None else rooms,
        TEXTS.index(district) if district in TEXTS else 0,
        BALCONIES[row["balcony"]],
    ]


def logged_rows(city: Settings) -> tuple[Float32s, list[str]]:
    """The inputs of all logged rows as the model saw them, and what is wrong with the log."""
    (path,) = daily_files(city.log_folder, "predictions")
    values, faults = read_predictions(
        LogFile.open(path),
        (*CITY.names, "prediction"),
        lambda blocks: np.concatenate([block.values for block in blocks]),
        levels_of(CITY),
    )
    return with_missing(values[:, :-1], CITY), faults


def test_what_was_asked_is_what_the_log_says(city: Settings, asked: Asked) -> None:
    rows, faults = logged_rows(city)
    assert faults == []
    np.testing.assert_array_equal(rows, [codes_of(row) for row in asked.values()])


def test_the_report_counts_levels_gaps_and_texts_that_are_no_level(city: Settings, asked: Asked) -> None:
    now = datetime.now(UTC)
    report = build(city, Window(now - timedelta(hours=2), now + timedelta(hours=1))).report
    columns = {column["name"]: column for column in report["drift"]["columns"]}
    assert report["faults"] == []
    assert report["window"]["rows"] == len(asked)
    assert columns["district"]["levels"] == [text.replace("\n", "\\n") for text in TEXTS]  # as a terminal can show it
    assert columns["district"]["histogram"]["window"] == pytest.approx([2 / 11, *[1 / 11] * 9, 0], abs=1e-6)
    assert columns["district"]["other_share"] == pytest.approx(1 / 11)
    assert columns["rooms"]["missing_share"] == 0.2
    assert report["accuracy"]["matched"] == 110
    assert "Rooms is missing in 20 % of the rows" in to_text(report)


def test_the_truths_are_joined_with_the_codes_of_the_rows(city: Settings, asked: Asked) -> None:
    joined = join_truths(city.log_folder, inputs=CITY.names, levels=levels_of(CITY)).rows
    rows = with_missing(joined[list(CITY.names)].to_numpy(np.float32), CITY)
    np.testing.assert_array_equal(rows, [codes_of(asked[name]) for name in joined["request_id"]])
    assert len(rows) == 110
    assert list(join_truths(city.log_folder, inputs=()).rows["actual"]) == [10] * 110


def test_a_trace_shows_the_texts_as_they_were_sent(city: Settings, asked: Asked) -> None:
    for name, row in list(asked.items())[:11]:
        (found,) = trace(city.store(), city.log_folder, name)
        (answer,) = found["predictions"]
        known = row["district"] in TEXTS
        assert answer["district"] == (row["district"] if known else "elsewhere")
        assert ("district:other" in answer["flags"].split()) is not known
        assert (answer["rooms"] == "") is (row["rooms"] is None)
        assert found["faults"] == []
        assert "\n  row 0  version 1" in format_text(found)


def test_the_audit_finds_every_row_whole(city: Settings, asked: Asked) -> None:
    (day,) = count_rows(city.log_folder)
    assert (day.torn, day.lost, sum(file.rows for file in day.predictions)) == (0, 0, len(asked))


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.floats(1, 15, width=32), st.sampled_from([*TEXTS, "x"]), st.sampled_from(list(BALCONIES))
        ),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_is_asked_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, city: Settings, rows: list[tuple[float | None, str, Any]]
) -> None:
    alone = replace(city, logs=tmp_path_factory.mktemp("logs"))
    app = create_app(alone)
    asked = [dict(zip(CITY.names, row, strict=True)) for row in rows]
    reply = Service(app, alone).post("/predict_json", json=asked)
    app.extensions["router"].close()
    if reply.status_code == 200:  # else a prediction is implausible
        found, faults = logged_rows(alone)
        assert faults == []
        np.testing.assert_array_equal(found, np.array([codes_of(row) for row in asked], dtype=np.float32))
