"""The service's settings: those that every command shares, and those that only the service has."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self

from registry import CommonSettings, Runtime, SettingError
from registry.settings import PREFIX, read_settings, setting, variable

__all__ = ["VERSION", "SettingError", "Settings", "service_links"]

VERSION = "0.2.0"  # of the service, as pyproject.toml has it
PATH_PREFIX = re.compile(r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)+")
ANY_HOST = "0.0.0.0"  # noqa: S104 - what * means, and what platforms that give a port expect
_BIND = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+):([0-9]{1,5})")
_UNIX = "unix:"
# RFC 6454, section 6.2. A page in an application may have a scheme of its own.
_ORIGIN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])"
    r"(:(?!0)(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[0-5]?[0-9]{1,4}))?"
)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}  # browsers leave them out
# Where platforms say which port to listen on, the more special first: Vertex AI; Cloud Run, Heroku and others.
_PORTS = ("AIP_HTTP_PORT", "PORT")
# How many threads there are by default where 4 are too few. Granian starts one when it is needed, and a slow body or
# reply holds it. With fsync, all requests that are waiting share one sync.
_THREADS = {("SERVE_SERVER", "granian"): "64", ("SERVE_DURABILITY", "fsync"): "32"}
# What Kubernetes sets for a Service called "serve", or "serve-" and more, in each container, as Docker's links did.
_SERVICE_LINK = re.compile(
    rf"{PREFIX}(?:[A-Z0-9_]+_)?(?:"
    r"SERVICE_HOST=[0-9a-fA-F:.]+|SERVICE_PORT(?:_[A-Z0-9_]+)?=[0-9]+|PORT=(?:tcp|udp|sctp)://.+|"
    r"PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:=(?:tcp|udp|sctp)://.+|_ADDR=.+|_PORT=[0-9]+|_PROTO=(?:tcp|udp|sctp)))"
)


def _cores() -> int:
    """Return how many cores this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks that a text lists; none if one of them can't be read."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(","))
    except ValueError:
        return ()


def _are_origins(text: str) -> bool:
    """Return whether a text is empty, ``*``, or a list of origins: without a path, and never ``null``."""
    return text in ("", "*") or all(map(_ORIGIN.fullmatch, _split(text)))


def _origins(text: str) -> frozenset[str]:
    """Return the origins of a list that was checked, as browsers write them: in lower case, without a default port."""
    origins = [part.lower() for part in _split(text) if part]
    return frozenset(origin.removesuffix(_DEFAULT_PORTS.get(origin.partition(":")[0], "\n")) for origin in origins)


def _split(text: str) -> list[str]:
    return [part.strip(" \t") for part in text.split(",")]


def _is_address(text: str) -> bool:
    if text.startswith(_UNIX):
        return text.startswith(f"{_UNIX}/")
    match = _BIND.fullmatch(text)
    return match is not None and int(match[2]) < 1 << 16


def service_links(environ: Mapping[str, str]) -> list[str]:
    """Return the names of variables that Kubernetes has set for a Service, and that look like settings."""
    return [name for name, value in environ.items() if _SERVICE_LINK.fullmatch(f"{name}={value}")]


