"""``?interval=`` and ``?explain=`` of the own routes: what is sent, what is logged, and what is refused."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.endpoints.query import EXPLAIN, EXTRA, INTERVAL, Query, parse_query
from app.errors import MalformedRequest
from journal import EXPLANATIONS
from registry import Interval, VersionStore
from registry.interval import NumberTerm
from registry.promotion import canary, promote, shadow
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, OTHER_ROW, PREDICTION, RAISES, ROW, ask, make_champion, send_csv, version
from tests.app.routing.test_canary_analysis import canary_client
from tests.conftest import HOUSES, LINEAR, TRICKY, WORSE, publish, write_version
from tests.e2e.server import wait_until

TERMS = (NumberTerm(3.5, 8.75, 0.5, 0), NumberTerm(187, 711, 0, 0), NumberTerm(2.5, 100, 0, 0.25))
SURE = replace(HOUSES, interval=Interval({0.5: 1.5, 0.9: 4}, 506, 0.0, TERMS))
UNSURE = replace(HOUSES, interval=Interval({0.9: 40}, 506, 0.0, TERMS))
CSV = "id,rm,tax,age\na,6,250,66.5\nb,x,1,1\nc,1,700,100\nd,7,300,10\n"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder whose version 1 is champion and has intervals; 2 has wider ones, 3 has none."""
    for signature, file in ((SURE, LINEAR), (UNSURE, WORSE), (HOUSES, LINEAR)):
        publish(tmp_path / "sure", signature, file)
    return tmp_path / "sure"


@pytest.fixture
def sure(models: Path, make_client: MakeClient) -> Service:
    client = make_client(models=models)
    client.settings = replace(client.settings, models=models)
    return client


def half(row: list[float], interval: Interval | None = SURE.interval, level: float = 0.9) -> float:
    assert interval is not None
    return float(interval.half_width(np.array([row], np.float32), level)[0])


def words(row: dict[str, str]) -> list[str]:
    return row["flags"].split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Query()),
        ("utm=1&explain=1", Query(explain=True)),
        ("interval=0.90&explain=1&extra=ignore", Query(True, 0.9, True)),
        ("interval=.5", Query(level=0.5)),
    ],
)
def test_a_query_says_what_is_asked_for(text: str, expected: Query) -> None:
    assert parse_query(text, EXTRA, INTERVAL, EXPLAIN) == expected


def test_a_parameter_that_a_route_does_not_know_is_left_alone() -> None:
    assert parse_query("extra=yes&explain=1", INTERVAL, EXPLAIN) == Query(explain=True)


@pytest.mark.parametrize("text", ["interval", "interval=90", "interval=0,9", "interval=1", "interval=nan"])
def test_a_level_is_a_share(text: str) -> None:
    with pytest.raises(MalformedRequest, match="^interval: expected a share between 0 and 1, like 0.9, once$"):
        parse_query(text, INTERVAL)


@pytest.mark.parametrize("text", ["interval=0.9&interval=0.9", "explain=1&explain=1", "explain=0", "explain"])
def test_a_parameter_comes_once_and_with_an_expected_value(text: str) -> None:
    with pytest.raises(MalformedRequest, match="expected .*, once"):
        parse_query(text, INTERVAL, EXPLAIN)


def test_one_row_gets_its_interval_and_the_log_has_the_same_digits(sure: Service) -> None:
    reply = sure.post("/predict_json?interval=0.9", json=ROW)
    assert list(reply.json)[-1] == "interval"
    assert reply.json["prediction"] == PREDICTION
    assert reply.json["interval"] == pytest.approx([23.505 - half(ROW), 23.505 + half(ROW)], abs=1e-4)
    (row,) = sure.new_rows("predictions")
    low, high = reply.json["interval"]
    assert row["flags"] == f"interval:0.9:{low}:{high}"
    assert sure.new_rows("requests")[0]["path"] == "/predict_json?interval=0.9"


