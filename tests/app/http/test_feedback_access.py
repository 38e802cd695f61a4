"""Who may say what is true: with the token, or without one from the service's own machine; and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from app.http.tokens import new_token
from app.settings import SettingError, Settings
from tests.app.conftest import MakeClient, Service
from tests.app.http.test_access import basic, bearer
from tests.app.requests import ROW

TRUTH = {"request_id": "a-1", "actual": 21.5}
TOKEN = "0123456789.abcdef+/=="
OTHER, LINE = new_token("ann")


@pytest.fixture(scope="module")
def guarded(make_shared: MakeClient, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service with a token for ground truth and others for predictions and pages."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text(LINE)
    return make_shared(tokens=str(path), page_tokens=str(path), feedback_token=TOKEN)


def tell(client: Service, path: str = "/feedback", **options: Any) -> int:
    return client.post(path, json=TRUTH, **options).status_code


def test_the_token_opens_feedback_and_nothing_else(guarded: Service) -> None:
    guarded.new_rows("requests")
    for headers in (bearer(TOKEN), basic(TOKEN)):
        assert tell(guarded, headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.7"}) == 200
        assert guarded.post("/predict_json", json=ROW, headers=headers).status_code == 401
        assert guarded.get("/", headers=headers).status_code == 401
    rows = guarded.new_rows("requests")
    assert [row["client"] for row in rows] == ["feedback@192.0.2.7", "127.0.0.1"] * 2
    assert {row["client"] for row in guarded.new_rows("feedback")} == {"feedback@192.0.2.7"}
    assert TOKEN not in str(rows)


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "a token is needed: send the header Authorization: Bearer TOKEN"),
        (bearer(OTHER), 401, "the token is not valid for feedback"),
        (bearer(TOKEN[:-1]), 401, "the token is not valid for feedback"),
        (basic("x", TOKEN), 401, "the token is not valid for feedback"),
        ({"Authorization": "Bearer a b"}, 400, "expected Bearer and one token"),
    ],
)
def test_without_the_right_token_not_even_this_machine_is_believed(
    guarded: Service, headers: dict[str, str], status: int, message: str
) -> None:
    guarded.new_rows("requests")
    reply = guarded.post("/feedback", json=TRUTH, headers=headers)
    guarded.check_error(reply, status, message, "success", "error", "problems", "request_id")
    assert reply.headers.getlist("WWW-Authenticate")[0].startswith('Bearer realm="feedback"')
    assert TOKEN not in reply.text
    assert TOKEN not in str(reply.headers)


@pytest.mark.parametrize("path", ["//feedback", "///feedback", "/%66eedback", "/feedback?x"])
def test_no_other_spelling_of_the_path_leads_around_the_token(
    guarded: Service, make_shared: MakeClient, path: str
) -> None:
    overrides = {"PATH_INFO": path} if path.startswith("//") else {}
    for headers in ({}, bearer(OTHER)):
        assert tell(guarded, path, headers=headers, environ_overrides=overrides) == 401
    only = make_shared(feedback_token=TOKEN)
    assert tell(only, path, environ_overrides=overrides) == 401
    assert tell(only, path, environ_overrides=overrides, headers=bearer(TOKEN)) == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", ""])
def test_without_a_setting_this_machine_is_believed(service: Service, peer: str) -> None:
    for host in ("localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"):
        assert tell(service, environ_overrides={"REMOTE_ADDR": peer, "HTTP_HOST": host}) == 200, host


@pytest.mark.parametrize(
    "overrides",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
        {"REMOTE_ADDR": "2001:db8::1"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "http"},
        {"HTTP_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS": "15000"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_HOST": "rebound.example:5000"},  # a name that somebody made lead to this machine
        {"HTTP_HOST": "localhost.example"},
        {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": ""},
    ],
)
def test_without_a_setting_nobody_else_is_and_is_told_what_to_do(service: Service, overrides: dict[str, str]) -> None:
    service.new_rows("feedback")
    reply = service.post("/feedback", json=TRUTH, environ_overrides=overrides)
    assert reply.status_code == 403
    assert "set SERVE_FEEDBACK_TOKEN for the service, and send it in the header Authorization" in reply.json["error"]
    assert service.new_rows("feedback") == []
    assert service.post("/predict_json", json=ROW, environ_overrides=overrides).status_code == 200


def test_a_client_behind_a_trusted_proxy_needs_the_token_wherever_it_is(make_client: MakeClient) -> None:
    proxy = {"REMOTE_ADDR": "10.0.0.1"}
    client = make_client(trusted_proxies="10.0.0.1")
    for address in ("127.0.0.1", "192.0.2.7"):
        assert tell(client, headers={"X-Forwarded-For": address}, environ_overrides=proxy) == 403
    client = make_client(trusted_proxies="10.0.0.1", feedback_token=TOKEN)
    assert tell(client, headers={"X-Forwarded-For": "192.0.2.7", **bearer(TOKEN)}, environ_overrides=proxy) == 200
    assert client.new_rows("feedback")[0]["client"] == "feedback@192.0.2.7"


def test_a_page_of_another_site_says_nothing_even_with_the_token(guarded: Service, service: Service) -> None:
    for client in (guarded, service):
        assert tell(client, headers={"Sec-Fetch-Site": "cross-site", **bearer(TOKEN)}) == 403


@pytest.mark.parametrize("path", ["/feedback", "/form/feedback"])
@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://houses.example", "houses.example", 200),
        ("http://houses.example:8080", "houses.example", 200),  # behind a proxy that leaves the port out
        ("HTTP://Houses.example:8080", "houses.example:8080", 200),
        ("http://[::1]:5000", "[::1]:5000", 200),
        (None, "houses.example", 200),  # no browser
        ("http://other.example", "houses.example", 403),
        ("http://other.houses.example", "houses.example", 403),
        ("http://houses.example.evil.example", "houses.example", 403),
        ("null", "houses.example", 403),
        ("", "houses.example", 403),
        ("http://[::2]:5000", "[::1]:5000", 403),
    ],
)
def test_a_browser_that_does_not_say_which_site_asks_is_judged_by_the_origin(
    guarded: Service, path: str, origin: str | None, host: str, status: int
) -> None:
    guarded.new_rows("feedback")
    headers = basic(TOKEN) | ({} if origin is None else {"Origin": origin})
    sent: dict[str, Any] = {"json": TRUTH} if path == "/feedback" else {"data": TRUTH}
    reply = guarded.post(path, **sent, headers=headers, environ_overrides={"HTTP_HOST": host})
    assert reply.status_code == status, reply.text
    assert len(guarded.new_rows("feedback")) == (status == 200)
    said = guarded.post(path, **sent, headers={**headers, "Sec-Fetch-Site": "same-origin"})
    assert said.status_code == 200


@pytest.mark.parametrize("secret", ["", "short", "0123456789abcde", "0123456789 abcdef", "0123456789äbcdef", "=" * 16])
def test_a_token_that_can_not_be_one_stops_the_start_and_is_not_shown(secret: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_env({"SERVE_FEEDBACK_TOKEN": secret})
    assert str(caught.value).startswith("SERVE_FEEDBACK_TOKEN: expected at least 16 characters")
    assert not secret or secret not in str(caught.value)


def test_the_settings_do_not_show_the_token() -> None:
    assert TOKEN not in repr(Settings.from_env({"SERVE_FEEDBACK_TOKEN": TOKEN}))
