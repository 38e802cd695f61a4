"""The pages: what is predicted, how to ask, and the model card."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tests.app.conftest import Service
from tests.app.requests import make_champion
from tests.conftest import publish
from tests.registry.conftest import publish_changed


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


@pytest.mark.parametrize(
    "card", ['{"metrics": {"rmse": 1%s}}' % ("0" * 400), '{"metrics": {"rmse": "4"}}', '{"metrics": [1]}']
)
def test_a_card_with_odd_members_leaves_the_first_page_without_figures(client: Service, card: str) -> None:
    publish_changed(client.settings.store(), {"card.json": card})
    make_champion(client.settings.store(), 2)
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


@pytest.mark.parametrize("path", ["/", "/form", "/docs", "/monitor"])
def test_pages_allow_their_own_files_and_nothing_else(service: Service, path: str) -> None:
    reply = service.get(path)
    assert "default-src 'none'; style-src 'self'; script-src 'self'" in reply.headers["Content-Security-Policy"]
    assert not re.search(r"https?://(?!localhost)|<style|style=|onclick|<script>", reply.text)
    for link in re.findall(r'(?:src|href)="([^"#]+)"', reply.text):
        with service.get(unescape(link)) as linked:
            assert linked.status_code == 200


def test_a_model_card_is_a_page_without_the_html_that_is_in_it(service: Service) -> None:
    page = service.get("/models/boston/1")
    assert "<h1>Model card: Median value of homes</h1>" in page.text
    assert "&lt;b&gt;" in page.text


@pytest.mark.parametrize("number", ["0", "2", "9" * 300, "9" * 5000, "x", "-1"])
def test_what_has_no_model_card_is_not_found(service: Service, number: str) -> None:
    assert service.get(f"/models/boston/{number}").status_code == 404
    assert service.get("/models/other/1").status_code == 404


def test_the_home_page_says_which_texts_are_accepted_and_what_counts_without_one(flats: Service) -> None:
    page = flats.get("/").text
    assert "elsewhere, Nordend, West, the &#34;old&#34; town, Höchst; any other text counts as elsewhere" in page
    assert "1 to 15; if it is not known, it counts as 3" in page
    assert "without, with; false or true; if it is not known, it counts as without" in page


def test_the_home_page_of_many_and_of_odd_texts_stays_small_and_is_no_markup(odd_texts: Service) -> None:
    page = odd_texts.get("/").text
    assert "and 488 more" in page
    assert "<b>bold" not in page
    assert len(page) < 25_000
