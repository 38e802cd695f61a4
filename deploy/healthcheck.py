"""Exit 0 if the service says that it is ready, otherwise 1 with the reason: the image's HEALTHCHECK. Stdlib only."""

from __future__ import annotations

import http.client
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import closing

# The host to ask if it binds to all.
ANY = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - only looked up


def bind_of(environ: Mapping[str, str]) -> str:
    """Return where the service listens, as app/settings.py decides it."""
    port = environ.get("AIP_HTTP_PORT") or environ.get("PORT")
    return environ.get("SERVE_BIND", f"*:{port}" if port else "127.0.0.1:5000")


class Connection(http.client.HTTPConnection):
    """A connection to the service that listens at ``bind``: HOST:PORT, or unix:PATH."""

    def __init__(self, bind: str, timeout: float) -> None:
        self._path = bind.partition("unix:")[2]
        host, _, port = bind.rpartition(":")
        super().__init__("localhost" if self._path else f"{ANY.get(host, host)}:{port}", timeout=timeout)

    def connect(self) -> None:
        """Connect, also to a path."""
        if self._path:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        else:
            super().connect()


def fault(bind: str, timeout: float = 2.0) -> str | None:
    """Return why the service that listens at ``bind`` is not ready; None if it is."""
    try:
        with closing(Connection(bind, timeout)) as connection:
            connection.request("GET", "/health/ready")
            response = connection.getresponse()
            body = response.read(300).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{bind} does not answer: {error}"
    return None if response.status == http.HTTPStatus.OK else f"{bind} answers {response.status}: {body}"


if __name__ == "__main__":
    sys.exit(fault(bind_of(os.environ)))  # a reason goes to stderr, with status 1
