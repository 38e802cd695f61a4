"""Errors for people: each status has a page that says what happened, why, and what to do next; programs get JSON."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.http.tokens import new_token
from registry import VersionStore
from tests.app.conftest import MakeClient, Service
from tests.app.requests import NAN, FullDisk
from tests.conftest import TRICKY, publish

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
_, LINE = new_token("ann")
BAD_ROW = "rm,tax,age\n6,250,66.5\n<b>,9999,1\n"


class Late(io.BytesIO):
    """A body that does not arrive in time."""

    def read(self, _: int | None = -1) -> bytes:
        raise TimeoutError


def send_file(client: Service, content: str, query: str = "") -> TestResponse:
    """Send the form of the upload's page."""
    file = (io.BytesIO(content.encode()), "homes.csv")
    return client.post(f"/predict_csv{query}", data={"file": file}, headers=BROWSER)


def no_file(make: MakeClient, _: Path) -> TestResponse:
    return make().post("/predict_csv", data={"file": "no file"}, content_type="multipart/form-data", headers=BROWSER)


def no_token(make: MakeClient, folder: Path) -> TestResponse:
    (folder / "tokens").write_text(LINE)
    return make(page_tokens=str(folder / "tokens")).get("/", headers=BROWSER)


def other_site(make: MakeClient, _: Path) -> TestResponse:
    return make().post("/predict_form", data={"rm": "6"}, headers={**BROWSER, "Sec-Fetch-Site": "cross-site"})


def nowhere(make: MakeClient, _: Path) -> TestResponse:
    return make().get("/<b>", headers=BROWSER)


def not_published(make: MakeClient, _: Path) -> TestResponse:
    return make().get("/models/boston/9", headers=BROWSER)


def read_a_programs_address(make: MakeClient, _: Path) -> TestResponse:
    return make().get("/predict_json", headers=BROWSER)


def late_file(make: MakeClient, _: Path) -> TestResponse:
    return make().post("/predict_csv", input_stream=Late(b"rm,tax,age"), content_type="text/csv", headers=BROWSER)


def large_file(make: MakeClient, _: Path) -> TestResponse:
    return send_file(make(max_upload=100), "x" * 200)


def a_picture(make: MakeClient, _: Path) -> TestResponse:
    return make().post("/predict_csv", data=b"GIF", content_type="image/gif", headers=BROWSER)


def a_bad_row(make: MakeClient, _: Path) -> TestResponse:
    return send_file(make(), BAD_ROW, "?strict=1")


def a_model_that_fails(make: MakeClient, folder: Path) -> TestResponse:
    publish(folder / "failing", model_file=TRICKY)
    row = ",".join(map(str, NAN))
    return send_file(make(models=folder / "failing"), f"rm,tax,age\n{row}\n", "?strict=1")


def no_model(make: MakeClient, folder: Path) -> TestResponse:
    return make(models=folder / "empty").get("/form", headers=BROWSER)


def full_disk(make: MakeClient, _: Path) -> TestResponse:
    return send_file(make(write=FullDisk("requests")), "rm,tax,age\n6,250,66.5\n")


CASES: list[tuple[int, Callable[[MakeClient, Path], TestResponse], str, str, str]] = [
    (400, no_file, "can’t be read", "expected a form with one file, in the field file", "/form_csv"),
    (401, no_token, "token is needed", "a token is needed", ""),
    (403, other_site, "not allowed", "a page of another site may not ask", "/form"),
    (404, nowhere, "no page here", "nothing is served at /&lt;b&gt;", "/models"),
    (404, not_published, "no page here", "9", "/models"),
    (405, read_a_programs_address, "not a page", "/predict_json takes OPTIONS, POST, not GET", "/form"),
    (408, late_file, "took too long", "did not arrive whole before the time limit", "/form_csv"),
    (413, large_file, "too large", "send at most 100 bytes", "/form_csv"),
    (415, a_picture, "not taken", "the Content-Type is image/gif", "/form_csv"),
    (422, a_bad_row, "value can’t be used", "expected a number, not the text &#34;&lt;b&gt;&#34;", "/form_csv"),
    (500, a_model_that_fails, "service failed", "", "/form"),
    (503, no_model, "can’t answer this", "no model is ready", "/health/ready"),
    (503, full_disk, "can’t answer this", "the log can&#39;t be written", "/health/ready"),
]


