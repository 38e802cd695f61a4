"""The pages: what is predicted, how to ask, and the model card."""

from __future__ import annotations

import re

import pytest

from tests.app.conftest import Service


def test_the_first_page_says_what_is_predicted_and_how_to_ask(service: Service) -> None:
    page = service.get("/").text
    for text in ("Median value", "$1000", "[6, 250, 66.5]", "/predict_json", "187 to 711", "rooms"):
        assert text in page


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
        with service.get(link) as linked:
            assert linked.status_code == 200


def test_a_model_card_is_a_page_without_the_html_that_is_in_it(service: Service) -> None:
    page = service.get("/models/boston/1")
    assert "<h1>Model card: Median value of homes</h1>" in page.text
    assert "&lt;b&gt;" in page.text


@pytest.mark.parametrize("number", ["0", "2", "9" * 300, "9" * 5000, "x", "-1"])
def test_what_has_no_model_card_is_not_found(service: Service, number: str) -> None:
    assert service.get(f"/models/boston/{number}").status_code == 404
    assert service.get("/models/other/1").status_code == 404
