"""The service behind a real nginx, with the configuration of docs/how-to/proxy.md; and tokens with real servers."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, Error, expect

from app.http.tokens import new_token
from deploy.healthcheck import fault
from tests.e2e.conftest import open_page
from tests.e2e.server import ROOT, ROW, Client, Server, free_port, run, serving, wait_until

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
JSON = "Content-Type: application/json"


@contextmanager
def nginx(folder: Path, block: str, port: int) -> Iterator[None]:
    """Run nginx over a server block until the end of the with block."""
    if NGINX is None:
        pytest.skip("NOT TESTED: a real proxy, because there is no nginx (Debian: apt install nginx-light)")
    folder.mkdir()
    paths = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}"
    (folder / "nginx.conf").write_text(f"{head}\nhttp {{ access_log off; {paths}\n{block}}}\n")
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        client = Client(port)
        wait_until(lambda: client.status("/") or process.poll() is not None, f"nginx, see {output}")
        assert process.poll() is None, output.read_text()
        yield
    finally:
        process.terminate()
        process.wait(10)


def write_certificate(certificate: Path, key_file: Path) -> None:
    """Write a certificate of example.org that it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.org")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("example.org")]), critical=False)
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


def documented(folder: Path, service: int, port: int) -> str:
    """Return the block of the how-to, with the certificate and the ports of this test."""
    (block,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs/how-to/proxy.md").read_text(), re.DOTALL)
    write_certificate(folder / "example.org.pem", folder / "example.org.key")
    block = block.replace("/etc/ssl", str(folder)).replace("127.0.0.1:5000", f"127.0.0.1:{service}")
    return block.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str, list[str]]]:
    """The service behind nginx; the URL that people use, and how curl finds it."""
    from tests.conftest import publish

    folder = tmp_path_factory.mktemp("proxy")
    publish(folder / "models")
    port = free_port()
    with serving(folder / "models", workers=1, SERVE_TRUSTED_PROXIES="127.0.0.1") as server:
        block = documented(folder, server.port, port)
        with nginx(folder / "nginx", block, port):
            resolve = f"example.org:{port}:127.0.0.1"
            yield (
                server,
                f"https://example.org:{port}/houses",
                ["--cacert", f"{folder}/example.org.pem", "--resolve", resolve],
            )


