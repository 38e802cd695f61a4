"""The form in a real browser: with JavaScript and without, by keyboard, shared; what it shows is what programs get."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

import charts
from tests.conftest import HOUSES, publish
from tests.e2e.conftest import open_page
from tests.e2e.server import Server, run, serving, wait_until
from tests.journal.truths import truths_in

ANSWER = "/form?rm=6&tax=250&age=66.5"
DIABETES = "/form?age=59&sex=2&bmi=32.1&bp=101&s1=157&s2=93.2&s3=38&s4=4&s5=4.8598&s6=87"
GIVEN = "the model gave <data"  # behind it stands the prediction of an answer
MINUS = str.maketrans("−\u202f", "- ")


@pytest.fixture
def live(browser: Browser, server: Server) -> Iterator[Page]:
    """Open the form, with JavaScript."""
    with open_page(browser, server, refusals=True) as page:
        page.goto("/form")
        yield page


@pytest.fixture(scope="module", params=["boston", "diabetes"])
def trained(
    request: pytest.FixtureRequest, published: Path, diabetes: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, str]]:
    """Run a service over a trained model. Return it and the address of an answer."""
    assert diabetes
    with serving(
        published, tmp_path_factory.mktemp(request.param) / "logs", workers=1, SERVE_MODEL=request.param
    ) as server:
        yield server, {"boston": ANSWER, "diabetes": DIABETES}[request.param]


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.locator(f"#in-{name}").fill(value)
    page.get_by_role("button", name="Predict").click()


def retype(page: Page, selector: str, text: str) -> None:
    """Type over what stands in a field, key by key; `fill` leaves the field, too."""
    page.locator(selector).press("Control+a")
    page.locator(selector).press_sequentially(text)


def count(server: Server) -> int:
    return len(server.rows("predictions"))


def test_the_form_is_answered_at_its_address_and_keeps_what_was_typed(page: Page, server: Server) -> None:
    page.goto("/form")
    before = count(server)
    fill(page, rm="6", tax="800", age="66,5")
    expect(page.locator("#value .answer")).to_have_text("18 $1000")
    expect(page.locator("#evidence data")).to_have_text("18.005")
    expect(page.locator("#beyond-tax")).to_have_text("Outside the training range 187 to 711: the model is guessing.")
    expect(page.locator("#notices li")).to_contain_text("Property tax: 800 lies outside the training range")
    expect(page.locator("#in-age")).to_have_value("66,5")
    expect(page).to_have_url(f"{server.url}/form?rm=6&tax=800&age=66%2C5")
    assert count(server) == before + 1


def test_an_address_that_is_shared_opens_the_same_answer(page: Page, server: Server, browser: Browser) -> None:
    page.goto("/form_async")
    fill(page, rm="6", tax="250", age="66.5")
    page.get_by_role("link", name="Link to these inputs").click()
    expect(page.locator("#evidence data")).to_have_text("23.505")
    with open_page(browser, server) as other:
        other.goto(page.url)
        expect(other.locator("#evidence data")).to_have_text("23.505")
        expect(other.locator("#in-rm")).to_have_value("6")


def test_each_message_stands_at_its_field_and_goes_when_it_is_corrected(page: Page, script: bool) -> None:
    page.goto("/form")
    fill(page, rm="six", tax="250", age="")
    expect(page.locator("#problem-rm")).to_have_text('expected a number, not the text "six"')
    expect(page.locator("#problem-age")).to_have_text("is missing")
    expect(page.locator("#problem-tax")).to_have_text("")
    expect(page.get_by_role("alert")).to_contain_text("2 fields need a change")
    expect(page.locator("#in-rm")).to_have_value("six")
    expect(page.locator("[aria-invalid]")).to_have_count(2)
    expect(page.locator("#in-rm")).to_have_accessible_description('expected a number, not the text "six" 1 to 15')
    if script:
        expect(page.locator("#in-rm")).to_be_focused()
    page.get_by_role("link", name="Built before 1940").click()
    expect(page.locator("#in-age")).to_be_in_viewport()
    fill(page, rm="6", age="66.5")
    expect(page.locator("#evidence data")).to_have_text("23.505")
    expect(page.locator("[aria-invalid]")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_form_is_filled_and_sent_by_keyboard_alone(page: Page) -> None:
    page.goto("/form")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator("#in-rm:focus").count():
            break
    for text in ("6", "250", "66.5"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Predict")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#evidence data")).to_have_text("23.505")


def test_an_answer_comes_in_place_and_leaves_the_focus_and_the_way_back(live: Page, server: Server) -> None:
    live.evaluate("window.before = true")
    fill(live, rm="6", tax="250", age="66.5")
    expect(live.locator("#evidence data")).to_have_text("23.505")
    before = count(server)
    retype(live, "#in-tax", "300")
    live.locator("#in-tax").press("Enter")
    expect(live.locator("#evidence data")).to_have_text("23.005")
    expect(live.locator("#in-tax")).to_be_focused()
    assert live.evaluate("window.before")
    assert count(server) == before + 1
    live.go_back()
    expect(live.locator("#in-tax")).to_have_value("250")
    expect(live.locator("#evidence data")).to_have_text("23.505")


def test_a_field_that_is_left_asks_again_but_no_key_does(live: Page, server: Server) -> None:
    live.locator("#in-rm").fill("6")
    live.locator("#in-tax").fill("250")
    live.locator("#in-age").fill("66.5")
    live.locator("#in-rm").focus()
    expect(live.locator("#value")).to_have_text("")  # nothing was asked for yet
    live.locator("#in-rm").press("Enter")
    expect(live.locator("#evidence data")).to_have_text("23.505")
    before = count(server)
    needle = live.locator("#spread-rm .needle")
    live.locator("#in-rm").press("ArrowUp")
    live.locator("#in-rm").press_sequentially("5")
    expect(live.locator("#in-rm")).to_have_value("6.15")
    expect(needle).to_have_count(0)  # the version says nothing of its training rows
    retype(live, "#in-rm", "9")
    expect(live.locator("#beyond-rm")).to_contain_text("Outside the training range")
    assert count(server) == before
    live.locator("#in-tax").focus()
    expect(live.locator("#evidence data")).to_have_text("47.505")
    assert count(server) == before + 1
    expect(live).to_have_url(f"{server.url}/form?rm=9&tax=250&age=66.5")


@pytest.mark.parametrize("names", [("value", "actual", "picture"), ("action", "elements", "addEventListener")])
def test_an_input_may_be_called_like_a_part_of_the_page_or_of_a_script(
    browser: Browser, tmp_path: Path, names: tuple[str, str, str]
) -> None:
    inputs = (replace(item, name=name, aliases=()) for item, name in zip(HOUSES.inputs, names, strict=True))
    publish(tmp_path / "models", replace(HOUSES, inputs=tuple(inputs)))
    with serving(tmp_path / "models", workers=1) as server, open_page(browser, server) as page:
        page.goto("/form")
        page.evaluate("window.before = true")
        for text, answer in (("6", "23.505"), ("9", "47.505")):
            fill(page, **dict(zip(names, (text, "250", "66.5"), strict=True)))
            expect(page.locator("#evidence data")).to_have_text(answer)
        expect(page.locator("#value .answer")).to_have_text("47.5 $1000")
        expect(page.locator(f"#beyond-{names[0]}")).to_contain_text("Outside the training range")
        assert page.evaluate("window.before"), "it was answered in place"


def test_what_lies_outside_the_training_range_is_still_said_after_the_answer(browser: Browser, tmp_path: Path) -> None:
    rooms, tax, age = HOUSES.inputs
    inputs, output = (rooms, replace(tax, limits=(0, 1e7)), age), replace(HOUSES.output, plausible=(-1e6, 1e6))
    publish(tmp_path / "models", replace(HOUSES, inputs=inputs, output=output))
    with serving(tmp_path / "models", workers=1) as server, open_page(browser, server) as page:
        page.goto("/form")
        for number, text in enumerate(("1,234,567", "1.234.568", "1'234'569")):
            fill(page, rm="6", tax=text, age="66.5")
            expect(page.locator("#notices li")).to_contain_text(f"Property tax: {1234567 + number} lies outside")
            expect(page.locator("#beyond-tax")).to_contain_text("Outside the training range")
            expect(page.get_by_role("button", name="Predict")).to_be_enabled()
            expect(page.locator("#beyond-tax")).to_contain_text("Outside the training range")


def test_a_service_that_does_not_answer_is_said_and_nothing_is_lost(browser: Browser, server: Server) -> None:
    live = browser.new_page()  # Chromium tells its console of the connection
    live.goto(f"{server.url}/form")
    live.route("**/form?*", lambda route: route.abort())
    live.locator("#in-rm").fill("6")
    live.locator("#in-tax").fill("250")
    button = live.get_by_role("button", name="Predict")
    button.click()
    expect(live.get_by_role("alert")).to_contain_text("The service did not answer")
    expect(live.locator("#in-tax")).to_have_value("250")
    expect(button).to_be_enabled()
    live.unroute("**/form?*")
    fill(live, age="66.5")
    expect(live.locator("#evidence data")).to_have_text("23.505")
    live.close()


def test_what_the_real_value_is_can_be_told_and_is_ground_truth(page: Page, server: Server) -> None:
    page.goto(ANSWER)
    request_id = page.locator("#evidence code").inner_text()
    page.locator("#actual").fill("101")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#actual-problem")).to_contain_text("expected a number from 0 to 100")
    page.locator("#actual").fill("24,5")
    page.locator("#comment").fill("sold")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Recorded", exact=True)).to_be_visible()
    (truth,) = (truth for truth in truths_in(server.logs / "boston") if truth.request_id == request_id)
    assert (truth.actual, truth.source, truth.comment, truth.row) == (24.5, "form", "sold", 0)


@pytest.mark.parametrize("script", [True, False])
def test_a_browser_asks_for_the_token_of_ground_truth(
    browser: Browser, models: Path, tmp_path: Path, *, script: bool
) -> None:
    with serving(models, tmp_path / "logs", workers=1, SERVE_FEEDBACK_TOKEN="a-token-of-ground-truth") as server:
        for password, recorded in (("another", 0), ("a-token-of-ground-truth", 1)):
            user = {"username": "ann", "password": password}
            with open_page(browser, server, refusals=True, http_credentials=user, java_script_enabled=script) as page:
                page.goto(ANSWER)
                page.locator("#actual").fill("24.5")
                page.get_by_role("button", name="Send").click()
                refused = "the token is not valid for feedback"
                shown = page.get_by_text("Recorded", exact=True) if recorded else page.get_by_text(refused).first
                expect(shown).to_be_visible()
            assert [truth.actual for truth in truths_in(server.logs / "boston")] == [24.5] * recorded


def number(text: str) -> float:
    return float(text.translate(MINUS).replace(" ", ""))


def typed(address: str) -> dict[str, float]:
    return {name: float(text) for name, text in parse_qsl(urlsplit(address).query)}


def test_the_curves_show_what_is_predicted_if_one_asks_for_each_point(
    trained: tuple[Server, str], browser: Browser
) -> None:
    server, address = trained
    row = typed(address)
    with open_page(browser, server) as page:
        page.goto(address)
        figures = page.locator("#curves figure").all()
        assert len(figures) == len(row)
        for figure, name in zip(figures, row, strict=True):
            table = figure.locator("tbody tr").evaluate_all(
                "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
            )
            labels = {"one": 1.0, "two": 2.0}
            points = [{**row, name: labels.get(cells[0]) or number(cells[0])} for cells in table]
            assert len(points) == (2 if name == "sex" else 21 if len(row) == 3 else 7)
            status, reply = server.ask(json.dumps(points).encode(), "/predict_json?interval=0.9")
            assert status == 200
            for cells, prediction, interval in zip(table, reply["predictions"], reply["intervals"], strict=True):
                assert cells[1:] == [charts.number(value) for value in (prediction, *interval)], (name, cells)


def test_the_parts_of_the_explanation_add_up_to_the_prediction_and_are_those_that_programs_get(
    trained: tuple[Server, str], browser: Browser
) -> None:
    server, address = trained
    status, reply = server.ask(json.dumps(typed(address)).encode(), "/predict_json?explain=1&interval=0.9")
    assert status == 200
    with open_page(browser, server) as page:
        page.goto(address)
        values = [float(item.get_attribute("value") or "") for item in page.locator("#why data").all()]
        base, *parts, prediction = values
        assert prediction == pytest.approx(reply["prediction"], rel=1e-6)
        assert base + sum(parts) == pytest.approx(prediction, abs=1e-4)
        explanation = reply["explanation"]
        assert base == pytest.approx(explanation["base"])
        assert sorted(parts) == pytest.approx(sorted(explanation["contributions"].values()))
        shown = page.locator("#value strong").all_inner_texts()
        assert shown == [charts.number(end) for end in reply["interval"]]
        request_id = page.locator("#evidence code").inner_text()
    (logged,) = server.rows("explanations", request_id)
    (request,) = server.rows("requests", request_id)
    assert (request["method"], request["path"]) == ("GET", address)
    assert logged["request_id"] == request_id
    (predicted,) = server.rows("predictions", request_id)
    assert predicted["flags"].startswith("interval:0.9:")


def test_the_needle_and_the_warning_follow_what_is_typed_without_a_request(
    trained: tuple[Server, str], browser: Browser
) -> None:
    server, address = trained
    name = next(iter(typed(address)))
    before = count(server)
    with open_page(browser, server) as page:
        page.goto("/form")
        field, needle = page.locator(f"#in-{name}"), page.locator(f"#spread-{name} .needle")
        low, high = (number(field.get_attribute(f"data-{end}") or "") for end in ("low", "high"))
        expect(needle).to_have_attribute("visibility", "hidden")
        field.press_sequentially(str(high).replace(".", ","))
        expect(needle).to_have_attribute("transform", "translate(298.0)")
        expect(page.locator(f"#beyond-{name}")).to_have_text("")
        field.fill(str(low))
        expect(needle).to_have_attribute("transform", "translate(2.0)")
        field.fill(str(high * 1.5))
        expect(needle).to_have_attribute("transform", "translate(298.0)")
        expect(page.locator(f"#beyond-{name}")).to_contain_text("the model is guessing")
        field.fill("x")
        expect(needle).to_have_attribute("visibility", "hidden")
    assert count(server) == before


def test_the_page_is_small_and_usable_after_two_requests(trained: tuple[Server, str], browser: Browser) -> None:
    server, address = trained
    sizes: dict[str, int] = {}
    with open_page(browser, server) as page:
        page.on("response", lambda reply: sizes.update({urlsplit(reply.url).path: len(reply.body())}))
        page.goto(address, wait_until="networkidle")
        assert page.evaluate("[...document.querySelectorAll('script:not([type=module])')].length") == 0
    scripts = {"/static/form.js", "/static/typed_number.js"}  # they come after the page is there to be used
    assert sizes.keys() - {"/static/icon.svg"} == {"/form", "/static/style.css", *scripts}  # the icon may be kept
    assert sum(sizes.values()) < (60_000 if len(typed(address)) == 3 else 74_000)


def test_no_answer_is_without_its_rows_when_workers_are_killed(models: Path) -> None:
    answered: set[str] = set()
    done = threading.Event()

    def ask(server: Server, name: str) -> None:
        number = 0
        while not done.is_set():
            number += 1
            request_id = f"{name}-{number}"
            with suppress(OSError, Exception):
                status, page = server.request("GET", ANSWER, headers={"X-Request-ID": request_id})
                if status == 200 and GIVEN in page:
                    answered.add(request_id)

    with serving(models, workers=2) as server:
        threads = [threading.Thread(target=ask, args=(server, f"client{place}")) for place in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(4):
            before = len(answered)
            wait_until(lambda before=before: len(answered) > before + 10, "answers")
            workers = server.workers()
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(workers[0], signal.SIGKILL)
        done.set()
        for thread in threads:
            thread.join()
        requests = {row["request_id"]: row["status"] for row in server.rows("requests")}
        predictions = {row["request_id"] for row in server.rows("predictions")}
        assert len(answered) > 40
        assert {requests.get(request_id) for request_id in answered} == {"200"}
        assert answered <= predictions
        checked = run("audit", "check", SERVE_MODELS=str(models), SERVE_LOGS=str(server.logs))
        assert checked.returncode == 0, checked.stdout + checked.stderr
        trace = run("audit", "trace", min(answered), SERVE_MODELS=str(models), SERVE_LOGS=str(server.logs))
        assert (trace.returncode, ANSWER in trace.stdout) == (0, True), trace.stdout + trace.stderr


def test_no_answer_leaves_while_the_disk_is_full(models: Path, small_disk: Path) -> None:
    with serving(models, small_disk / "logs", workers=1) as server:
        assert server.request("GET", ANSWER)[0] == 200
        ballast = small_disk / "ballast"
        with suppress(OSError):  # it takes what is left, and no more
            ballast.write_bytes(bytes(1 << 20))
        before = {stream: len(server.rows(stream)) for stream in ("requests", "predictions")}
        replies: list[tuple[int, str]] = []
        # The last pages of the files have room for a few more rows.
        wait_until(lambda: replies.append(server.request("GET", ANSWER)) or replies[-1][0] == 503, "a full disk")
        replies += [server.request("GET", ANSWER) for _ in range(10)]
        late = {stream: len(server.rows(stream)) - before[stream] for stream in before}
        answered = sum(status == 200 for status, _ in replies)
        assert {status for status, page in replies if GIVEN not in page} == {503}
        assert all(status == 200 for status, page in replies if GIVEN in page)
        assert late["predictions"] == answered <= late["requests"]
        ballast.unlink()
        wait_until(lambda: server.request("GET", ANSWER)[0] == 200, "an answer")