def test_rows_get_a_list_of_intervals_beside_their_other_flags(sure: Service) -> None:
    rows = [ROW, [6, 800, 66.5], OTHER_ROW]
    reply = sure.post("/predict_json?interval=0.50", json=rows).json
    assert "interval" not in reply
    ends = [[p - half(r, level=0.5), p + half(r, level=0.5)] for p, r in zip(reply["predictions"], rows, strict=True)]
    assert [pytest.approx(pair, abs=1e-4) for pair in ends] == reply["intervals"]
    first, second, third = sure.new_rows("predictions")
    assert [len(words(first)), len(words(second)), len(words(third))] == [1, 2, 1]
    assert words(second) == ["tax:outside_training", "interval:0.5:{}:{}".format(*reply["intervals"][1])]


def test_an_interval_is_not_cut_at_what_is_plausible(sure: Service) -> None:
    reply = sure.post("/predict_json?interval=0.9", json=[4, 700, 100]).json
    assert reply["prediction"] < 4
    assert reply["interval"][0] < HOUSES.output.plausible[0]


@pytest.mark.parametrize("path", ["/predict_json", "/predict_form", "/predict_csv"])
def test_a_level_that_is_not_stored_is_refused_and_the_stored_ones_are_named(
    sure: Service, models: Path, path: str
) -> None:
    data = {"json": ROW} if path == "/predict_json" else {"data": {"rm": "6", "tax": "250", "age": "66.5"}}
    if path == "/predict_csv":
        data = {"data": CSV, "content_type": "text/csv"}  # type: ignore[dict-item]  # as post() takes it
    headers = {"Accept": "application/json"}
    reply = sure.post(f"{path}?interval=0.7", headers=headers, **data)  # type: ignore[arg-type]
    message = "interval: version 1 has none of 0.7: ask for one of 0.5, 0.9"
    assert (reply.status_code, reply.json["error"]) == (400, message)
    assert sure.new_rows("predictions") == []
    make_champion(VersionStore(models, "boston"), 3)
    reply = sure.post(f"{path}?interval=0.9", headers=headers, **data)  # type: ignore[arg-type]
    assert reply.status_code == 400
    assert "version 3 has no intervals: it was trained without them; train and publish it again" in reply.json["error"]


def test_one_row_gets_its_explanation_and_the_log_has_the_same_digits(sure: Service) -> None:
    reply = sure.post("/predict_json?explain=1", json=ROW, headers={"X-Request-ID": "why"})
    explanation = reply.json["explanation"]
    assert list(explanation) == ["base", "contributions", "background", "method"]
    assert (explanation["background"], explanation["method"]) == (20, "exact")
    parts = explanation["contributions"]
    assert list(parts) == ["rm", "tax", "age"]
    assert explanation["base"] + sum(parts.values()) == pytest.approx(reply.json["prediction"], abs=1e-4)
    (row,) = sure.new_rows(EXPLANATIONS)
    (predicted,) = sure.new_rows("predictions")
    assert predicted["flags"] == "explained"
    assert row == {
        "time": predicted["time"],
        "request_id": "why",
        "row": "0",
        "model": "boston",
        "version": "1",
        "base": repr(explanation["base"]),
        **{f"contribution_{name}": repr(value) for name, value in parts.items()},
        "method": "exact",
    }


def test_rows_get_a_list_of_explanations_and_the_form_one(sure: Service) -> None:
    reply = sure.post("/predict_json?explain=1&interval=0.9", json=[ROW, OTHER_ROW]).json
    assert len(reply["explanations"]) == len(reply["intervals"]) == 2
    for item, prediction in zip(reply["explanations"], reply["predictions"], strict=True):
        assert item["base"] + sum(item["contributions"].values()) == pytest.approx(prediction, abs=1e-4)
    assert [row["row"] for row in sure.new_rows(EXPLANATIONS)] == ["0", "1"]
    form = {"rm": "6", "tax": "250", "age": "66.5"}
    single = sure.post("/predict_form?explain=1&interval=0.9", data=form, headers={"Accept": "application/json"}).json
    assert single["explanation"] == reply["explanations"][0]
    assert single["interval"] == pytest.approx(reply["intervals"][0])


def test_without_a_query_nothing_is_added(sure: Service) -> None:
    assert list(ask(sure).json) == ["success", "prediction", "request_id", "model", "version", "warnings"]
    assert not list(sure.settings.log_folder.glob("explanations-*"))
    assert sure.new_rows("predictions")[0]["flags"] == ""