def check_page(reply: TestResponse, status: int, title: str, reason: str, link: str) -> None:
    assert (reply.status_code, reply.mimetype) == (status, "text/html")
    page = re.sub(r"</?(?:code|bdi)>", "", reply.text)
    (head,) = re.findall(r"<h1>(.*?)</h1>", page)
    assert title in head
    assert f">{status}</span>" in head
    (why,) = re.findall(r'<p class="lead">Reason: (.*?)</p>', page)
    assert reason in why
    after = page.partition("<h2>What to do next</h2>")[2]
    assert re.search(r"<p>\w[^<]{20,}\.</p>", after)
    assert not link or f'href="{link}"' in after
    assert f"Request {reply.headers['X-Request-ID']}." in after
    assert "<b>" not in page


@pytest.mark.parametrize(("status", "ask", "title", "reason", "link"), CASES)
def test_a_page_says_what_happened_and_what_to_do_next(
    make_client: MakeClient,
    tmp_path: Path,
    status: int,
    ask: Callable[[MakeClient, Path], TestResponse],
    title: str,
    reason: str,
    link: str,
) -> None:
    check_page(ask(make_client, tmp_path), status, title, reason, link)


def test_a_file_too_many_gets_a_page_too(make_client: MakeClient) -> None:
    client = make_client(threads=1)
    others: list[TestResponse] = []

    class Meanwhile(io.BytesIO):
        """A body during which another client comes."""

        def read(self, size: int | None = -1) -> bytes:
            if not others:
                others.append(send_file(client, BAD_ROW))
            return super().read(size)

    body: Any = Meanwhile(BAD_ROW.encode())
    with client.post("/predict_csv", input_stream=body, content_type="text/csv") as first:
        assert first.status_code == 200
    check_page(others[0], 429, "Too much at once", "try again in a second", "/form_csv")
    assert others[0].headers["Retry-After"] == "1"


def test_every_wrong_value_of_a_file_is_listed(make_client: MakeClient) -> None:
    page = send_file(make_client(), BAD_ROW, "?strict=1").text
    assert re.findall(r"<li>row (\d+): <bdi>(\w+):", page) == [("1", "rm"), ("1", "tax")]


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
@pytest.mark.parametrize("path", ["/nowhere", "/predict_json", "/models/boston/9"])
def test_who_does_not_ask_for_a_page_gets_json(service: Service, path: str, accept: str) -> None:
    reply = service.get(path, headers={"Accept": accept})
    assert list(reply.json) == ["success", "error", "problems", "request_id"]


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/predict_json", ["success", "error", "problems", "request_id"]),
        ("/v1/models/boston:predict", ["error"]),
        ("/v2/models/boston/infer", ["error"]),
        ("/invocations", ["error_code", "message"]),
    ],
)
def test_a_programs_address_answers_in_its_protocol_whatever_is_accepted(
    service: Service, path: str, members: list[str]
) -> None:
    assert list(service.post(path, data=b"{", headers=BROWSER).json) == members


@pytest.mark.parametrize("path", ["/", "/form", "/form_csv", "/models", "/browser", "/monitor", "/docs"])
def test_without_a_model_each_page_is_a_page_that_says_so(empty_service: Service, path: str) -> None:
    reply = empty_service.get(path, headers=BROWSER)
    assert reply.mimetype == "text/html"
    assert '<span class="pill bad">not ready</span>' in reply.text
    assert "no model is ready" in reply.text


def test_the_page_of_an_error_is_none_of_the_menu(store: VersionStore, client: Service) -> None:
    reply = client.get(f"/models/{store.folder.name}/9", headers=BROWSER)
    assert reply.status_code == 404
    assert "aria-current" not in reply.text
