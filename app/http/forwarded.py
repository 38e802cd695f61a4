"""Behind a proxy: the client and the address that the proxy was asked by, from its ``X-Forwarded`` headers; and whether
a request came through one at all.

They count only on a connection from a trusted proxy. A proxy adds to a list at its right end; what stands further left
may be a client's invention.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

# Who comes through a proxy is not on this machine, even if the proxy is. Envoy may add X-Forwarded-Proto alone.
_PROXY_HEADERS = ("HTTP_X_FORWARDED_", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_X_ENVOY_")
_THIS_HOST = "127.0.0.1"  # who comes through a Unix socket has no address


@dataclass(frozen=True, slots=True)
class ForwardedHeaders:
    """WSGI middleware that puts what a trusted proxy says into the environ, and takes the path prefix off the path.

    Attributes:
        application: what answers.
        proxies: the networks whose headers count.
        prefix: under which path the service is offered, if no proxy says it; may be empty.
        is_prefix: whether a proxy's text can be a prefix.
        roots: the first parts of the service's own paths. A prefix that begins with one is not taken off, because the
            path may be the service's own: there the proxy has to do it.
    """

    application: Callable[..., Iterable[bytes]]
    proxies: Collection[IPv4Network | IPv6Network]
    prefix: str
    is_prefix: Callable[[str], object]
    roots: Collection[str]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        prefix = self.prefix
        if self._is_proxy(peer := parse_address(environ["REMOTE_ADDR"] or _THIS_HOST)):
            environ["REMOTE_ADDR"] = str(self._client(peer, environ.get("HTTP_X_FORWARDED_FOR", "")))
            if (scheme := _last(environ, "PROTO").lower()) in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            if host := _last(environ, "HOST"):
                environ["HTTP_HOST"] = host
            if self.is_prefix(sent := _last(environ, "PREFIX").rstrip("/")):
                prefix = sent
        if prefix:
            environ["SCRIPT_NAME"] = prefix
            path = environ["PATH_INFO"]
            if f"{path}/".startswith(f"{prefix}/") and prefix.split("/")[1] not in self.roots:
                environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
        return self.application(environ, start_response)

    def _is_proxy(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self.proxies)

    def _client(self, peer: object, forwarded: str) -> object:
        """Return the last address that is no proxy's; where the list ends or has no address, the proxy before it."""
        for text in reversed(forwarded.split(",")):
            address = parse_address(text)
            if address is None:
                break
            peer = address
            if not self._is_proxy(address):
                break
        return peer


def _last(environ: dict[str, Any], name: str) -> str:
    text: str = environ.get(f"HTTP_X_FORWARDED_{name}", "")
    return text.rpartition(",")[2].strip()


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address, which may have a port behind it; None if the text is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_local(environ: dict[str, Any]) -> bool:
    """Return whether a request comes from this machine, and not through a proxy.

    A page of another site can make its own name lead to this machine (DNS rebinding), so the host is looked at too.
    """
    if any(name.startswith(_PROXY_HEADERS) for name in environ):
        return False
    peer, host = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_HOST", "")
    is_local_name = host.partition(":")[0] in ("", "localhost")
    return (not peer or _is_loopback(peer)) and (is_local_name or _is_loopback(host))  # a Unix socket has no peer


def _is_loopback(address: str) -> bool:
    parsed = parse_address(address)
    return parsed is not None and parsed.is_loopback
