"""``python -m app [serve]``: serve with gunicorn, after a check of what would stop it. ``token NAME``: make a token."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from app.http.tokens import new_token
from app.server.sockets import wait_until_free
from app.settings import SettingError, Settings

ROOT = Path(__file__).parent.parent


def main(arguments: list[str]) -> int:
    if len(arguments) == 2 and arguments[0] == "token":
        return _print_token(arguments[1])
    if arguments not in ([], ["serve"]):
        print(
            "usage: python -m app [serve | token NAME]; for its settings see docs/reference/settings.md",
            file=sys.stderr,
        )
        return 2
    try:
        _check_bind(Settings.from_env(os.environ))
    except SettingError as error:
        print(error, file=sys.stderr)
        return 1

    from gunicorn.app.wsgiapp import run

    # The first word only matters at SIGUSR2: gunicorn hands all to a new interpreter, and this makes it start the same.
    sys.argv = ["-mgunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "--pythonpath", str(ROOT)]
    run()
    return 0


def _print_token(name: str) -> int:
    """Print a new token to stderr and its line to stdout, so that the line can be appended to a file."""
    try:
        token, line = new_token(name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(line, flush=True)
    print(f"The token, which is kept nowhere: {token}", file=sys.stderr)
    return 0


def _check_bind(settings: Settings) -> None:
    """Check that the address can be bound: gunicorn would take five seconds and five sentences to say that it can't."""
    try:
        wait_until_free(settings.address)
    except (OSError, UnicodeError) as error:
        reason, advice = getattr(error, "strerror", None) or error, "choose another with SERVE_BIND"
        if getattr(error, "errno", 0) == errno.EADDRINUSE:
            advice = f"end the program that listens there (`ss -lp` shows it), or {advice}"
        raise SettingError(f"SERVE_BIND={settings.bind}: can't be bound ({reason}); {advice}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