def curl(*words: str) -> str:
    command = ["curl", "--silent", "--show-error", "--max-time", "30", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_documented_nginx_gives_links_and_the_log_what_the_client_sees(
    behind: tuple[Server, str, list[str]],
) -> None:
    server, url, how = behind
    page = curl(*how, f"{url}/")
    assert f"curl {url}/predict_json" in page
    for path in ("/", "/form", "/form_csv", "/docs"):
        for link in map(unescape, re.findall(r'(?:href|src)="([^"#][^"]*)"', curl(*how, url + path))):
            assert link.startswith("/houses/")
            status = curl(*how, "-o", os.devnull, "-w", "%{http_code}", url.removesuffix("/houses") + link)
            assert status == "200", link
    assert json.loads(curl(*how, f"{url}/openapi.json"))["servers"] == [{"url": "/houses"}]
    action = re.search(r'<form[^>]* method="get" action="([^"]+)"', curl(*how, f"{url}/form"))
    assert action is not None
    answer = curl(*how, f"{url.removesuffix('/houses')}{action[1]}?rm=6&tax=250&age=66.5")
    assert 'the model gave <data value="23.505"' in answer
    link = re.search(r'<a href="([^"]+)"[^>]*>Link to these inputs</a>', answer)
    assert link is not None
    assert link[1] == "/houses/form?rm=6&amp;tax=250&amp;age=66.5"
    assert server.rows("requests")[-1]["client"] == "127.0.0.1"


def test_what_a_client_forges_does_not_pass_the_documented_nginx(behind: tuple[Server, str, list[str]]) -> None:
    server, url, how = behind
    forged = [
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Prefix: /evil",
        "SCRIPT_NAME: /evil",
    ]
    sent = [word for header in [*forged, "X-Forwarded-For: 203.0.113.7"] for word in ("-H", header)]
    page = curl(*how, *sent, f"{url}/")
    assert f"curl {url}/predict_json" in page
    assert "evil" not in page
    curl(*how, *sent, f"{url}/predict_json", "-H", JSON, "-H", "X-Request-ID: forged", "-d", ROW.decode())
    (row,) = server.rows("requests", "forged")
    # 127.0.0.1 is a trusted proxy, so the address before it counts; to nginx, no real client is 127.0.0.1.
    assert row["client"] == "203.0.113.7"


def test_a_large_file_passes_the_documented_nginx(behind: tuple[Server, str, list[str]], tmp_path: Path) -> None:
    _, url, how = behind
    (tmp_path / "rows.csv").write_text("rm,tax,age\n" + "6,250,66.5\n" * 150_000)  # more than nginx's own 1 MB
    reply = curl(*how, f"{url}/predict_csv", "-H", "Content-Type: text/csv", "--data-binary", f"@{tmp_path}/rows.csv")
    assert reply.count("23.505") == 150_000


def test_a_prefix_in_the_environment_works_behind_an_nginx_that_leaves_it_and_says_nothing(
    models: Path, tmp_path: Path
) -> None:
    port = free_port()
    with serving(models, workers=1, SERVE_PREFIX="/houses") as server:
        block = f"server {{ listen 127.0.0.1:{port}; location /houses/ {{ proxy_pass {server.url}; }} }}"
        with nginx(tmp_path / "nginx", block, port):
            status, page = Client(port).request("GET", "/houses/form")
            assert status == 200
            assert 'action="/houses/form"' in page
            assert Client(port).ask(path="/houses/predict_json")[0] == 200
        assert fault(f"127.0.0.1:{server.port}") is None  # the image's health check comes past the proxy


@pytest.mark.parametrize("env", [{}, {"SERVE_TRUSTED_PROXIES": "127.0.0.1"}])
def test_a_client_on_the_same_host_sets_nothing_of_the_environ(models: Path, env: dict[str, str]) -> None:
    with serving(models, workers=1, FORWARDED_ALLOW_IPS="*", **env) as server:
        for name in (
            "SCRIPT_NAME",
            "Script_Name",
            "PATH_INFO",
            "REMOTE_USER",
            "X_Forwarded_Host",
            "X_FORWARDED_PREFIX",
        ):
            for value in ("/x", "//evil.example"):
                status, page = server.request("GET", "/", headers={name: value})
                assert status == 200, name
                assert "evil" not in page
                assert 'href="/form"' in page
        for name, value in (("X-Forwarded-Proto", "https"), ("X-Forwarded-Ssl", "on"), ("X-Forwarded-Protocol", "ssl")):
            page = server.request("GET", "/", headers={name: value})[1]
            assert ("https://" in page) == bool(env and value == "https"), name


def test_a_peer_on_a_unix_socket_counts_as_this_host_and_no_further(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    command = [Path(sys.executable).with_name("gunicorn"), "--bind", f"unix:{path}"]
    with serving(models, command=command, workers=1, wait=False, SERVE_TRUSTED_PROXIES="127.0.0.1") as server:
        wait_until(path.exists, "the socket")
        how = ["--unix-socket", str(path), "-H", "SCRIPT_NAME: /evil", "-H", "X-Forwarded-For: 203.0.113.7"]
        assert 'href="/form"' in curl(*how, "http://localhost/")
        curl(*how, "http://localhost/predict_json", "-H", JSON, "-d", ROW.decode())
        assert [row["client"] for row in server.rows("requests")] == ["203.0.113.7"]


def test_tokens_are_asked_for_and_named_in_the_log(models: Path, tmp_path: Path) -> None:
    made = run("app", "token", "ann")
    assert made.returncode == 0
    token = made.stderr.split()[-1]
    (tmp_path / "tokens").write_text(made.stdout)
    with serving(models, workers=2, SERVE_TOKENS=str(tmp_path / "tokens")) as server:
        status, reply = server.ask(X_Request_ID="refused")
        assert (status, reply["success"]) == (401, False)
        assert server.ask(Authorization=f"Bearer {token}", X_Request_ID="named")[0] == 200
        assert [row["client"] for row in server.rows("requests", "named")] == ["ann@127.0.0.1"]
        assert [row["status"] for row in server.rows("requests", "refused")] == ["401"]
        second, line = new_token("bob")
        (tmp_path / "new").write_text(f"{line}\n")
        (tmp_path / "new").rename(tmp_path / "tokens")
        wait_until(lambda: server.ask(Authorization=f"Bearer {token}")[0] == 401, "the old token to end in a worker")
        wait_until(lambda: server.ask(Authorization=f"Bearer {second}")[0] == 200, "the new one")
        everything = server.output.read_text() + "".join(file.read_text() for file in server.logs.rglob("*.csv"))
        assert not any(secret in everything for secret in (token, second))


def test_a_file_of_tokens_that_is_damaged_later_on_stops_nothing(models: Path, tmp_path: Path) -> None:
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(f"{line}\n")
    with serving(models, workers=1, SERVE_TOKENS=str(tmp_path / "tokens")) as server:
        (worker,) = server.wait_for_workers(1)
        (tmp_path / "tokens").write_text("ann\n")
        os.kill(worker, signal.SIGKILL)
        server.wait_for_workers(1, without=[worker])
        wait_until(lambda: server.ask(Authorization=f"Bearer {token}")[0] == 401, "a worker that lets in nobody")
        (tmp_path / "tokens").write_text(f"{line}\n")
        wait_until(lambda: server.ask(Authorization=f"Bearer {token}")[0] == 200, "the token to count again")
        assert f"{tmp_path}/tokens:1: expected NAME SHA-256" in server.output.read_text()


@pytest.mark.parametrize("words", [("app",), ("gunicorn",)])
def test_a_wrong_file_of_tokens_stops_the_start_with_its_line(
    models: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    file = tmp_path / "tokens"
    file.write_text("# tokens\nann secret\n")
    env: Any = {"SERVE_MODELS": str(models), "SERVE_LOGS": str(tmp_path / "logs"), "SERVE_BIND": "127.0.0.1:0"}
    done = run(*words, SERVE_PAGE_TOKENS=str(file), **env)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"SERVE_PAGE_TOKENS: {file}:2: expected NAME SHA-256, as `python -m app token NAME` prints it"
    )


def test_a_browser_asks_for_a_token_once_and_then_fills_the_form(
    browser: Browser, models: Path, tmp_path: Path
) -> None:
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(f"{line}\n")
    both = {f"SERVE_{name}": str(tmp_path / "tokens") for name in ("TOKENS", "PAGE_TOKENS")}
    with serving(models, workers=1, **both) as server:
        nobody_is_there = pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS")
        with open_page(browser, server, refusals=True) as page, nobody_is_there:  # the browser asks
            page.goto("/form")
        # What a person types into the browser's own window.
        with open_page(browser, server, http_credentials={"username": "any", "password": token}) as page:
            for path in ("/form", "/form_async"):  # the older address leads to the other
                page.goto(path)
                for name, value in (("rm", "6"), ("tax", "250"), ("age", "66.5")):
                    page.locator(f"#in-{name}").fill(value)
                page.get_by_role("button", name="Predict").click()
                expect(page.locator("#evidence data")).to_have_text("23.505")
        assert {row["client"] for row in server.rows("requests")} == {"ann@127.0.0.1"}


def test_the_page_of_the_api_tries_its_requests_below_the_prefix(browser: Browser, models: Path) -> None:
    with serving(models, workers=1, SERVE_PREFIX="/houses") as server, open_page(browser, server) as page:
        page.goto("/houses/docs")
        page.locator("#operations-Predict-predict_json .opblock-summary-control").click()
        page.locator("#operations-Predict-predict_json").get_by_role("button", name="Execute").click()
        expect(
            page.locator("#operations-Predict-predict_json .live-responses-table .response-col_status").last
        ).to_contain_text("200")
        assert [row["path"] for row in server.rows("requests")] == ["/houses/predict_json"]


def test_a_form_on_a_page_of_another_site_gets_no_prediction(browser: Browser, server: Server) -> None:
    form = (
        f'<form method="post" action="{server.url}/predict_form"><input name="rm" value="6"><button>Win</button></form>'
    )
    with open_page(browser, server, refusals=True) as page:
        page.goto(f"data:text/html,{form}")
        page.get_by_role("button").click()
        expect(page.locator("h1")).to_have_text("This is not allowed 403")
    assert [row["status"] for row in server.rows("requests")] == ["403"]
