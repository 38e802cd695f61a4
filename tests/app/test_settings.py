"""Settings come from the environment, once, and a wrong one is named."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import VERSION, SettingError, Settings, service_links
from registry.settings import variable
from tests.conftest import Keys

README = Path(__file__).parent.parent.parent / "README.md"


def test_without_variables_the_defaults_apply() -> None:
    assert Settings.from_env({"PATH": "/bin"}) == Settings()


def test_every_setting_is_read_from_its_variable(keys: Keys) -> None:
    environ = {
        "SERVE_MODEL": "other",
        "SERVE_MODELS": "/m",
        "SERVE_LOGS": "/l",
        "SERVE_BIND": "[::1]:80",
        "SERVE_SERVER": "granian",
        "SERVE_WORKERS": "3",
        "SERVE_THREADS": "2",
        "SERVE_RUNTIME": "keras",
        "SERVE_DURABILITY": "fsync",
        "SERVE_MAX_ROWS": "7",
        "SERVE_MAX_BODY": "99",
        "SERVE_MAX_UPLOAD": "100",
        "SERVE_MAX_VERSIONS": "2",
        "SERVE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,fd00::/8",
        "SERVE_PREFIX": "/houses/1.0",
        "SERVE_TOKENS": "/t",
        "SERVE_PAGE_TOKENS": "/p",
        "SERVE_FEEDBACK_TOKEN": "0123456789abcdef",
        "SERVE_REQUEST_TIMEOUT": "5",
        "SERVE_REQUIRE_SIGNATURE": str(keys.public),
        "SERVE_TWO_PERSON": "1",
        "SERVE_CORS_ORIGINS": "https://Shop.example:443, http://[::1]:3000,app://local",
        "SERVE_TFJS_ORIGINS": "",
        "SERVE_MONITOR": "0",
    }
    settings = Settings.from_env(environ)
    assert set(environ) == {variable(item) for item in fields(Settings)}
    assert {variable(item): str(getattr(settings, item.name)) for item in fields(Settings)} == environ
    assert settings.address == ("::1", 80)
    assert settings.prediction_origins == {"https://shop.example", "http://[::1]:3000", "app://local"}
    assert (settings.file_origins, Settings().file_origins) == (frozenset(), {"*"})
    assert list(map(str, settings.proxies)) == ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SERVE_WORKER", "2", "SERVE_WORKER is not a setting; the settings are SERVE_MODEL, "),
        ("SERVE_WORKERS", "0", "SERVE_WORKERS='0': expected a whole number of at least 1"),
        ("SERVE_WORKERS", "two", "SERVE_WORKERS='two': expected a whole number"),
        ("SERVE_WORKERS", "٣", "expected a whole number"),
        ("SERVE_BIND", "", "SERVE_BIND='': expected HOST:PORT"),
        ("SERVE_SERVER", "uvicorn", "SERVE_SERVER='uvicorn': expected gunicorn or granian"),
        ("SERVE_RUNTIME", "torch", "SERVE_RUNTIME='torch': expected litert or keras"),
        ("SERVE_DURABILITY", "", "SERVE_DURABILITY='': expected write or fsync"),
        ("SERVE_BIND", "5000", "SERVE_BIND='5000': expected HOST:PORT, like 127.0.0.1:5000"),
        ("SERVE_BIND", "localhost:99999", "expected HOST:PORT"),
        (
            "SERVE_TRUSTED_PROXIES",
            "10.0.0.1/8",
            "SERVE_TRUSTED_PROXIES='10.0.0.1/8': expected addresses or networks, like",
        ),
        ("SERVE_TRUSTED_PROXIES", "10.0.0.1,,10.0.0.2", "expected addresses or networks, like 127.0.0.1,10.1.0.0/16"),
        ("SERVE_TRUSTED_PROXIES", "proxy", "expected addresses or networks"),
        *(
            ("SERVE_PREFIX", prefix, f"SERVE_PREFIX={prefix!r}: expected a path like /houses")
            for prefix in (
                "houses",
                "/",
                "/houses/",
                "//example.org",
                "/a/..",
                "/./a",
                "/a b",
                "/a?b",
                "/a%2fb",
                "/a\n",
            )
        ),
        *(
            (f"SERVE_{name}_ORIGINS", origins, f"SERVE_{name}_ORIGINS={origins!r}: expected origins like https://shop")
            for name in ("CORS", "TFJS")
            for origins in (
                "shop.example",
                "https://shop.example/",
                "https://shop.example/path",
                "https://",
                "https://*.shop.example",
                "https://me@shop.example",
                "https://shop.example:0",
                "https://shop.example:65536",
                "https://b\u00fccher.example",
                "https://shop.example https://other.example",
                "https://shop.example,",
                "https://shop.example,*",
                "https://shop.example\n",
                "null",
                " ",
            )
        ),
        ("SERVE_TOKENS", "", "SERVE_TOKENS is empty: expected a file of tokens"),
        ("SERVE_BIND", "unix:relative", "expected HOST:PORT, like 127.0.0.1:5000, *:PORT, or unix:/PATH"),
        ("SERVE_PORT", "5000", "SERVE_PORT is not a setting"),
        ("SERVE_HTTP_PORT", "5000", "SERVE_HTTP_PORT is not a setting"),
        ("SERVE_SERVICE_HOST", "example.org", "SERVE_SERVICE_HOST is not a setting"),
        ("SERVE_PORT_TCP", "tcp://10.0.0.1:80", "SERVE_PORT_TCP is not a setting"),
        ("PORT", "http", "PORT='http': expected a port, or SERVE_BIND in its place"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_env({name: value})
    assert message in str(caught.value)


def test_granian_and_syncs_have_more_threads_unless_the_environment_says_how_many() -> None:
    assert Settings.from_env({"SERVE_SERVER": "granian"}).threads == 64
    assert Settings.from_env({"SERVE_SERVER": "granian", "SERVE_DURABILITY": "fsync"}).threads == 64
    assert Settings.from_env({"SERVE_SERVER": "granian", "SERVE_THREADS": "8"}).threads == 8
    assert Settings.from_env({"SERVE_DURABILITY": "fsync"}).threads == 32
    assert Settings.from_env({"SERVE_DURABILITY": "fsync", "SERVE_THREADS": "4"}).threads == 4
    assert Settings.from_env({"SERVE_SERVER": "gunicorn"}).threads == Settings().threads


# What Kubernetes set in a pod of a namespace with the Services "serve" (two ports, one UDP) and "serve-canary".
LINKS = """
SERVE_SERVICE_HOST=10.96.3.7
SERVE_SERVICE_PORT=80
SERVE_SERVICE_PORT_HTTP=80
SERVE_SERVICE_PORT_DNS_UDP=53
SERVE_PORT=tcp://10.96.3.7:80
SERVE_PORT_80_TCP=tcp://10.96.3.7:80
SERVE_PORT_80_TCP_PROTO=tcp
SERVE_PORT_80_TCP_PORT=80
SERVE_PORT_80_TCP_ADDR=10.96.3.7
SERVE_PORT_53_UDP=udp://10.96.3.7:53
SERVE_PORT_53_UDP_PROTO=udp
SERVE_PORT_53_UDP_PORT=53
SERVE_PORT_53_UDP_ADDR=10.96.3.7
SERVE_CANARY_SERVICE_HOST=fd00::1
SERVE_CANARY_SERVICE_PORT=80
SERVE_CANARY_PORT=tcp://[fd00::1]:80
SERVE_CANARY_PORT_80_TCP=tcp://[fd00::1]:80
SERVE_CANARY_PORT_80_TCP_PROTO=tcp
SERVE_CANARY_PORT_80_TCP_PORT=80
SERVE_CANARY_PORT_80_TCP_ADDR=fd00::1
"""


def test_what_kubernetes_sets_for_a_service_of_that_name_is_ignored() -> None:
    links = dict(line.split("=", 1) for line in LINKS.split())
    assert Settings.from_env({"PATH": "/bin", "SERVE_WORKERS": "3", **links}) == Settings(workers=3)
    assert service_links({"PATH": "/bin", "SERVE_WORKERS": "3", **links}) == list(links)


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({"PORT": "8080"}, ("0.0.0.0", 8080)),
        ({"PORT": "5000", "AIP_HTTP_PORT": "8080"}, ("0.0.0.0", 8080)),
        ({"PORT": "8080", "SERVE_BIND": "127.0.0.1:1"}, ("127.0.0.1", 1)),
        ({"PORT": ""}, ("127.0.0.1", 5000)),
        ({"SERVE_BIND": "*:80"}, ("0.0.0.0", 80)),
        ({"SERVE_BIND": "unix:/run/serve.sock"}, Path("/run/serve.sock")),
    ],
)
def test_it_listens_where_the_setting_says_or_else_the_platform(environ: dict[str, str], address: object) -> None:
    assert Settings.from_env(environ).address == address


def test_the_service_says_the_version_that_the_project_has() -> None:
    project = tomllib.loads((README.parent / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
