"""Exit 0 if the service says that it is ready, otherwise 1 with the reason: the image's HEALTHCHECK. Stdlib only."""

from __future__ import annotations

import http.client
import os
import sys
from contextlib import closing

ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - the host to ask if it binds to all


def fault(bind: str, timeout: float = 2.0) -> str | None:
    """Return why the service that listens at ``bind`` (host:port) is not ready; None if it is."""
    host, _, port = bind.rpartition(":")
    try:
        with closing(http.client.HTTPConnection(f"{ANY.get(host, host)}:{port}", timeout=timeout)) as connection:
            connection.request("GET", "/health/ready")
            response = connection.getresponse()
            body = response.read(300).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{bind} does not answer: {error}"
    return None if response.status == http.HTTPStatus.OK else f"{bind} answers {response.status}: {body}"


if __name__ == "__main__":
    sys.exit(fault(os.environ.get("SERVE_BIND", "127.0.0.1:5000")))  # a reason goes to stderr, with status 1
