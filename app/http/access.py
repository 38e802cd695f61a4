"""Who may ask: tokens, whose SHA-256 a file has or which a setting names, and no form of another site.

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
from typing import Any

from werkzeug.datastructures import Authorization

from app.http.audit_log import SAFE_METHODS
from app.http.error_responses import HTTPError
from app.http.forwarded import is_local

logger = logging.getLogger(__name__)

SCHEMES = ("bearer", "basic")
FEEDBACK_PATH, FORM_FEEDBACK_PATH = "/feedback", "/form/feedback"
_POLL_INTERVAL = 1.0  # seconds
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LINE = re.compile(rf"({_NAME.pattern})[ \t]+([0-9a-fA-F]{{64}})\s*")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1
# They say no more than whether the service works; and the files of the pages are the same everywhere.
_OPEN_PATHS = frozenset({"/health", "/health/live", "/health/ready", "/ping", "/v2/health/live", "/v2/health/ready"})
_OPEN_FOLDER = "/static/"
_OTHER_PAGE = "a page of another site may not ask for predictions or tell what is true"
_PORT = re.compile(r":[0-9]*$")


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


class Access:
    """Who may ask for what.

    Args:
        tokens: the file of the tokens for predictions; empty if everybody may ask for them.
        page_tokens: the file of those for everything that tells of the model and the service; likewise.
        feedback_token: the token for ground truth; empty if it is taken from this machine only.

    Attributes:
        needs_tokens: whether not everybody may ask for predictions and pages.
    """

    def __init__(self, tokens: str, page_tokens: str, feedback_token: str) -> None:
        self._predictions = TokenFile(Path(tokens), "predictions") if tokens else None
        self._pages = TokenFile(Path(page_tokens), "pages") if page_tokens else None
        digest = sha256(feedback_token.encode()).digest()
        self._feedback = Tokens("feedback", [("feedback", digest)]) if feedback_token else None
        self.needs_tokens = bool(tokens or page_tokens)

    def find_tokens(self, method: str, path: str, *, predicts: bool = False) -> Tokens | None:
        """Return the tokens that a request needs one of; None if it needs none.

        Args:
            predicts: whether it asks for a prediction although its method is safe.
        """
        if method not in SAFE_METHODS or predicts:
            return self._feedback if path in (FEEDBACK_PATH, FORM_FEEDBACK_PATH) else self._predictions
        return None if path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER) else self._pages

    def check(self, environ: dict[str, Any], *, shared: bool = False, predicts: bool = False) -> None:
        """Check that a client may ask; the environ's ``REMOTE_USER`` then has the name of its token, if it needs one.

        Args:
            shared: whether the page that asks is one of another origin that may.
            predicts: whether it asks for a prediction although its method is safe.

        Raises:
            HTTPError: if it may not.
        """
        method = environ["REQUEST_METHOD"]
        asks = method not in SAFE_METHODS or (predicts and not _is_navigation(environ))
        if asks and environ.get("HTTP_SEC_FETCH_SITE") == "cross-site" and not shared:
            # The browser may have sent a password along; and images of another site could fill the log.
            raise HTTPError(403, _OTHER_PAGE)
        tokens = self.find_tokens(method, environ["PATH_INFO"], predicts=predicts)
        if tokens is not None and tokens is not self._feedback:  # check_feedback is asked, however the path is written
            environ["REMOTE_USER"] = tokens.authenticate(_authorization(environ))

    def check_feedback(self, environ: dict[str, Any]) -> None:
        """Check that a client may say what is true, as :meth:`check`: with the token, or without one from this machine.

        Raises:
            HTTPError: if it may not.
        """
        if _is_of_another_host(environ):
            raise HTTPError(403, _OTHER_PAGE)
        if self._feedback is not None:
            environ["REMOTE_USER"] = self._feedback.authenticate(_authorization(environ))
        elif not is_local(environ):
            remedy = "set SERVE_FEEDBACK_TOKEN for the service, and send it in the header Authorization: Bearer TOKEN"
            raise HTTPError(
                403, f"without a token, ground truth is taken only from the service's own machine: {remedy}"
            )

    def may_tell(self, environ: dict[str, Any]) -> bool:
        """Return whether a client may say what is true, as :meth:`check_feedback` says it; nobody is noted for it."""
        if self._feedback is not None:
            return self._feedback.find(_authorization(environ)) is not None
        return is_local(environ)

    def shows_details(self, environ: dict[str, Any]) -> bool:
        """Return whether a client may see how the service is."""
        return self._pages is None or self._pages.find(_authorization(environ)) is not None

    def may_see_records(self, environ: dict[str, Any]) -> bool:
        """Return whether a client may see what the logs hold of a request: whoever has a token for pages.

        If no page needs a token, only who is on this machine: clients choose ids, so others could guess them.
        """
        return is_local(environ) if self._pages is None else self.shows_details(environ)


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


def _is_navigation(environ: dict[str, Any]) -> bool:
    """Return whether a browser goes to the page itself: nothing on another page asks, not even in a frame."""
    return (environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")) == ("navigate", "document")


def _is_of_another_host(environ: dict[str, Any]) -> bool:
    """Return whether a page of another host asks, where a browser does not say so: over plain HTTP, or an old one.

    Only a form's POST gets that far; anything else the browser asks about first. Its ``Origin`` tells where it is from.
    Ports are left out, as the browsers leave them out; and a proxy may.
    """
    origin = environ.get("HTTP_ORIGIN")
    if origin is None or "HTTP_SEC_FETCH_SITE" in environ:
        return False
    asking, asked = (_PORT.sub("", host.lower()) for host in (origin.partition("://")[2], environ.get("HTTP_HOST", "")))
    return bool(asking != asked)


def _authorization(environ: dict[str, Any]) -> Authorization | None:
    try:
        return Authorization.from_header(environ.get("HTTP_AUTHORIZATION"))
    except ValueError:  # Basic with what is not ASCII
        return None
