"""Counts of log rows, and ``python -m audit check`` as a process."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import Settings
from audit.check import count_rows
from tests.app.requests import ROW
from tests.registry.conftest import run


def write_day(folder: Path, day: str, requests: Sequence[str], predictions: Sequence[str]) -> None:
    """Write the log files of a day; a request is "ID,STATUS,ERROR", a prediction is "ID,ROW"."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"requests-{day}.csv").write_text("\n".join(["request_id,status,error", *requests, ""]))
    (folder / f"predictions-{day}.csv").write_text("\n".join(["request_id,row", *predictions, ""]))


def peak_memory(logs: Path) -> int:
    tracemalloc.start()
    try:
        assert all(day.lost == day.torn == 0 for day in count_rows(logs))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_request_counts_as_lost_although_its_id_was_answered_on_another_day(tmp_path: Path) -> None:
    write_day(tmp_path, "2026-11-22", ["a,200,"], ["a,0"])
    write_day(tmp_path, "2026-11-23", ["b,200,", "a,200,"], [])
    assert [(day.lost, day.first_lost) for day in count_rows(tmp_path)] == [(0, ""), (2, "a")]


def test_a_day_without_one_of_its_files_is_counted(tmp_path: Path) -> None:
    write_day(tmp_path, "2026-11-22", ["a,200,"], [])
    write_day(tmp_path, "2026-11-23", [], ["b,0"])
    (tmp_path / "predictions-2026-11-22.csv").unlink()
    (tmp_path / "requests-2026-11-23.csv").unlink()
    first, second = count_rows(tmp_path)
    assert (first.lost, first.predictions) == (1, [])
    assert (second.requests, *map(str, second.predictions)) == (
        [],
        "predictions-2026-11-23.csv: 1 rows, 0 torn, 1 of requests that were not answered",
    )


def test_many_days_need_no_more_memory_than_one(tmp_path: Path) -> None:
    for day in range(10, 15):
        requests = [f"{day}-{number},200," for number in range(1000)]
        predictions = [f"{day}-{number},0" for number in range(1000)]
        write_day(tmp_path / "many", f"2026-11-{day}", requests, predictions)
    write_day(tmp_path / "one", "2026-11-10", requests, predictions)
    assert peak_memory(tmp_path / "many") < 1.5 * peak_memory(tmp_path / "one")


def test_check_counts_whole_torn_and_unanswered_rows_and_lists_requests_first(settings: Settings) -> None:
    folder = settings.logs / "boston"
    write_day(folder, "2026-11-23", ["a,200,", "b,422,"], ["a,0", "c,0"])
    write_day(folder, "2026-11-24", ["a,200,"], ["a,0"])
    with (folder / "predictions-2026-11-23.csv").open("a") as file:
        file.write("d")
    done = run(settings, "audit", "check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "requests-2026-11-23.csv: 2 rows, 0 torn",
        "requests-2026-11-24.csv: 1 rows, 0 torn",
        "predictions-2026-11-23.csv: 2 rows, 1 torn, 1 of requests that were not answered",
        "predictions-2026-11-24.csv: 1 rows, 0 torn",
    ]


def test_check_finds_an_answer_whose_prediction_is_gone(settings: Settings) -> None:
    write_day(settings.logs / "boston", "2026-11-23", ["a,200,", "b,200,"], ["a,0"])
    done = run(settings, "audit", "check")
    assert (done.returncode, done.stderr) == (1, "1 answered requests have no prediction row, b among them\n")


def test_check_without_logs_is_a_sentence(settings: Settings) -> None:
    done = run(settings, "audit", "check")
    assert (done.returncode, done.stderr) == (1, f"{settings.logs / 'boston'}: no logs yet\n")


@pytest.mark.slow
def test_ground_truth_is_counted_and_one_that_was_acknowledged_and_is_gone_is_found(
    settings: Settings, make_app: Callable[..., Flask]
) -> None:
    client = make_app(prefix="/houses").test_client()
    for path in ("/feedback", "/houses/feedback?x=1"):
        for _ in range(2):
            assert client.post(path, json={"request_id": "a", "actual": 1}).status_code == 200
    assert client.post("/feedback", json={"request_id": "a", "actual": -1}).status_code == 422
    done = run(settings, "audit", "check")
    (file,) = (settings.logs / "boston").glob("feedback-*.csv")
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, f"{file.name}: 4 rows, 0 torn", "")
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    done = run(settings, "audit", "check")
    assert (done.returncode, done.stderr) == (1, "1 answered requests with ground truth have no feedback row\n")


@pytest.mark.slow
def test_a_file_without_a_good_row_is_no_lost_answer(settings: Settings, client: FlaskClient) -> None:
    assert client.post("/predict_csv", data="rm,tax,age\nx,1,1\n", content_type="text/csv").status_code == 200
    assert client.post("/predict_json", json=ROW).status_code == 200
    done = run(settings, "audit", "check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_explanations_are_counted_and_some_that_were_sent_and_are_gone_are_found(
    settings: Settings, client: FlaskClient
) -> None:
    assert client.post("/predict_json?explain=1", json=[ROW, ROW]).status_code == 200
    assert client.post("/predict_csv?explain=1", data="rm,tax,age\nx,1,1\n", content_type="text/csv").status_code == 200
    assert client.post("/v1/models/boston:predict?explain=1", json={"instances": [ROW]}).status_code == 200
    done = run(settings, "audit", "check")
    (file,) = (settings.logs / "boston").glob("explanations-*.csv")
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, f"{file.name}: 2 rows, 0 torn", "")
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:1]))
    done = run(settings, "audit", "check")
    message = "1 requests that were answered with explanations have no row of them\n"
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.parametrize("path", ["/form?rm=6&tax=250&age=66.5", "/predict_json?%65xplain=%31"])
def test_explanations_are_missed_whatever_asked_for_them(settings: Settings, client: FlaskClient, path: str) -> None:
    reply = client.get(path) if path.startswith("/form") else client.post(path, json=ROW)
    assert reply.status_code == 200
    assert [day.lost_explanations for day in count_rows(settings.logs / "boston")] == [0]
    (file,) = (settings.logs / "boston").glob("explanations-*.csv")
    file.unlink()
    assert [day.lost_explanations for day in count_rows(settings.logs / "boston")] == [1]


def test_a_form_that_could_explain_nothing_has_lost_nothing(settings: Settings, client: FlaskClient) -> None:
    (settings.models / "boston/1/reference.csv").unlink()
    assert client.get("/form?rm=6&tax=250&age=66.5").status_code == 200
    assert [day.lost_explanations for day in count_rows(settings.logs / "boston")] == [0]
