"""Settings come from the environment, once, and a wrong one is named."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import VERSION, SettingError, Settings
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
        "SERVE_REQUIRE_SIGNATURE": str(keys.public),
        "SERVE_TWO_PERSON": "1",
    }
    settings = Settings.from_env(environ)
    assert set(environ) == {variable(item) for item in fields(Settings)}
    assert {variable(item): str(getattr(settings, item.name)) for item in fields(Settings)} == environ
    assert settings.address == ("::1", 80)
    assert list(map(str, settings.proxies)) == ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SERVE_WORKER", "2", "SERVE_WORKER is not a setting; the settings are SERVE_MODEL, "),
        ("SERVE_WORKERS", "0", "SERVE_WORKERS='0': expected a whole number of at least 1"),
        ("SERVE_WORKERS", "two", "SERVE_WORKERS='two': expected a whole number"),
        ("SERVE_WORKERS", "٣", "expected a whole number"),
        ("SERVE_BIND", "", "SERVE_BIND='': expected HOST:PORT"),
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
        ("SERVE_TOKENS", "", "SERVE_TOKENS is empty: expected a file of tokens"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_env({name: value})
    assert message in str(caught.value)


def test_the_service_says_the_version_that_the_project_has() -> None:
    project = tomllib.loads((README.parent / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
