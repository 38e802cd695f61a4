"""``python -m app [serve]``: serve with gunicorn, after a look at what would stop it."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from pathlib import Path

from app.settings import SettingError, Settings

ROOT = Path(__file__).parent.parent
# Workers whose master was killed hold its port until they have seen it, in a second.
_PATIENCE, _PAUSE = 2.0, 0.1


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["serve"]):
        print("usage: python -m app [serve]; the settings are SERVE_ variables, see README.md", file=sys.stderr)
        return 2
    try:
        settings = Settings.from_env(os.environ)
        _check_free(settings)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 1

    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "--pythonpath", str(ROOT)]
    run()
    return 0


def _check_free(settings: Settings) -> None:
    """Say in one sentence that the port is taken. gunicorn would need five, and five seconds."""
    host, port = settings.address
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                return probe.bind(address)
        except (OSError, UnicodeError) as error:
            if getattr(error, "errno", None) != errno.EADDRINUSE or time.monotonic() > deadline:
                reason, advice = getattr(error, "strerror", error), "choose another with SERVE_BIND=HOST:PORT"
                raise SettingError(f"SERVE_BIND={settings.bind}: can't be bound ({reason}); {advice}") from error
        time.sleep(_PAUSE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
