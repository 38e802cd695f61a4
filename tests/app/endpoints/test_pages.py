"""The pages: what is predicted, the form, and the model card."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from registry import plain
from tests.app.conftest import MakeClient, Service
from tests.app.requests import make_champion
from tests.conftest import HOUSES, publish
from tests.registry.conftest import publish_changed

TYPED = {"rooms": "6", "tax": "250", "age": "66.5"}


def test_the_first_page_says_what_is_predicted_and_how_to_ask(service: Service) -> None:
    page = service.get("/").text
    for text in ("Median value", "$1000", "[6, 250, 66.5]", "/predict_json", "187 to 711", "rooms"):
        assert text in page


def test_the_first_page_says_how_good_the_version_is_and_does_without_figures(client: Service) -> None:
    page = client.get("/").text
    assert "from three inputs" in page
    assert "This version’s card has no figures" in page
    card = {"metrics": {"rmse": 4.5}, "intervals": {"rmse": [4, 5]}, "split": {"test_rows": 102}}
    card["baselines"] = {"mean": {"metrics": {"rmse": 9.25}}}
    card["figures"] = {
        "inputs": {},
        "output": {"edges": [0, 1], "counts": [1]},
        "actual": [1, 2],
        "predicted": [1.5, 9],
        "half_width": [1, 1],
    }
    publish_changed(client.settings.store(), {"card.json": json.dumps(card)})
    make_champion(client.settings.store(), 2)
    page = client.get("/").text
    for text in (
        "On 102 test rows",
        '"num">4.5<',
        "guessing the mean has",
        "9.25",
        "outside its 90 % interval, 1 of 2",
    ):
        assert text in page
    assert page.count('class="dot') == 2


def test_a_card_that_was_changed_since_leaves_the_first_page_without_figures(client: Service) -> None:
    (client.settings.models / "boston" / "1" / "card.json").write_text('{"metrics": {"rmse": 1}}')
    page = client.get("/")
    assert (page.status_code, "typical error" in page.text) == (200, False)


@pytest.mark.parametrize("path", ["/", "/monitor"])
def test_a_page_that_did_not_change_is_not_sent_again(client: Service, path: str) -> None:
    first = client.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    etag = {"If-None-Match": first.headers["ETag"]}
    again = client.get(path, headers=etag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    if path == "/":
        make_champion(client.settings.store(), publish(client.settings.models))
        assert client.get(path, headers=etag).status_code == 200


@pytest.mark.parametrize(
    ("host", "shown"),
    [("homes.example", "homes.example"), ("my_model:5000", "my_model:5000"), ("a b", "localhost"), ("", "localhost")],
)
def test_the_first_page_names_a_host_that_can_be_asked(service: Service, host: str, shown: str) -> None:
    assert f"curl http://{shown}/predict_json" in service.get("/", headers={"Host": host}).text


@pytest.mark.parametrize("path", ["/", "/form", "/form_async", "/docs", "/monitor"])
def test_pages_allow_their_own_files_and_nothing_else(service: Service, path: str) -> None:
    reply = service.get(path)
    assert "default-src 'none'; style-src 'self'; script-src 'self'" in reply.headers["Content-Security-Policy"]
    assert not re.search(r"https?://(?!localhost)|<style|style=|onclick|<script>", reply.text)
    for link in re.findall(r'(?:src|href)="([^"#]+)"', reply.text):
        with service.get(link) as linked:
            assert linked.status_code == 200


def test_the_form_answers_with_the_prediction_and_keeps_what_was_typed(service: Service) -> None:
    reply = service.post("/predict_form", data=TYPED)
    assert reply.status_code == 200
    assert "<strong>23.505</strong>" in reply.text
    assert 'value="66.5"' in reply.text
    assert [row["prediction"] for row in service.new_rows("predictions")] == ["23.505"]


def test_the_form_puts_each_message_at_its_field_and_keeps_what_was_typed(service: Service) -> None:
    reply = service.post("/predict_form", data={"rooms": "<b>", "tax": "9999", "age": ""})
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


def test_the_form_reads_a_decimal_comma_and_keeps_it_as_it_was_typed(service: Service) -> None:
    reply = service.post("/predict_form", data={"rooms": "6,0", "tax": " 1250,0 ", "age": "66,5"})
    assert reply.status_code == 200
    assert 'value="66,5"' in reply.text
    (row,) = service.new_rows("predictions")
    assert [row[name] for name in ("rm", "tax", "age")] == ["6.0", "1250.0", "66.5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,234", '"1,234" may be 1.234 or 1234: write 1,2340 or 1234'),
        ("1.234,5", 'expected a number, not the text "1.234,5"'),
        ("1 234", 'expected a number, not the text "1 234"'),
    ],
)
def test_a_number_of_two_readings_is_marked_in_the_form(service: Service, text: str, message: str) -> None:
    form = {"rm": "1.234", "tax": text, "age": "66.5"}  # a point alone is decimal
    reply = service.post("/predict_form", data=form, headers={"Accept": "application/json"})
    problems = [{"row": 0, "input": "tax", "message": message}]
    assert (reply.status_code, reply.json["problems"]) == (422, problems)


def test_a_warning_stands_below_the_prediction(service: Service) -> None:
    page = service.post("/predict_form", data={**TYPED, "tax": "800"}).text
    assert "tax: 800 lies outside the training range 187-711" in page


def test_the_form_reports_problems_in_json_if_the_client_prefers_it(service: Service) -> None:
    reply = service.post("/predict_form", data={"rm": "6"}, headers={"Accept": "application/json"})
    assert [problem["input"] for problem in reply.json["problems"]] == ["tax", "age"]


def test_a_model_card_is_a_page_without_the_html_that_is_in_it(service: Service) -> None:
    page = service.get("/models/boston/1")
    assert "<h1>Model card: Median value of homes</h1>" in page.text
    assert "&lt;b&gt;" in page.text


@pytest.mark.parametrize("number", ["0", "2", "9" * 300, "9" * 5000, "x", "-1"])
def test_what_has_no_model_card_is_not_found(service: Service, number: str) -> None:
    assert service.get(f"/models/boston/{number}").status_code == 404
    assert service.get("/models/other/1").status_code == 404


@pytest.mark.parametrize(
    ("categories", "labels", "option"),
    [
        ((4.0, 6.0), ("four", "six"), '<option value="6"{}>six</option>'),
        ((6.0, 1234567.0), (), '<option value="6"{}>6</option>'),
    ],
)
def test_a_category_is_chosen_from_a_list(
    tmp_path: Path,
    make_client: MakeClient,
    categories: tuple[float, ...],
    labels: tuple[str, ...],
    option: str,
) -> None:
    limits = (categories[0], categories[-1])
    rooms = replace(HOUSES.inputs[0], categories=categories, category_labels=labels, limits=limits)
    publish(tmp_path / "other", replace(HOUSES, inputs=(rooms, *HOUSES.inputs[1:])))
    client = make_client(models=tmp_path / "other")
    page = client.get("/form").text
    assert option.format("") in page
    assert all(f'<option value="{plain(code)}">' in page for code in categories)
    page = client.post("/predict_form", data=TYPED).text
    assert option.format(" selected") in page
    assert "<strong>23.505</strong>" in page