def test_too_many_rows_are_refused_with_the_number_that_may_be_sent(sure: Service) -> None:
    most = 1024
    reply = sure.post("/predict_json?explain=1", json=[ROW] * (most + 1))
    message = f"{most + 1} rows are too many to explain at once: send at most {most}"
    assert (reply.status_code, reply.json["error"]) == (413, message)
    reply = send_csv(sure, "rm,tax,age\n" + "6,250,66.5\n" * (most + 1), "?explain=1")
    assert (reply.status_code, f"send at most {most}" in reply.json["error"]) == (413, True)
    assert send_csv(sure, "rm,tax,age\n" + "6,250,66.5\n" * most, "?explain=1").status_code == 200
    assert len(sure.new_rows(EXPLANATIONS)) == most


def test_a_version_without_training_rows_can_t_be_explained_and_predicts(sure: Service, models: Path) -> None:
    store = VersionStore(models, "boston")
    with store.staging() as folder:
        write_version(folder, HOUSES, LINEAR)
        (folder / "reference.csv").unlink()
        number, _ = store.publish(folder, ANN)
    make_champion(store, number)
    reply = sure.post("/predict_json?explain=1", json=ROW)
    message = f"version {number} can't be explained: it was published without training rows (reference.csv)"
    assert (reply.status_code, reply.json["error"].startswith(message)) == (400, True)
    assert ask(sure).json["version"] == number


def test_a_csv_file_gets_columns_behind_the_others(sure: Service) -> None:
    reply = send_csv(sure, CSV, "?interval=0.9&explain=1")
    assert reply.text.splitlines()[0] == (
        "id,rm,tax,age,prediction,warnings,error,interval_low,interval_high,"
        "base,contribution_rm,contribution_tax,contribution_age"
    )
    first, bad, implausible, last = csv.DictReader(io.StringIO(reply.text))
    added = ("interval_low", "interval_high", "base", "contribution_rm")
    for row in (bad, implausible):
        assert row["error"]
        assert [row[name] for name in added] == [""] * 4
    for row, values in ((first, ROW), (last, OTHER_ROW)):
        middle, width = (float(row["interval_low"]) + float(row["interval_high"])) / 2, half(values)
        assert middle == pytest.approx(float(row["prediction"]), abs=1e-4)
        assert float(row["interval_high"]) - middle == pytest.approx(width, abs=1e-4)
        total = sum(float(row[name]) for name in row if name == "base" or name.startswith("contribution"))
        assert total == pytest.approx(float(row["prediction"]), abs=1e-4)
    logged = sure.new_rows(EXPLANATIONS)
    assert [row["row"] for row in logged] == ["0", "3"]
    assert logged[0]["contribution_rm"] == first["contribution_rm"]
    flags = [row["flags"] for row in sure.new_rows("predictions")]
    assert flags[0] == f"interval:0.9:{first['interval_low']}:{first['interval_high']} explained"
    assert [("explained" in text) for text in flags] == [True, False, True]
    assert flags[1] == "tax:outside_training output:implausible" or "interval" not in flags[1]


def test_a_csv_file_as_json_has_lists_of_them(sure: Service) -> None:
    reply = send_csv(sure, CSV, "?interval=0.9&explain=1", Accept="application/json").json
    for name in ("predictions", "intervals", "explanations"):
        assert [item is None for item in reply[name]] == [False, True, True, False]
    plain = send_csv(sure, CSV, Accept="application/json").json
    assert list(plain) == [name for name in reply if name not in ("intervals", "explanations")]


def test_decimal_commas_go_through_to_what_is_added(sure: Service) -> None:
    reply = send_csv(sure, "rm;tax;age\n6,5;250;66,5\n", "?interval=0.9&explain=1").text
    (row,) = csv.DictReader(io.StringIO(reply), delimiter=";")
    assert float(row["interval_low"].replace(",", ".")) < float(row["prediction"].replace(",", "."))
    assert "." not in row["base"]


@pytest.mark.parametrize("name", ["interval_low", "base", "contribution_tax"])
def test_a_file_that_has_an_added_column_is_refused_only_if_it_is_added(sure: Service, name: str) -> None:
    text = f"rm,tax,age,{name}\n6,250,66.5,1\n"
    assert send_csv(sure, text).status_code == 200
    assert send_csv(sure, text, "?interval=0.9&explain=1").status_code == 422


