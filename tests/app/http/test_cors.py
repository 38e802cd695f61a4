"""Pages of other origins: which may ask, what they may read, and what stays closed to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.http.tokens import new_token
from tests.app.conftest import MakeClient, Service
from tests.app.requests import PREDICTION, ROW, TENSOR

SHOP, OTHER = "https://shop.example", "https://other.example"
LISTED = frozenset({SHOP, "http://localhost:3000"})
CORS = "Access-Control-Allow-"
PREDICTIONS: list[tuple[str, dict[str, Any]]] = [
    ("/predict_json", {"json": ROW}),
    ("/predict_csv", {"data": "rm,tax,age\n6,250,66.5\n", "content_type": "text/csv"}),
    ("/v1/models/boston:predict", {"json": {"instances": [ROW]}}),
    ("/v1/models/boston/versions/1:predict", {"json": {"instances": [ROW]}}),
    ("/v2/models/boston/infer", {"json": {"inputs": [TENSOR]}}),
    ("/v2/models/boston/versions/1/infer", {"json": {"inputs": [TENSOR]}}),
    ("/invocations", {"json": {"inputs": [ROW]}}),
]
CLOSED = [
    "/feedback", "/predict_form", "/form", "/", "/monitor.json", "/openapi.json", "/v1", "//predict_json", "/nowhere",
    "/v2/models/boston", "/models/boston/1/tfjs/model.json", "/models/boston/1",
]  # fmt: skip


@pytest.fixture(scope="module")
def listed(make_shared: MakeClient) -> Service:
    """A service that lets the pages of two origins ask."""
    return make_shared(cors_origins=", ".join(sorted(LISTED)))


@pytest.fixture
def tokens(tmp_path: Path) -> tuple[str, str]:
    """A token, and the file that lets it in."""
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(line)
    return token, str(tmp_path / "tokens")


def preflight(service: Service, path: str, origin: str = SHOP, method: str = "POST") -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Sec-Fetch-Site": "cross-site"}
    return service.options(path, headers={**asked, "Access-Control-Request-Headers": "content-type,x-request-id"})


def allowed(reply: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, value in reply.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize(("path", "body"), PREDICTIONS)
@pytest.mark.parametrize("origin", sorted(LISTED))
def test_a_page_that_is_named_may_ask_and_read_the_answer(
    listed: Service, path: str, body: dict[str, Any], origin: str
) -> None:
    asked_first = preflight(listed, path, origin)
    assert (asked_first.status_code, asked_first.data) == (204, b"")
    assert "Content-Type" not in asked_first.headers
    assert asked_first.headers[f"{CORS}Origin"] == origin
    assert asked_first.headers[f"{CORS}Methods"] == "POST"
    wanted = {"Content-Type", "Authorization", "X-Request-ID", "X-Client-ID", "Accept"}
    assert wanted <= set(asked_first.headers[f"{CORS}Headers"].split(", "))
    assert int(asked_first.headers["Access-Control-Max-Age"]) > 0
    assert listed.new_rows("requests") == []  # it only asks whether it may

    reply = listed.post(path, **body, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert reply.status_code == 200, reply.text
    assert reply.headers[f"{CORS}Origin"] == origin
    shown = set(reply.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"X-Request-ID", "X-Model-Version", "Retry-After"} <= shown
    assert "Origin" in reply.vary
    assert [float(row["prediction"]) for row in listed.new_rows("predictions")] == [PREDICTION]
    assert len(listed.new_rows("requests")) == 1
    assert not any(name == f"{CORS}Credentials" for name, _ in [*asked_first.headers, *reply.headers])


@pytest.mark.parametrize(
    "origin",
    [
        OTHER, "null", "http://shop.example", f"{SHOP}:444", f"{SHOP}.evil.example", "https://www.shop.example",
        "https://localhost:3000", f"{SHOP}/", f"{SHOP}, {OTHER}", "*", "",
    ],
)  # fmt: skip
def test_another_page_is_told_nothing_and_one_of_another_site_is_refused(listed: Service, origin: str) -> None:
    assert allowed(preflight(listed, "/predict_json", origin)) == []
    same_site = listed.post("/predict_json", json=ROW, headers={"Origin": origin, "Sec-Fetch-Site": "same-site"})
    assert allowed(same_site) == []
    assert "Origin" in same_site.vary
    listed.new_rows("predictions")
    refused = listed.post("/predict_json", json=ROW, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, allowed(refused)) == (403, [])
    assert listed.new_rows("predictions") == []


def test_an_origin_is_compared_without_regard_to_case_and_named_as_it_was_sent(listed: Service) -> None:
    reply = listed.post("/predict_json", json=ROW, headers={"Origin": "HTTPS://Shop.Example"})
    assert reply.headers[f"{CORS}Origin"] == "HTTPS://Shop.Example"


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("origins", ["*", SHOP])
def test_what_asks_for_no_prediction_stays_closed(make_client: MakeClient, path: str, origins: str) -> None:
    service = make_client(cors_origins=origins, tfjs_origins="")
    assert allowed(preflight(service, path)) == []
    for reply in (
        service.get(path, headers={"Origin": SHOP}),
        service.post(path, json=ROW, headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}),
    ):
        assert allowed(reply) == []
    assert reply.status_code == 403
    assert service.new_rows("predictions") == service.new_rows("feedback") == []


def test_a_page_may_not_ask_with_another_method(listed: Service) -> None:
    for method in ("GET", "PUT", "DELETE", ""):
        assert allowed(preflight(listed, "/predict_json", method=method)) == []


def test_without_the_setting_no_page_of_another_origin_may_ask(service: Service) -> None:
    reply = service.post("/predict_json", json=ROW, headers={"Origin": SHOP})
    assert (allowed(reply), "Origin" in reply.vary) == ([], False)
    assert allowed(preflight(service, "/predict_json")) == []
    crossing = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}
    assert service.post("/predict_json", json=ROW, headers=crossing).status_code == 403


def test_with_an_asterisk_every_page_may_ask_and_none_with_kept_passwords(make_client: MakeClient) -> None:
    service = make_client(cors_origins="*")
    for origin in (SHOP, OTHER, "null"):
        asked_first = preflight(service, "/predict_json", origin)
        reply = service.post("/predict_json", json=ROW, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert (reply.status_code, reply.json["prediction"]) == (200, PREDICTION)
        for answer in (asked_first, reply):
            assert answer.headers[f"{CORS}Origin"] == "*"
            assert f"{CORS}Credentials" not in answer.headers
            assert "Origin" not in answer.vary


def test_errors_can_be_read_and_only_the_question_whether_one_may_ask_needs_no_token(
    make_client: MakeClient, tokens: tuple[str, str]
) -> None:
    token, file = tokens
    service = make_client(cors_origins=SHOP, tokens=file, page_tokens=file)
    assert preflight(service, "/predict_json").status_code == 204
    assert preflight(service, "/predict_json", OTHER).status_code == 401
    crossing = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}
    known = {**crossing, "Authorization": f"Bearer {token}"}
    for status, headers, body in (
        (401, crossing, b"[6, 250, 66.5]"),
        (200, known, b"[6, 250, 66.5]"),
        (400, known, b"{"),
        (413, known, b" " * (2 << 20)),
        (415, {**known, "Content-Type": "text/html"}, b"[6, 250, 66.5]"),
        (422, known, b"[6, 250, 6666]"),
        (500, known, b"[1, 2000, 100]"),
    ):
        reply = service.post("/predict_json", data=body, headers={"Content-Type": "application/json", **headers})
        assert (reply.status_code, reply.headers[f"{CORS}Origin"]) == (status, SHOP)


def test_a_service_that_is_not_ready_says_so_to_a_page_of_another_origin(
    make_client: MakeClient, tmp_path: Path
) -> None:
    service = make_client(models=tmp_path / "empty", cors_origins="*")
    for path, body in PREDICTIONS:
        reply = service.post(path, **body, headers={"Origin": SHOP})
        expected = 404 if "/versions/" in path else 503
        assert (reply.status_code, reply.headers[f"{CORS}Origin"]) == (expected, "*"), path


FILE = "/models/boston/1/tfjs/model.json"


@pytest.mark.parametrize(
    ("origins", "origin", "expected", "varies"),
    [
        ("*", "", "*", False),
        ("*", SHOP, "*", False),
        (SHOP, SHOP, SHOP, True),
        (SHOP, OTHER, None, True),
        (SHOP, "", None, True),
        ("", SHOP, None, False),
    ],
)
def test_tensorflow_js_files_may_be_loaded_as_the_setting_says(
    make_client: MakeClient, origins: str, origin: str, expected: str | None, varies: bool
) -> None:
    service = make_client(tfjs_origins=origins)
    headers = {"Origin": origin} if origin else {}
    for reply in (service.get(FILE, headers=headers), service.head(FILE, headers=headers)):
        assert reply.headers.get(f"{CORS}Origin") == expected  # of an error too: this version has no such file
        assert ("Origin" in reply.vary) == varies
    beside = service.head("/models/boston/1/signature.json", headers=headers)
    assert (beside.status_code, allowed(beside)) == (200, [])


def test_a_page_may_send_a_token_for_the_files(make_client: MakeClient, tokens: tuple[str, str]) -> None:
    token, file = tokens
    service = make_client(page_tokens=file)
    reply = preflight(service, FILE, method="GET")
    assert (reply.status_code, reply.headers[f"{CORS}Methods"]) == (204, "GET, HEAD")
    assert "Authorization" in reply.headers[f"{CORS}Headers"]
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}"}, 404)):
        reply = service.get(FILE, headers={"Origin": SHOP, **headers})
        assert (reply.status_code, reply.headers[f"{CORS}Origin"]) == (status, "*")
