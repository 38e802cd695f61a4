"""Tokens: those of a file, which has their SHA-256, or one that a setting names; and what a request sends.

A token comes as a bearer token (RFC 6750), or as the password of HTTP Basic (RFC 7617), for browsers ask for one.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from werkzeug.datastructures import Authorization

from app.http.error_responses import HTTPError

logger = logging.getLogger(__name__)

SCHEMES = ("bearer", "basic")
_POLL_INTERVAL = 1.0  # seconds
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(rf"({_NAME.pattern})[ \t]+([0-9a-fA-F]{{64}})\s*")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1


class TokenFileError(ValueError):
    """A file of tokens can't be used."""


class Tokens:
    """Tokens that open something.

    Args:
        realm: what they open.
        digests: their names and SHA-256.
    """

    def __init__(self, realm: str, digests: list[tuple[str, bytes]]) -> None:
        self._realm = realm
        self._digests = digests

    def find(self, authorization: Authorization | None) -> str | None:
        """Return the name of the token that a request has; None if it has no valid one."""
        password = authorization and (authorization.password if authorization.type == "basic" else authorization.token)
        digest = sha256((password or "").encode()).digest()
        names = [name for name, known in self._digests if compare_digest(known, digest)]
        return names[0] if names else None

    def authenticate(self, authorization: Authorization | None) -> str:
        """Return the name of the token that a request has.

        Raises:
            HTTPError: 401 if it has no valid one; 400 if it can't be one.
        """
        if authorization is None or authorization.type not in SCHEMES:
            raise self._refusal(401, "a token is needed: send the header Authorization: Bearer TOKEN")
        if authorization.type == "bearer" and not _TOKEN.fullmatch(authorization.token or ""):
            raise self._refusal(400, "Authorization: expected Bearer and one token", "invalid_request")
        name = self.find(authorization)
        if name is None:
            raise self._refusal(401, f"the token is not valid for {self._realm}", "invalid_token")
        return name

    def _refusal(self, status: int, message: str, error: str = "") -> HTTPError:
        bearer = f'Bearer realm="{self._realm}"' + (f', error="{error}"' if error else "")
        challenges = (bearer, f'Basic realm="{self._realm}", charset="UTF-8"')
        return HTTPError(status, message, [("WWW-Authenticate", challenge) for challenge in challenges])


class TokenFile(Tokens):
    """The tokens of a file, which is read once a second. If it can't be read, those from before stay valid.

    Args:
        clock: seconds that only go forward.
    """

    def __init__(self, path: Path, realm: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(realm, [])
        self._path = path
        self._clock = clock
        self._next_poll = 0.0
        self._fault = ""
        self._poll()

    def find(self, authorization: Authorization | None) -> str | None:
        """Return the name of the token that a request has; None if it has no valid one."""
        self._poll()
        return super().find(authorization)

    def _poll(self) -> None:
        if self._clock() < self._next_poll:
            return
        self._next_poll = self._clock() + _POLL_INTERVAL
        fault = ""
        try:
            self._digests = read_tokens(self._path)
        except TokenFileError as error:
            fault = str(error)
            if fault != self._fault:
                logger.error("%s; tokens that were read before stay valid", fault)
        self._fault = fault


def read_tokens(path: Path) -> list[tuple[str, bytes]]:
    """Return the names and the digests of a file with lines ``NAME SHA-256``; those that begin with # do not count.

    Raises:
        TokenFileError: if it can't be read, or has another line.
    """
    try:
        if not path.is_file():  # reading a pipe would wait for its other end
            raise TokenFileError(f"{path}: there is no such file")
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise TokenFileError(f"{path}: can't be read ({error})") from error
    digests = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            match = _LINE.fullmatch(line)
            if match is None:  # the message does not repeat the line: it may have a token in it
                raise TokenFileError(f"{path}:{number}: expected NAME SHA-256, as `python -m app token NAME` prints it")
            digests.append((match[1], bytes.fromhex(match[2])))
    return digests


def new_token(name: str) -> tuple[str, str]:
    """Return a new token, and its line for a file of tokens.

    Raises:
        ValueError: if nobody can have this name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r}: expected a name of 1 to 64 letters, digits and . _ -")
    token = secrets.token_urlsafe(32)
    return token, f"{name} {sha256(token.encode()).hexdigest()}"
