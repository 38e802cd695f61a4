"""Who may ask: who has a token is answered and named in the log; nobody else is, in the words of each protocol."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.http.tokens import new_token
from tests.app.conftest import MakeClient, Service
from tests.app.requests import PREDICTION, ROW, TENSOR

TOKEN, LINE = new_token("ann")
OTHER, OTHER_LINE = new_token("team-b.1")
MISSING = "a token is needed: send the header Authorization: Bearer TOKEN"
FORM = {"rm": "6", "tax": "250", "age": "66.5"}
PREDICTIONS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("/predict_json", {"json": ROW}, ("success", "error", "problems", "request_id")),
    ("/predict_csv", {"data": "rm,tax,age\n6,250,66.5\n"}, ("success", "error", "problems", "request_id")),
    ("/predict_form", {"data": FORM}, ("success", "error", "problems", "request_id")),
    ("/v1/models/boston:predict", {"json": {"instances": [ROW]}}, ("error",)),
    ("/v1/models/boston/versions/1:predict", {"json": {"instances": [ROW]}}, ("error",)),
    ("/v2/models/boston/infer", {"json": {"inputs": [TENSOR]}}, ("error",)),
    ("/v2/models/boston/versions/1/infer", {"json": {"inputs": [TENSOR]}}, ("error",)),
    ("/invocations", {"json": {"inputs": [ROW]}}, ("error_code", "message")),
]
INSIDE = [
    "/", "/form", "/form_csv", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/models/boston/1",
    "/version", "/v1/models/boston", "/v1/models/boston/metadata", "/v2", "/v2/models/boston", "/nowhere",
    "//health/ready", "/static",
]  # fmt: skip
OPEN = ["/health/live", "/health/ready", "/health", "/ping", "/v2/health/live", "/v2/health/ready", "/static/style.css"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(password: str, user: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def shared_tokens(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text(f"{LINE}\n{OTHER_LINE}\n")
    return str(path)


@pytest.fixture(scope="module")
def guarded(make_shared: MakeClient, shared_tokens: str) -> Service:
    """A service that asks for tokens for predictions."""
    return make_shared(tokens=shared_tokens)


@pytest.fixture(scope="module")
def closed(make_shared: MakeClient, shared_tokens: str) -> Service:
    """A service that asks for tokens for its pages."""
    return make_shared(page_tokens=shared_tokens)


@pytest.mark.parametrize(("path", "request_", "members"), PREDICTIONS)
def test_a_prediction_without_a_token_is_refused_as_its_protocol_refuses(
    guarded: Service, path: str, request_: dict[str, Any], members: tuple[str, ...]
) -> None:
    reply = guarded.post(path, **request_)
    guarded.check_error(reply, 401, MISSING, *members)
    assert reply.headers.getlist("WWW-Authenticate") == [
        'Bearer realm="predictions"',
        'Basic realm="predictions", charset="UTF-8"',
    ]
    assert reply.json.get("error_code", "UNAUTHENTICATED") == "UNAUTHENTICATED"
    assert guarded.new_rows("predictions") == []


@pytest.mark.parametrize(("path", "request_"), [case[:2] for case in PREDICTIONS])
def test_a_prediction_with_a_token_is_logged_with_its_name(
    guarded: Service, path: str, request_: dict[str, Any]
) -> None:
    content_type = {"content_type": "text/csv"} if path == "/predict_csv" else {}
    for headers, name in ((bearer(TOKEN), "ann"), (basic(OTHER), "team-b.1")):
        reply = guarded.post(path, headers={**headers, "Accept": "*/*"}, **request_, **content_type)
        assert reply.status_code == 200
        reply.close()
        (row,) = guarded.new_rows("requests")
        assert row["client"] == f"{name}@127.0.0.1"
        assert TOKEN not in str(row)


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ("Bearer " + "x" * 43, 401, "invalid_token"),
        (f"Bearer {TOKEN[:-1]}", 401, "invalid_token"),
        ("Bearer", 400, "invalid_request"),
        ("Bearer a b", 400, "invalid_request"),
        (f"Bearer token={TOKEN}", 400, "invalid_request"),
        (f"Bearer {TOKEN},Bearer {OTHER}", 400, "invalid_request"),
        ("Bearer \xe9", 400, "invalid_request"),
        (basic("")["Authorization"], 401, "invalid_token"),
        (basic("x", TOKEN)["Authorization"], 401, "invalid_token"),  # a token is the password, never the name
        (basic("é")["Authorization"], 401, "invalid_token"),
        ("Basic ???", 401, ""),
        ("Basic \xe9", 401, ""),
        (f"Digest {TOKEN}", 401, ""),
        (TOKEN, 401, ""),
    ],
    ids=[
        "unknown", "cut", "none", "two words", "named", "two", "no ASCII", "no password", "as the user", "password é",
        "no base64", "Basic without ASCII", "Digest", "no scheme",
    ],
)  # fmt: skip
def test_a_wrong_token_gets_the_status_and_the_error_of_rfc_6750(
    guarded: Service, sent: str, status: int, error: str
) -> None:
    reply = guarded.post("/predict_json", json=ROW, headers={"Authorization": sent})
    assert reply.status_code == status
    expected = 'Bearer realm="predictions"' + (f', error="{error}"' if error else "")
    assert reply.headers["WWW-Authenticate"] == expected
    (row,) = guarded.new_rows("requests")
    assert (row["status"], row["client"]) == (str(status), "127.0.0.1")
    assert row["error"] == reply.json["error"]
    assert not any(secret in str(row) or secret in reply.text for secret in (TOKEN, TOKEN[:-1], OTHER))


def test_a_token_in_the_query_or_the_body_is_none(guarded: Service) -> None:
    assert guarded.post(f"/predict_form?access_token={TOKEN}", data={**FORM, "access_token": TOKEN}).status_code == 401
    assert [row["status"] for row in guarded.new_rows("requests")] == ["401"]


def test_tokens_for_predictions_leave_the_pages_open_and_the_other_way_round(guarded: Service, closed: Service) -> None:
    assert [guarded.get(path).status_code for path in ("/", "/openapi.json", "/v2")] == [200, 200, 200]
    assert closed.post("/predict_json", json=ROW).json["prediction"] == PREDICTION


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_tells_of_the_inside_needs_a_token(closed: Service, method: str) -> None:
    for path in INSIDE:
        overrides = {"PATH_INFO": path}
        refused = closed.open("/x", method=method, environ_overrides=overrides)
        assert refused.status_code == 401, path
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="pages"'
        with closed.open("/x", method=method, environ_overrides=overrides, headers=basic(TOKEN)) as reply:
            assert reply.status_code in (200, 400, 404), path  # 400: below /v1 there is no OPTIONS


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_the_files_of_the_pages_stay_open(closed: Service, path: str) -> None:
    with closed.get(path) as reply:
        assert reply.status_code == 200


def test_readiness_tells_its_details_only_to_those_who_may_see_the_pages(
    closed: Service, make_shared: MakeClient, shared_tokens: str
) -> None:
    assert closed.get("/health/ready").json == {"ready": True}
    assert closed.get("/health/ready", headers=bearer("x")).json == {"ready": True}
    assert closed.get("/health/ready", headers=bearer(TOKEN)).json["version"] == 1
    empty = make_shared(page_tokens=shared_tokens, model="other")
    reply = empty.get("/health/ready")
    assert (reply.status_code, reply.json) == (503, {"ready": False})
    assert "reason" in empty.get("/health/ready", headers=bearer(TOKEN)).json


def test_a_browser_gets_a_page_that_makes_it_ask_and_says_nothing_of_the_model(closed: Service) -> None:
    reply = closed.get("/", headers={"Accept": "text/html"})
    assert 'A token is needed <span class="pill plain">401</span></h1>' in reply.text
    assert reply.headers.getlist("WWW-Authenticate")[1].startswith("Basic ")
    assert "Median" not in reply.text
    assert "boston" not in reply.text


def test_the_api_description_names_the_ways_to_send_a_token_where_one_is_needed(
    make_shared: MakeClient, service: Service, shared_tokens: str
) -> None:
    without = service.get("/openapi.json").json
    assert "securitySchemes" not in without["components"]
    assert "401" not in without["paths"]["/predict_json"]["post"]["responses"]
    document = (
        make_shared(tokens=shared_tokens, page_tokens=shared_tokens, feedback_token=TOKEN)
        .get("/openapi.json", headers=bearer(TOKEN))
        .json
    )
    schemes = {name: {"type": "http", "scheme": name} for name in ("bearer", "basic")}
    assert document["components"]["securitySchemes"] == schemes
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == ("401" in operation["responses"]) == (path not in OPEN), path
    family = document["paths"]["/v1/models/{model}"]["get"]["responses"]["401"]["$ref"].rpartition("/")[2]
    refusal = document["components"]["responses"][family]
    schema = refusal["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/TensorFlowServingError"}


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 200), ("same-origin", 200)])
def test_a_page_of_another_site_can_not_post_the_form(service: Service, site: str, status: int) -> None:
    reply = service.post("/predict_form", data=FORM, headers={"Sec-Fetch-Site": site})
    assert reply.status_code == status
    assert [row["status"] for row in service.new_rows("requests")] == [str(status)]
    assert service.get("/form", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link may lead here
