"""What proxies say of a client counts if they are trusted, and a path prefix reaches every link."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.app.conftest import MakeClient, Service
from tests.app.requests import PREDICTION, ROW

SAID = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "example.org",
    "X-Forwarded-Prefix": "/houses",
}


@pytest.fixture(scope="module")
def behind_proxy(make_shared: MakeClient) -> Service:
    return make_shared(trusted_proxies="127.0.0.1,10.0.0.0/8,fd00::/8")


def logged_client(client: Service, forwarded: str, peer: str = "127.0.0.1") -> str:
    reply = client.post(
        "/predict_json", json=ROW, headers={"X-Forwarded-For": forwarded}, environ_overrides={"REMOTE_ADDR": peer}
    )
    assert reply.status_code == 200
    (row,) = client.new_rows("requests")
    return row["client"]


@pytest.mark.parametrize("configured", [{}, {"trusted_proxies": "10.0.0.0/8,::1"}, {"prefix": "/other"}])
def test_a_client_that_is_no_trusted_proxy_says_nothing_of_itself(
    make_client: MakeClient, configured: dict[str, str]
) -> None:
    client = make_client(**configured)
    page = client.get("/", headers=SAID).text
    assert "curl http://localhost" in page
    assert "example.org" not in page
    assert "/houses" not in page
    assert logged_client(client, "203.0.113.7") == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),  # the left one is the client's own invention
        ("127.0.0.1, 203.0.113.7, 10.0.0.2,10.9.9.9", "203.0.113.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),  # all are proxies
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8::1, fd00::2", "2001:db8::1"),
        ("::ffff:203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"),
        ("203.0.113.7, unknown, 10.0.0.2", "10.0.0.2"),  # nobody knows who asked that proxy
        ("<script>", "127.0.0.1"),
        ("", "127.0.0.1"),
        (",,", "127.0.0.1"),
    ],
)
def test_the_log_has_the_last_address_that_is_no_proxy(behind_proxy: Service, forwarded: str, client: str) -> None:
    assert logged_client(behind_proxy, forwarded) == client


@pytest.mark.parametrize("peer", ["", "::ffff:127.0.0.1", "10.255.0.1", "fd00::1"])
def test_a_proxy_is_known_by_any_form_of_its_address_and_on_a_unix_socket_as_this_host(
    behind_proxy: Service, peer: str
) -> None:
    assert logged_client(behind_proxy, "203.0.113.7", peer) == "203.0.113.7"


@pytest.mark.parametrize("peer", ["203.0.113.9", "11.0.0.1", "fe80::1%eth0"])
def test_another_peer_is_logged_as_it_is(behind_proxy: Service, peer: str) -> None:
    assert logged_client(behind_proxy, "203.0.113.7", peer) == peer


def test_links_begin_with_what_the_nearest_proxy_says(behind_proxy: Service) -> None:
    said = {name: f"evil, {value}" for name, value in SAID.items()}
    page = behind_proxy.get("/", headers=said).text
    assert "curl https://example.org/houses/predict_json" in page
    assert "evil" not in page


@pytest.mark.parametrize("prefix", ["//evil.example", "https://evil.example", "/a/../b", "/<b>", "evil", "/"])
def test_what_can_be_no_prefix_is_ignored(behind_proxy: Service, prefix: str) -> None:
    page = behind_proxy.get("/", headers={"X-Forwarded-Prefix": prefix, "X-Forwarded-Proto": "javascript"}).text
    assert 'href="/form"' in page
    assert "curl http://localhost/predict_json" in page


@pytest.mark.parametrize("by_header", [True, False])
@pytest.mark.parametrize("stripped", [True, False])
def test_every_link_and_form_and_the_api_description_are_below_the_prefix(
    make_client: MakeClient, by_header: bool, stripped: bool
) -> None:
    client = make_client(**({"trusted_proxies": "127.0.0.1"} if by_header else {"prefix": "/houses"}))
    headers = {"X-Forwarded-Prefix": "/houses/"} if by_header else {}

    def get(path: str) -> Any:
        return client.get(path.removeprefix("/houses") if stripped else path, headers=headers)

    links: set[str] = set()
    for path in ("/", "/form", "/form_csv", "/docs", "/models/boston/1"):
        found = re.findall(r'(?:href|src|action)="([^"#][^"]*)"', get(f"/houses{path}").text)
        links.update(map(unescape, found))
    assert len(links) > 10
    for link in links:
        assert link.startswith("/houses/")
        with get(link) as reply:
            assert reply.status_code == (405 if "/predict_" in link else 200), link
    assert get("/houses/openapi.json").json["servers"] == [{"url": "/houses"}]
    assert get("/houses/nowhere").json["error"] == "/nowhere: not found"
    path = "/predict_json" if stripped else "/houses/predict_json"
    assert client.post(path, json=ROW, headers=headers).json["prediction"] == PREDICTION
    assert client.new_rows("requests")[-1]["path"] == path
    assert client.get("/health/ready").status_code == 200  # a probe comes past the proxy


@pytest.mark.parametrize(
    ("path", "status"), [("/houses", 200), ("/housesboat", 404), ("/houses/houses", 404), ("//houses/", 404)]
)
def test_a_prefix_is_taken_off_once_and_as_a_whole(make_client: MakeClient, path: str, status: int) -> None:
    client = make_client(prefix="/houses")
    assert client.get("/x", environ_overrides={"PATH_INFO": path}).status_code == status


def test_a_prefix_that_begins_like_a_path_of_the_service_takes_nothing_from_that_path(make_client: MakeClient) -> None:
    client = make_client(prefix="/models")
    assert client.get("/models/boston/1").status_code == 200
    assert 'href="/models/models/boston/1"' in client.get("/").text


def test_the_api_description_without_a_prefix_names_no_server(behind_proxy: Service) -> None:
    assert behind_proxy.get("/openapi.json", headers={"X-Forwarded-Prefix": "/a"}).json["servers"] == [{"url": "/a"}]
    assert "servers" not in behind_proxy.get("/openapi.json").json