@pytest.fixture
def falling(tmp_path: Path, make_client: MakeClient) -> Callable[[Any], Service]:
    """Makes a service whose champion, version 2, fails with some rows, and whose fallback has a signature."""

    def make(signature: Any) -> Service:
        models = tmp_path / "falling"
        publish(models, signature, LINEAR)
        publish(models, UNSURE, TRICKY)
        store = VersionStore(models, "boston")
        make_champion(store, 2)
        promote(store, 1, "fallback", ANN)
        client = make_client(models=models)
        client.settings = replace(client.settings, models=models)
        return client

    return make


def test_a_row_that_the_fallback_answers_has_its_interval_and_its_explanation(
    falling: Callable[[Any], Service],
) -> None:
    client = falling(SURE)
    alone = client.post("/predict_json?interval=0.9&explain=1", json=RAISES).json
    assert alone["version"] == 1
    width = alone["interval"][1] - alone["interval"][0]
    assert width == pytest.approx(2 * half(RAISES), abs=1e-3)
    total = alone["explanation"]["base"] + sum(alone["explanation"]["contributions"].values())
    assert total == pytest.approx(alone["prediction"], abs=1e-4)
    (row,) = client.new_rows("predictions")
    assert [word.partition(":")[0] for word in words(row)] == ["rm", "instead_of", "interval", "explained"]
    assert [row["version"] for row in client.new_rows(EXPLANATIONS)] == ["1"]


def test_a_fallback_without_the_level_answers_without_an_interval_and_says_so(
    falling: Callable[[Any], Service],
) -> None:
    reply = falling(HOUSES).post("/predict_json?interval=0.9", json=RAISES).json
    assert (reply["version"], reply["interval"]) == (1, None)
    assert reply["warnings"][-1] == "no interval: version 1 has none of 0.9"


def test_a_canary_is_explained_by_its_own_model_and_shadows_are_not(sure: Service, models: Path) -> None:
    store = VersionStore(models, "boston")
    canary(store, 2, 0.5, ANN)
    shadow(store, 3, ANN)
    client_id = canary_client(2)
    wait_until(lambda: version(sure, X_Client_ID=client_id) == 2, "the canary")
    sure.new_rows("predictions")
    reply = sure.post("/predict_json?interval=0.9&explain=1", json=ROW, headers={"X-Client-ID": client_id}).json
    assert reply["version"] == 2
    assert reply["interval"][1] - reply["interval"][0] == pytest.approx(2 * half(ROW, UNSURE.interval), abs=1e-3)
    total = reply["explanation"]["base"] + sum(reply["explanation"]["contributions"].values())
    assert total == pytest.approx(reply["prediction"], abs=1e-4)
    assert [(row["version"], row["row"]) for row in sure.new_rows(EXPLANATIONS)] == [("2", "0")]


def test_an_explanation_that_can_t_be_logged_is_not_sent_and_leaves_no_row(make_client: MakeClient) -> None:
    full = False

    def write(descriptor: int, data: bytes) -> int:
        if full and b"exact" in data:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(descriptor, data)

    client = make_client(write=write)
    assert client.post("/predict_json?explain=1", json=ROW).status_code == 200
    for stream in (EXPLANATIONS, "predictions"):
        assert len(client.new_rows(stream)) == 1
    full = True
    reply = client.post("/predict_json?explain=1", json=ROW)
    assert (reply.status_code, "explanation" in reply.json) == (503, False)
    assert send_csv(client, CSV, "?explain=1").status_code == 503
    for stream in (EXPLANATIONS, "predictions"):
        assert client.new_rows(stream) == []
    assert ask(client).status_code == 200  # without an explanation


def test_a_log_of_explanations_with_other_columns_stops_these_alone(make_client: MakeClient) -> None:
    client = make_client(now=datetime(2026, 11, 23, tzinfo=UTC).timestamp)
    client.settings.log_folder.mkdir(parents=True)
    (client.settings.log_folder / "explanations-2026-11-23.csv").write_text("something,else\n")
    assert client.post("/predict_json?explain=1", json=ROW).status_code == 503
    assert ask(client).status_code == 200
    assert client.get("/v2/health/ready").status_code == 200
