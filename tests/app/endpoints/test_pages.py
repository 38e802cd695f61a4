"""The pages and health routes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import Settings
from journal import LogReader, daily_files
from registry import CHAMPION, VersionStore
from tests.conftest import HOUSES, publish

TYPED = {"rooms": "6", "tax": "250", "age": "66.5"}


def test_the_first_page_says_what_is_predicted_and_how_to_ask(client: FlaskClient) -> None:
    page = client.get("/").text
    for text in ("Median value", "$1000", "[6, 250, 66.5]", "/predict_json", "187 to 711", "rooms"):
        assert text in page


@pytest.mark.parametrize("path", ["/", "/form", "/form_async"])
def test_pages_allow_their_own_files_and_nothing_else(client: FlaskClient, path: str) -> None:
    reply = client.get(path)
    assert "default-src 'none'; style-src 'self'; script-src 'self'" in reply.headers["Content-Security-Policy"]
    assert not re.search(r"https?://(?!localhost)|<style|style=|onclick|<script>", reply.text)
    for link in re.findall(r'(?:src|href)="([^"]+)"', reply.text):
        with client.get(link) as linked:
            assert linked.status_code == 200


def test_the_form_answers_with_the_prediction_and_keeps_what_was_typed(client: FlaskClient, settings: Settings) -> None:
    reply = client.post("/predict_form", data=TYPED)
    assert reply.status_code == 200
    assert "<strong>23.505</strong>" in reply.text
    assert 'value="66.5"' in reply.text
    (path,) = daily_files(settings.logs / "boston", "predictions")
    assert [row["prediction"] for row in LogReader(path)] == ["23.505"]


def test_the_form_puts_each_message_at_its_field_and_keeps_what_was_typed(client: FlaskClient) -> None:
    reply = client.post("/predict_form", data={"rooms": "<b>", "tax": "9999", "age": ""})
    assert reply.status_code == 422
    assert 'value="&lt;b&gt;"' in reply.text
    assert 'value="9999"' in reply.text
    at_fields = dict(re.findall(r'id="problem-(\w+)">([^<]*)<', reply.text))
    assert at_fields == {
        "rm": "expected a number, not the text &#34;&lt;b&gt;&#34;",
        "tax": "9999 lies outside the limits 0 to 2000",
        "age": "is missing",
    }
    assert reply.text.count('aria-invalid="true"') == 3


def test_a_warning_stands_below_the_prediction(client: FlaskClient) -> None:
    page = client.post("/predict_form", data={**TYPED, "tax": "800"}).text
    assert "tax: 800 lies outside the training range 187-711" in page


def test_the_form_answers_in_json_who_asks_for_json(client: FlaskClient) -> None:
    json = {"Accept": "application/json"}
    reply = client.post("/predict_form", data=TYPED, headers=json)
    assert reply.json["prediction"] == pytest.approx(23.505)
    reply = client.post("/predict_form", data={"rm": "6"}, headers=json)
    assert [problem["input"] for problem in reply.json["problems"]] == ["tax", "age"]


def test_a_browser_gets_a_page_for_what_is_not_there_and_a_program_json(client: FlaskClient) -> None:
    assert "<h1>404</h1>" in client.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"}).text
    assert client.get("/nowhere").json["error"] == "/nowhere: not found"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_head_has_the_same_status_and_no_body(client: FlaskClient, path: str) -> None:
    reply = client.head(path)
    assert (reply.status_code, reply.data) == (200, b"")


def test_a_category_is_chosen_from_a_list_and_checked(tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    rooms = replace(HOUSES.inputs[0], categories=(4.0, 6.0), category_labels=("four", "six"))
    publish(tmp_path / "other", replace(HOUSES, inputs=(rooms, *HOUSES.inputs[1:])))
    client = make_app(models=tmp_path / "other").test_client()
    page = client.get("/form").text
    assert '<option value="6">six</option>' in page
    page = client.post("/predict_form", data=TYPED).text
    assert '<option value="6" selected>six</option>' in page
    assert "<strong>23.505</strong>" in page
    reply = client.post("/predict_json", json=[5, 250, 66.5])
    assert reply.status_code == 422
    assert reply.json["error"] == "rm: 5 must be one of 4, 6"


def test_ready_names_the_version_by_its_digest(client: FlaskClient, settings: Settings) -> None:
    store = VersionStore(settings.models, "boston")
    ready = client.get("/health/ready").json
    assert ready == {"ready": True, "model": "boston", "version": 1, "sha256": store.check(1).digest}
    assert store.number_of(CHAMPION) == 1


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_no_link_can_name_still_gets_its_answer_and_id(client: FlaskClient, host: str) -> None:
    reply = client.get("/nowhere", headers={"Host": host, "Accept": "text/html", "X-Request-ID": "odd"})
    assert reply.status_code in (400, 404)
    assert reply.headers["X-Request-ID"] == "odd"


def test_a_method_that_is_not_taken_is_told_which_is(client: FlaskClient) -> None:
    reply = client.get("/predict_json")
    assert (reply.status_code, set(reply.headers["Allow"].split(", "))) == (405, {"OPTIONS", "POST"})


def test_a_large_category_code_is_chosen_as_it_is(tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    rooms = replace(HOUSES.inputs[0], categories=(6.0, 1234567.0), limits=(6, 1234567))
    publish(tmp_path / "other", replace(HOUSES, inputs=(rooms, *HOUSES.inputs[1:])))
    client = make_app(models=tmp_path / "other").test_client()
    assert '<option value="1234567">1234567</option>' in client.get("/form").text
    reply = client.post("/predict_json", json=[1234568, 250, 66.5])
    assert (reply.status_code, reply.json["error"]) == (422, "rm: 1234568 must be one of 6, 1234567")


def test_a_file_whose_name_is_no_text_is_a_reason_too(make_app: Callable[..., Flask], settings: Settings) -> None:
    (settings.models / "boston" / "1" / os.fsdecode(b"\xff.txt")).write_text("x")
    ready = make_app().test_client().get("/health/ready")
    assert (ready.status_code, ready.json["ready"]) == (503, False)
    assert ".txt was not published" in ready.json["reason"]


def test_before_anything_is_published_the_service_lives_but_is_not_ready(
    tmp_path: Path, make_app: Callable[..., Flask]
) -> None:
    client = make_app(models=tmp_path / "empty").test_client()
    assert client.get("/health/live").status_code == 200
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert "no version is champion yet; `make train` publishes the first one" in ready.json["reason"]
    assert client.get("/form").status_code == 503
    reply = client.post("/predict_json", json=[6, 250, 66.5])
    assert (reply.status_code, reply.json["success"]) == (503, False)


def test_a_model_card_is_a_page_without_the_html_that_is_in_it(client: FlaskClient) -> None:
    page = client.get("/models/boston/1")
    assert "<h1>Model card: Median value of homes</h1>" in page.text
    assert "&lt;b&gt;" in page.text


@pytest.mark.parametrize("number", ["0", "2", "9" * 300, "9" * 5000, "x", "-1"])
def test_what_has_no_model_card_is_not_found(client: FlaskClient, number: str) -> None:
    assert client.get(f"/models/boston/{number}").status_code == 404
    assert client.get("/models/other/1").status_code == 404
