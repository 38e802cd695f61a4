"""What Granian's worker refuses before it is started, and how it ends. tests/e2e/ shows the rest, with real servers."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.server import granian as module
from app.server.granian import GranianWorker
from tests.e2e.test_proxy import write_certificate


def check(**settings: object) -> None:
    cfg = Config()
    for name, value in settings.items():
        cfg.set(name, value)
    GranianWorker.check_config(cfg, None)


def test_one_address_without_tls_can_be_served() -> None:
    check()


def test_several_addresses_are_refused() -> None:
    with pytest.raises(RuntimeError, match="one address"):
        check(bind=["127.0.0.1:80", "127.0.0.1:81"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accesslog", "-"),
        ("ca_certs", "ca.pem"),
        ("casefold_http_method", True),
        ("cert_reqs", ssl.CERT_REQUIRED),
        ("ciphers", "HIGH"),
        ("http2_cleartext", "prior-knowledge"),
        ("http_protocols", "h2,h1"),
        ("limit_request_field_size", 100),
        ("limit_request_fields", 10),
        ("limit_request_line", 1000),
        ("max_requests", 1000),
        ("permit_obsolete_folding", True),
        ("permit_unconventional_http_method", True),
        ("permit_unconventional_http_version", True),
        ("post_request", lambda worker, request, environ, response: None),
        ("pre_request", lambda worker, request: None),
        ("protocol", "uwsgi"),
        ("proxy_protocol", "v1"),
        ("reload", True),
        ("root_path", "/model"),
        ("ssl_context", lambda config, default: default()),
        ("strip_header_spaces", True),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_setting_of_gunicorn_that_would_have_no_effect_is_refused(name: str, value: object) -> None:
    with pytest.raises(RuntimeError, match=f"unset {name}$"):
        check(**{name: value})


@pytest.mark.parametrize("given", ["certfile", "keyfile"])
def test_a_certificate_without_its_key_is_refused_and_the_other_way_round(given: str) -> None:
    with pytest.raises(RuntimeError, match="give both certfile and keyfile"):
        check(**{given: "file.pem"})


def test_a_certificate_that_is_missing_or_no_certificate_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no certificate")
    for file in (tmp_path / "missing", text):
        with pytest.raises(RuntimeError, match="certfile and keyfile can't be used: "):
            check(certfile=str(file), keyfile=str(file))


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:word", "-subj", "/CN=x"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    with pytest.raises(RuntimeError, match="certfile and keyfile can't be used: "):
        check(certfile=certificate, keyfile=key)


@pytest.mark.parametrize(("form", "taken"), [("PKCS8", True), ("TraditionalOpenSSL", False)])
def test_a_key_in_another_form_than_granian_reads_is_refused(tmp_path: Path, form: str, taken: bool) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    write_certificate(certificate, key)
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key.write_bytes(loaded.private_bytes(pem, getattr(serialization.PrivateFormat, form), plain))
    with nullcontext() if taken else pytest.raises(RuntimeError, match="in PKCS#8 only"):
        check(certfile=str(certificate), keyfile=str(key))


def test_a_worker_whose_server_stops_by_itself_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[Callable[[], object]] = []
    codes: list[int] = []

    def stop_at_once(_: GranianWorker, on_stop: Callable[[], None]) -> Callable[[], None]:
        on_stop()
        return lambda: None

    cfg: Any = Config()
    worker = GranianWorker(1, os.getppid(), [], None, 30, cfg, Logger(cfg))
    monkeypatch.setattr(GranianWorker, "_serve", stop_at_once)
    monkeypatch.setattr(module.atexit, "register", at_exit.append)
    monkeypatch.setattr(module.os, "_exit", codes.append)
    with pytest.raises(RuntimeError, match="stopped by itself"):
        worker.run()
    (end,) = at_exit
    end()
    assert codes == [1]
    worker.tmp.close()
