"""The form: at its own address and as a POST, its fields and messages, its answer, and the truth that it takes."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.endpoints.form_fields import make_fields, word_of
from app.http.tokens import new_token
from registry import Figures, Signature, plain
from registry.figures import Histogram, InputFigures
from tests.app.conftest import MakeClient, Service
from tests.app.endpoints.conftest import ODD_TEXTS, many_levels
from tests.app.requests import RAISES, FullDisk, make_champion
from tests.cards import card_of
from tests.conftest import FLATS, HOUSES, HOUSES_INTERVAL, TRICKY, publish
from tests.journal.truths import truths_in
from tests.registry.conftest import publish_changed

TYPED = {"rooms": "6", "tax": "250", "age": "66.5"}
ANSWER = "/form?rm=6&tax=250&age=66.5"
AS_JSON = {"Accept": "application/json"}
TOKEN, LINE = new_token("ann")


def problems(page: str) -> dict[str, str]:
    """Return the messages that stand at the fields."""
    found = re.findall(r'id="problem-(\w+)"[^>]*>([^<]*)<', page)
    return {name: unescape(text) for name, text in found if text}


def answered(page: str) -> str:
    """Return the prediction of an answer as the model gave it; nothing if there is none."""
    found = re.search(r'the model gave <data value="([^"]+)" class="num">\1</data>', page)
    return found[1] if found else ""


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> None:
    """Count what the shared service has of other tests."""
    if "service" in request.fixturenames:
        request.getfixturevalue("service").new_rows("feedback")


def test_an_address_with_values_answers_and_is_logged_like_any_request_for_a_prediction(service: Service) -> None:
    reply = service.get("/form?rooms=6&tax=250&age=66.5&other=1", headers={"X-Request-ID": "shared-1"})
    assert (reply.status_code, answered(reply.text)) == (200, "23.505")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Model-Version"] == "1"
    assert 'href="/form?rm=6&amp;tax=250&amp;age=66.5"' in reply.text
    assert "shared-1" in reply.text
    (request,), (prediction,) = service.new_rows("requests"), service.new_rows("predictions")
    expected = {"request_id": "shared-1", "method": "GET", "status": "200", "error": "", "body": ""}
    assert {name: request[name] for name in expected} == expected
    assert request["path"] == "/form?rooms=6&tax=250&age=66.5&other=1"
    assert (prediction["request_id"], prediction["prediction"], prediction["role"]) == (
        "shared-1",
        "23.505",
        "champion",
    )


def test_an_address_with_wrong_values_is_refused_and_logged(service: Service) -> None:
    reply = service.get("/form?rm=six&tax=250&age=")
    assert reply.status_code == 422
    assert problems(reply.text) == {"rm": 'expected a number, not the text "six"', "age": "is missing"}
    assert reply.headers["Cache-Control"] == "no-store"
    (row,) = service.new_rows("requests")
    assert (row["method"], row["status"]) == ("GET", "422")
    assert row["error"].startswith("rm: expected a number")
    assert service.new_rows("predictions") == []


@pytest.mark.parametrize("query", ["", "?", "?utm_source=mail", "?prediction=1", "?&&", "?x=rm"])
def test_an_address_without_values_shows_the_form_and_has_no_row(service: Service, query: str) -> None:
    reply = service.get(f"/form{query}")
    assert (reply.status_code, answered(reply.text)) == (200, "")
    assert "no-store" not in reply.headers.get("Cache-Control", "")
    assert service.new_rows("requests") == []


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_other_safe_methods_predict_nothing(service: Service, method: str) -> None:
    reply = service.open(ANSWER, method=method)
    assert (reply.status_code, reply.text) == (200, "")
    assert (service.new_rows("requests"), service.new_rows("predictions")) == ([], [])


@pytest.mark.parametrize("query", ["%72m=6&tax=250&age=66.5", "rm=6&tax=250&age=66%2C5", "r%6Foms=6&tax=250&age=66.5"])
@pytest.mark.parametrize("path", ["/form", "//form", "///form"])
def test_no_spelling_of_the_address_predicts_without_a_row(service: Service, path: str, query: str) -> None:
    reply = service.get("/x", environ_overrides={"PATH_INFO": path, "QUERY_STRING": query})
    assert (reply.status_code, answered(reply.text)) == (200, "23.505")
    assert [row["status"] for row in service.new_rows("requests")] == ["200"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("rm=%ff&tax=1", 400, "the fields of the address can't be read: "),
        ("rm=1" + "&a=1" * 1000, 400, "the fields of the address can't be read: "),
        ("rm=1&rm=2", 422, ""),
    ],
)
def test_an_address_that_is_no_form_is_refused_in_words(service: Service, query: str, status: int, words: str) -> None:
    reply = service.get("/form", query_string=query)
    assert (reply.status_code, 'role="alert"' in reply.text) == (status, True)
    (row,) = service.new_rows("requests")
    assert (row["status"], words in row["error"]) == (str(status), True)


def test_an_address_is_counted_under_its_route(client: Service) -> None:
    for path in (ANSWER, "/form?rm=x", "/form"):
        client.get(path)
    text = client.get("/metrics").text
    counts = dict(re.findall(r'serve_http_requests_total\{route="/form",status="(\d+)"\} (\d+)', text))
    assert {status: count for status, count in counts.items() if count != "0"} == {"200": "2", "422": "1"}
    assert 'model_rows_total{version="1",role="champion"} 1' in text
    assert 'model_refused_requests_total{input="rm"} 1' in text


def test_the_older_address_leads_to_the_form_with_its_values(service: Service) -> None:
    reply = service.get("/form_async?rm=6&tax=1%2C5")
    assert (reply.status_code, reply.headers["Location"]) == (308, "/form?rm=6&tax=1%2C5")
    assert service.get("/form_async").headers["Location"] == "/form"
    assert service.new_rows("requests") == []


def test_an_answer_at_an_address_needs_a_token_for_predictions(make_client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"{LINE}\n")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    guarded = make_client(tokens=str(tmp_path / "tokens"))
    assert guarded.get("/form").status_code == 200
    refused = guarded.get(ANSWER)
    assert (refused.status_code, 'realm="predictions"' in refused.headers["WWW-Authenticate"]) == (401, True)
    assert guarded.get(ANSWER, headers=bearer).status_code == 200
    rows = [(row["status"], row["client"]) for row in guarded.new_rows("requests")]
    assert rows == [("401", "127.0.0.1"), ("200", "ann@127.0.0.1")]


def test_tokens_for_pages_guard_the_empty_form_and_not_its_answers(make_client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"{LINE}\n")
    closed = make_client(page_tokens=str(tmp_path / "tokens"))
    assert (closed.get("/form").status_code, closed.get(ANSWER).status_code) == (401, 200)


def test_how_the_training_rows_spread_is_shown_to_who_may_see_pages(make_client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"{LINE}\n")
    publish(tmp_path / "other", card=card_of())
    closed = make_client(models=tmp_path / "other", page_tokens=str(tmp_path / "tokens"))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for query, status in (("rm=6&tax=250&age=66.5", 200), ("rm=x", 422)):
        seen, hidden = closed.get(f"/form?{query}", headers=bearer), closed.get(f"/form?{query}")
        assert (seen.status_code, hidden.status_code) == (status, status)
        assert ("mostly" in seen.text, 'class="bars"' in seen.text) == (True, True)
        assert ("mostly" in hidden.text, 'class="bars"' in hidden.text) == (False, False)


@pytest.mark.parametrize("reference", [b"", b"rm,tax,age,medv\n", b"rm,tax,age,medv\n1e300,1,1,1\n", b"a\n1\n"])
def test_an_answer_is_not_lost_for_its_explanation(client: Service, reference: bytes) -> None:
    store = client.settings.store()
    publish_changed(store, {"reference.csv": reference})
    make_champion(store, 2)
    reply = client.get(ANSWER)
    assert (reply.status_code, answered(reply.text)) == (200, "23.505")
    assert "an average row" not in reply.text.lower()
    assert [row["status"] for row in client.new_rows("requests")] == ["200"]


def test_a_curve_is_drawn_as_far_as_the_model_has_numbers(make_client: MakeClient, tmp_path: Path) -> None:
    signature = replace(with_rooms(training=(3.5, 11.9)), interval=HOUSES_INTERVAL)  # it has none from 11 on
    publish(tmp_path / "other", signature, model_file=TRICKY)
    reply = make_client(models=tmp_path / "other").get(ANSWER)
    assert (reply.status_code, float(answered(reply.text))) == (200, pytest.approx(23.505, abs=1e-5))
    assert reply.text.count("<h3>") == 3
    assert "nan" not in reply.text.lower()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Mode": "no-cors", "Dest": "image"}, 403),
        ({"Mode": "cors", "Dest": "empty"}, 403),
        ({"Mode": "navigate", "Dest": "iframe"}, 403),
        ({}, 403),
        ({"Mode": "navigate", "Dest": "document"}, 200),
    ],
)
def test_another_site_may_link_to_an_answer_and_not_fetch_it(
    service: Service, headers: dict[str, str], status: int
) -> None:
    sent = {f"Sec-Fetch-{name}": value for name, value in {"Site": "cross-site", **headers}.items()}
    assert service.get(ANSWER, headers=sent).status_code == status
    assert [row["status"] for row in service.new_rows("requests")] == [str(status)]
    assert service.get("/form", headers=sent).status_code == 200


def test_no_answer_leaves_without_its_row(make_client: MakeClient) -> None:
    client = make_client(write=FullDisk("requests"))
    reply = client.get(ANSWER)
    assert (reply.status_code, answered(reply.text)) == (503, "")


def test_the_posted_form_answers_with_a_page_that_links_to_the_answer(service: Service) -> None:
    reply = service.post("/predict_form", data=TYPED)
    assert (reply.status_code, answered(reply.text)) == (200, "23.505")
    assert 'value="66.5"' in reply.text
    assert 'href="/form?rm=6&amp;tax=250&amp;age=66.5"' in reply.text
    assert [row["prediction"] for row in service.new_rows("predictions")] == ["23.505"]


def test_the_form_puts_each_message_at_its_field_and_keeps_what_was_typed(service: Service) -> None:
    reply = service.post("/predict_form", data={"rooms": "<b>", "tax": "9999", "age": ""})
    assert reply.status_code == 422
    assert 'value="&lt;b&gt;"' in reply.text
    assert 'value="9999"' in reply.text
    assert problems(reply.text) == {
        "rm": 'expected a number, not the text "<b>"',
        "tax": "9999 lies outside the limits 0 to 2000",
        "age": "is missing",
    }
    assert reply.text.count('aria-invalid="true"') == 3
    links = re.findall(r'<a href="#in-(\w+)">([^<:]+):', reply.text)
    assert links == [("rm", "Rooms"), ("tax", "Property tax"), ("age", "Built before 1940")]


def test_each_field_names_its_problem_and_its_hint(service: Service) -> None:
    page = service.get("/form?rm=six").text
    for described in re.findall(r'aria-describedby="([^"]+)"', page):
        for name in described.split():
            assert page.count(f'id="{name}"') == 1
    assert 'aria-describedby="problem-rm beyond-rm hint-rm" aria-invalid="true"' in page


@pytest.mark.parametrize(
    "names", [("value", "answer", "actual"), ("main", "tell", "comment"), ("inputs", "truth", "summary")]
)
def test_an_input_may_be_called_like_any_part_of_the_page(
    make_client: MakeClient, tmp_path: Path, names: tuple[str, str, str]
) -> None:
    signature = replace(called(names), interval=HOUSES_INTERVAL)
    publish(tmp_path / "other", signature, card=card_of(signature))
    client = make_client(models=tmp_path / "other")
    for typed, status in ((("6", "250", "66.5"), 200), (("six", "", "1,234"), 422)):
        reply = client.get("/form", query_string=dict(zip(names, typed, strict=True)))
        assert reply.status_code == status
        ids = re.findall(r'\sid="([^"]*)"', reply.text)
        assert sorted(ids) == sorted(set(ids))
        pointers = re.findall(r'\s(?:for|aria-describedby|aria-labelledby)="([^"]+)"|\shref="#([^"]+)"', reply.text)
        assert {name for pointer in pointers for name in " ".join(pointer).split()} <= set(ids)


def test_the_form_reads_a_decimal_comma_and_keeps_it_as_it_was_typed(service: Service) -> None:
    reply = service.get("/form", query_string={"rooms": "6,0", "tax": " 1\u202f250,0 ", "age": "66,5"})
    assert reply.status_code == 200
    assert 'value="66,5"' in reply.text
    (row,) = service.new_rows("predictions")
    assert [row[name] for name in ("rm", "tax", "age")] == ["6.0", "1250.0", "66.5"]


def test_a_number_of_two_readings_is_marked_in_the_form(service: Service) -> None:
    form = {"rm": "1.234", "tax": "1,234", "age": "66.5"}  # a point alone is decimal
    reply = service.post("/predict_form", data=form, headers=AS_JSON)
    problem = {"row": 0, "input": "tax", "message": '"1,234" may be 1.234 or 1234: write 1,2340 or 1234'}
    assert (reply.status_code, reply.json["problems"]) == (422, [problem])


def test_what_lies_outside_the_training_data_is_said_at_the_field_and_at_the_answer(service: Service) -> None:
    page = service.get("/form?rm=6&tax=800&age=66.5").text
    assert re.search(r'id="beyond-tax"[^>]*>Outside the training range 187 to 711: the model is guessing\.<', page)
    assert re.search(r'id="beyond-rm"[^>]*></span>', page)
    assert "Property tax: 800 lies outside the training range 187-711" in page


def test_the_form_reports_problems_in_json_if_the_client_prefers_it(service: Service) -> None:
    reply = service.post("/predict_form", data={"rm": "6"}, headers=AS_JSON)
    assert [problem["input"] for problem in reply.json["problems"]] == ["tax", "age"]


def called(names: tuple[str, str, str]) -> Signature:
    """Return the signature of the houses, with other names for its inputs."""
    inputs = (replace(item, name=name, aliases=()) for item, name in zip(HOUSES.inputs, names, strict=True))
    return replace(HOUSES, inputs=tuple(inputs))


def with_rooms(**changes: Any) -> Signature:
    return replace(HOUSES, inputs=(replace(HOUSES.inputs[0], **changes), *HOUSES.inputs[1:]))


@pytest.mark.parametrize(
    ("codes", "labels", "word"), [((4.0, 6.0), ("four", "six"), "six"), ((6.0, 1234567.0), (), "6")]
)
def test_a_few_categories_are_chosen_by_radio_buttons(
    tmp_path: Path, make_client: MakeClient, codes: tuple[float, ...], labels: tuple[str, ...], word: str
) -> None:
    signature = with_rooms(categories=codes, category_labels=labels, limits=(codes[0], codes[-1]))
    publish(tmp_path / "other", signature)
    client = make_client(models=tmp_path / "other")
    page = client.get("/form").text
    assert all(f'type="radio" name="rm" value="{plain(code)}"' in page for code in codes)
    assert " checked" not in page
    page = client.get("/form?rm=6&tax=250&age=66.5").text
    assert re.search(rf'value="6"[^>]* checked> {word}</label>', page)
    for called in labels or map(plain, codes):  # at the curve, and in its table
        assert page.count(f">{called}</t") == 2
    assert answered(page) == "23.505"
    assert problems(client.get("/form?tax=250&age=66.5").text) == {"rm": "is missing"}


def test_many_categories_are_chosen_from_a_list(tmp_path: Path, make_client: MakeClient) -> None:
    codes, labels = (4.0, 5.0, 6.0, 7.0, 8.0), ("four", "five", "six", "seven", "eight")
    publish(tmp_path / "other", with_rooms(categories=codes, category_labels=labels, limits=(4, 8)))
    client = make_client(models=tmp_path / "other")
    assert '<option value="6">six</option>' in client.get("/form").text
    page = client.post("/predict_form", data=TYPED).text
    assert '<option value="6" selected>six</option>' in page
    assert answered(page) == "23.505"


def test_the_keyboard_of_a_phone_has_a_minus_where_a_value_may_be_negative(
    tmp_path: Path, make_client: MakeClient
) -> None:
    publish(tmp_path / "other", with_rooms(limits=(-5, 15)))
    modes = re.findall(
        r'id="in-(\w+)" name="\w+" type="text" inputmode="(\w+)"',
        make_client(models=tmp_path / "other").get("/form").text,
    )
    assert dict(modes) == {"rm": "text", "tax": "decimal", "age": "decimal"}


@pytest.mark.usefixtures("tricky")
def test_a_fallback_is_said_and_the_page_names_the_version_that_answered(client: Service) -> None:
    page = client.get("/form", query_string=dict(zip(("rm", "tax", "age"), RAISES, strict=True))).text
    assert "version 1; the model gave" in page
    assert re.search(r"<li>[^<]*version 2[^<]*</li>", page)
    rows = [(row["version"], row["role"]) for row in client.new_rows("predictions")]
    assert rows == [("1", "fallback")]


# The truth


@pytest.fixture
def told(service: Service) -> TestResponse:
    service.get(ANSWER, headers={"X-Request-ID": "seen-1"})
    data = {"request_id": "seen-1", "actual": "24,5", "comment": "sold, at last"}
    return service.post("/form/feedback?rm=6&tax=250&age=66.5", data=data)


def test_a_person_who_knows_better_says_so_and_it_is_ground_truth(service: Service, told: TestResponse) -> None:
    assert told.status_code == 200
    assert "Recorded" in told.text
    assert 'href="/form?rm=6&amp;tax=250&amp;age=66.5"' in told.text
    (row,) = service.new_rows("feedback")
    expected = {"request_id": "seen-1", "row": "0", "actual": "24.5", "source": "form", "comment": "sold, at last"}
    assert {name: row[name] for name in expected} == expected
    assert [row["method"] for row in service.new_rows("requests")] == ["GET", "POST"]
    assert len(service.new_rows("predictions")) == 1


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        ("", "is missing"),
        ("101", "expected a number from 0 to 100, as is plausible, not 101.0"),
        ("x", 'not the text "x"'),
        ("1,234", "may be 1.234 or 1234"),
    ],
)
def test_a_truth_that_can_not_be_is_refused_at_its_field(service: Service, actual: str, message: str) -> None:
    data = {"request_id": "seen-1", "actual": actual, "comment": "no"}
    reply = service.post("/form/feedback", data=data)
    assert reply.status_code == 422
    (shown,) = re.findall(r'id="actual-problem">([^<]+)<', reply.text)
    assert message in unescape(shown)
    assert 'value="no"' in reply.text
    assert 'name="request_id" value="seen-1"' in reply.text
    assert (service.new_rows("feedback"), service.new_rows("requests")[-1]["status"]) == ([], "422")


def test_a_truth_of_no_request_is_refused(service: Service) -> None:
    reply = service.post("/form/feedback", data={"actual": "20"})
    assert (reply.status_code, "request_id: is missing" in reply.text) == (422, True)
    reply = service.post("/form/feedback", data={"actual": "20", "request_id": "a b"}, headers=AS_JSON)
    assert (reply.status_code, reply.json["problems"][0]["input"]) == (422, "request_id")


def test_a_truth_that_is_sent_again_stands_behind_the_first(client: Service) -> None:
    for actual in ("20", "21"):
        reply = client.post("/form/feedback", data={"request_id": "a", "actual": actual}, headers=AS_JSON)
        assert (reply.status_code, reply.json["recorded"]) == (200, 1)
    assert [truth.actual for truth in truths_in(client.settings.log_folder)] == [20, 21]


def test_who_may_tell_alone_or_with_a_token_is_asked_for_the_truth(make_client: MakeClient) -> None:
    far = {"REMOTE_ADDR": "192.0.2.7"}
    client = make_client()
    assert 'id="tell-form"' in client.get(ANSWER).text
    assert 'id="tell-form"' not in client.get(ANSWER, environ_overrides=far).text
    data = {"request_id": "a", "actual": "20"}
    assert client.post("/form/feedback", data=data, environ_overrides=far).status_code == 403
    guarded = make_client(feedback_token=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    page = guarded.get(ANSWER, environ_overrides=far).text  # a browser sends the token when it is asked for it
    assert 'id="tell-form"' in page
    assert "Your browser will ask for a password" in page
    assert "Your browser will ask" not in client.get(ANSWER).text
    assert guarded.post("/form/feedback", data=data).status_code == 401
    assert guarded.post("/form/feedback", data=data, headers=bearer, environ_overrides=far).status_code == 200


def test_a_page_of_another_site_tells_nothing(service: Service) -> None:
    data, headers = {"request_id": "a", "actual": "20"}, {"Sec-Fetch-Site": "cross-site"}
    assert service.post("/form/feedback", data=data, headers=headers).status_code == 403
    assert service.new_rows("feedback") == []


def test_a_champion_that_changes_is_the_one_that_the_form_shows(client: Service, store: object) -> None:
    assert "version 1;" in client.get(ANSWER).text
    make_champion(store, 2)  # type: ignore[arg-type]  # the fixture's type is its own
    page = client.get(ANSWER).text
    assert ("version 2;" in page, answered(page)) == (True, "33.505")


@pytest.mark.parametrize(("tax", "warned"), [("250", False), ("800", True)])
def test_an_interval_outside_the_training_range_is_said_to_promise_nothing(
    tmp_path: Path, make_client: MakeClient, tax: str, *, warned: bool
) -> None:
    publish(tmp_path / "sure", replace(HOUSES, interval=HOUSES_INTERVAL))
    page = make_client(models=tmp_path / "sure").get(f"/form?rm=6&tax={tax}&age=66.5").text
    assert "about 9 in 10 held the real value in tests." in page
    assert ("Outside the training range they promise nothing." in page) == warned


# Texts, and what may be missing

FLAT = {"rooms": "4", "district": "Höchst", "balcony": "with"}


def test_texts_are_chosen_or_typed_and_what_may_be_missing_says_what_counts_then(flats: Service) -> None:
    page = flats.get("/form").text
    levels = re.findall(r'<datalist id="levels-district">(.*?)</datalist>', page, re.DOTALL)
    assert re.findall(r'value="([^"]*)"', unescape(levels[0]).replace('"old"', "old"))[1] == "Nordend, West"
    assert "any other text counts as elsewhere" in page
    assert [(value, bool(checked)) for value, checked in re.findall(
        r'type="radio" name="balcony" value="(\w*)"[^>]*?( checked)?>', page
    )] == [("without", False), ("with", False), ("", True)]  # fmt: skip
    assert "not known counts as without" in page
    assert "leave empty if unknown: that counts as 3" in page
    assert re.search(r'name="rooms"[^>]* data-optional>', page)
    assert not re.search(r'name="district"[^>]* data-optional', page)


def test_a_level_that_is_called_missing_is_told_from_no_value() -> None:
    odd = replace(FLATS.inputs[2], levels=("missing", "with"))
    assert [word_of(odd, value) for value in (0, 1, 2)] == ["missing", "with", "(missing)"]


@pytest.mark.parametrize(
    ("counts", "missing", "words"),
    [
        ((10, 10, 20, 40), 0, "mostly Höchst"),
        ((10, 10, 20, 40), 1, "often Höchst"),
        ((25, 25, 24, 26), 0, "often Höchst"),
        ((25, 25, 24, 26), 30, "most often Höchst"),
    ],
)
def test_the_most_frequent_level_is_called_as_frequent_as_it_is(
    counts: tuple[int, ...], missing: int, words: str
) -> None:
    codes = FLATS.inputs[1].categories
    figures = InputFigures(Histogram(codes, counts), (0, 3), 3, codes, (1, 2, 3, 4), missing)
    (_, field, _) = make_fields(FLATS, Figures({"district": figures}, Histogram((0, 1), (1,)), (), ()), {}, {})
    assert f"{field.how_often} {field.usual}" == words


def test_the_answer_keeps_the_texts_and_says_them_in_words(flats: Service) -> None:
    page = flats.get("/form", query_string=FLAT).text
    assert answered(page) == "11.940001"
    assert 'name="district" type="text" list="levels-district" autocomplete="off" value="Höchst"' in page
    assert re.search(r'name="balcony" value="with"[^>]* checked', page)
    assert 'href="/form?rooms=4&amp;district=H%C3%B6chst&amp;balcony=with"' in page
    for word in ("District <small>Höchst", "Balcony <small>with", "Rooms <small>4"):
        assert word in page
    assert ">missing<" in page  # what the balcony could be, too
    assert "for Höchst, the present value." in page


def test_what_is_left_empty_is_missing_and_said_to_be(flats: Service) -> None:
    reply = flats.get("/form", query_string={"rooms": " ", "district": "Bronx"})
    assert reply.status_code == 200
    assert "Rooms: is missing: 3 was taken instead<" in unescape(reply.text)
    assert "District: 'Bronx' is not known to this version: taken as 'elsewhere'<" in unescape(reply.text)
    assert "guessing there" not in reply.text
    assert "Rooms <small>missing" in reply.text
    assert "with no value, as it is now." in reply.text
    assert 'value="Bronx"' in reply.text
    (row,) = flats.new_rows("predictions")
    assert (row["rooms"], row["district"], row["balcony"]) == ("", "elsewhere", "")
    assert row["flags"].startswith("rooms:missing district:other balcony:missing")


def test_texts_that_are_refused_are_marked_at_their_field(flats: Service) -> None:
    reply = flats.get("/form", query_string={**FLAT, "district": "  ", "balcony": "maybe"})
    assert reply.status_code == 422
    assert problems(reply.text) == {
        "district": "is missing",
        "balcony": "'maybe' is not known: expected one of 'without', 'with', true, false",
    }
    assert " checked" not in reply.text


def test_the_example_is_answered(flats: Service) -> None:
    link = unescape(re.findall(r'href="(/form\?[^"]*)" rel="nofollow">Try an example', flats.get("/form").text)[0])
    assert flats.get(link).status_code == 200
    (row,) = flats.new_rows("predictions")
    assert (row["rooms"], row["district"], row["balcony"], row["flags"].split()[0]) == (
        "4.0", 'the "old" town', "with", row["flags"].split()[0]
    )  # fmt: skip


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_is_answered_shown_and_logged_as_it_is(odd_texts: Service, text: str) -> None:
    query = {"rooms": "4", "zip": "95608", "action": text}
    page = odd_texts.get("/form", query_string=query).text
    assert answered(page)
    assert "<b>bold" not in page
    assert "</script>" not in page.partition("</head>")[2]
    assert "49" not in re.findall(r'name="action"[^>]*value="([^"]*)"', page)[0]
    shown = unescape(re.findall(r'name="action"[^>]*value="([^"]*)"', page)[0])
    assert shown == text
    link = unescape(re.findall(r'href="(/form\?[^"]*)" rel="nofollow">Link', page)[0])
    assert answered(odd_texts.get(link).text) == answered(page)
    assert {row["action"] for row in odd_texts.new_rows("predictions")} == {text}


def test_a_page_of_500_levels_stays_small(odd_texts: Service) -> None:
    form = odd_texts.get("/form").text
    assert 'list="levels-zip"' in form
    assert "choose or type one of 500" in form
    assert len(form) < 40_000
    page = odd_texts.get("/form", query_string={"zip": "96000", "action": "x"}).text
    assert "and 489 more" in page  # 12 are drawn, of 500 and the missing one
    assert 'class="strong"' in page
    assert len(page) < 80_000
    assert odd_texts.get("/form", query_string={"zip": "1", "action": "x"}).status_code == 422


def test_a_few_levels_are_a_list_where_no_other_text_is_taken(make_client: MakeClient, tmp_path: Path) -> None:
    publish(tmp_path / "odd", many_levels(68))
    page = make_client(models=tmp_path / "odd", model="odd").get("/form?zip=95610&action=x").text
    assert '<option value="95610" selected>95610</option>' in page
    assert '<option value="">not known</option>' in page