def _with_threads(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with SERVE_THREADS, if it leaves that open and another setting asks for more of them."""
    threads = next((threads for (name, value), threads in _THREADS.items() if environ.get(name) == value), None)
    return {"SERVE_THREADS": threads, **environ} if threads else environ


def _with_platform_port(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with SERVE_BIND, if only the platform says which port to listen on."""
    name = next((name for name in _PORTS if environ.get(name)), None)
    if name is None or "SERVE_BIND" in environ:
        return environ
    bind = f"{ANY_HOST}:{environ[name]}"
    if not _is_address(bind):
        raise SettingError(f"{name}={environ[name]!r}: expected a port, or SERVE_BIND in its place")
    return {**environ, "SERVE_BIND": bind}


@dataclass(frozen=True, slots=True)
class Settings(CommonSettings):
    """Each field is read from SERVE_ and its name in capitals."""

    bind: str = setting(
        "127.0.0.1:5000",
        "the address to listen on: HOST:PORT, *:PORT (every address), or unix:PATH (a socket in the file system)",
        check=_is_address,
        expected="HOST:PORT, like 127.0.0.1:5000, *:PORT, or unix:/PATH",
    )
    server: Literal["gunicorn", "granian"] = setting(
        "gunicorn", "what speaks HTTP: gunicorn, or granian (faster, to be run behind a proxy, installed separately)"
    )
    workers: int = setting(_cores(), "worker processes")
    threads: int = setting(
        4,
        "threads in each worker: requests that it works on at the same time; the default is 64 with granian, otherwise "
        "32 with fsync (requests that wait for the disk share a sync)",
    )
    runtime: Runtime = setting(
        "litert",
        "what runs the model: litert, or keras (the reference, and for models that LiteRT can't run; needs TensorFlow)",
    )
    durability: Literal["write", "fsync"] = setting(
        "write", "when a row counts as logged: write (survives the process) or fsync (survives a power loss)"
    )
    max_rows: int = setting(10_000, "rows that one request may ask for")
    max_body: int = setting(1 << 20, "bytes that a request's body may have")
    max_upload: int = setting(1 << 28, "bytes that a CSV file sent to /predict_csv may have")
    request_timeout: int = setting(30, "seconds in which a request must arrive, from its first byte to its last")
    max_versions: int = setting(4, "versions that a worker keeps open beside the champion, for those who name one")

    trusted_proxies: str = setting(
        "",
        "addresses and networks of the proxies whose X-Forwarded headers count, separated by commas",
        check=_networks,
        expected="addresses or networks, like 127.0.0.1,10.1.0.0/16",
    )
    prefix: str = setting(
        "",
        "the path under which a proxy offers the service, if the proxy does not say it",
        check=PATH_PREFIX.fullmatch,
        expected="a path like /houses",
    )
    tokens: str = setting("", "a file of tokens: a request for predictions needs one of them")
    page_tokens: str = setting("", "a file of tokens: the pages and descriptions need one of them")
    feedback_token: str = setting(
        "",
        "the token itself, for /feedback and the form; without it, ground truth is taken from this machine only",
        check=re.compile(r"(?=.{16})[A-Za-z0-9._~+/-]+=*").fullmatch,
        expected="at least 16 characters of A-Z a-z 0-9 . _ ~ + / -, as `openssl rand -base64 32` prints them",
        secret=True,
    )
    cors_origins: str = setting(
        "",
        "origins whose pages may ask for predictions, separated by commas, or * for every origin; empty for none",
        check=_are_origins,
        expected="origins like https://shop.example or http://localhost:3000, without a path, or * alone",
    )
    tfjs_origins: str = setting(
        "*",
        "origins whose pages may load the TensorFlow.js files of the versions, or * for every origin; empty for none",
        check=_are_origins,
        expected="origins like https://shop.example or http://localhost:3000, without a path, or * alone",
    )
    monitor: Literal["0", "1"] = setting("1", "0: `make run` starts no monitor beside the service")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings, after a check that the public key can be used.

        Raises:
            SettingError: if a value can't be used, or a SERVE_ variable is not a setting.
        """
        known = [variable(item) for item in fields(cls)]
        ignored = service_links(environ)
        if unknown := [name for name in environ if name.startswith(PREFIX) and name not in [*known, *ignored]]:
            raise SettingError(f"{min(unknown)} is not a setting; the settings are {', '.join(known)}")
        settings = read_settings(cls, _with_threads(_with_platform_port(environ)))
        settings.store()
        return settings

    @property
    def prediction_origins(self) -> frozenset[str]:
        """The origins of ``cors_origins``, as browsers write them."""
        return _origins(self.cors_origins)

    @property
    def file_origins(self) -> frozenset[str]:
        """The origins of ``tfjs_origins``, as browsers write them."""
        return _origins(self.tfjs_origins)

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of ``trusted_proxies``."""
        return _networks(self.trusted_proxies)

    @property
    def address(self) -> tuple[str, int] | Path:
        """The host and the port of ``bind``, or the path of its Unix socket."""
        if self.bind.startswith(_UNIX):
            return Path(self.bind.removeprefix(_UNIX))
        host, _, port = self.bind.rpartition(":")
        return ANY_HOST if host == "*" else host.strip("[]"), int(port)
