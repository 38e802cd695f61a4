"""Who may ask: whoever has the token that is needed, and no form of another site."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from werkzeug.datastructures import Authorization

from app.http.audit_log import SAFE_METHODS
from app.http.error_responses import HTTPError
from app.http.forwarded import is_local
from app.http.tokens import TokenFile, Tokens

FEEDBACK_PATH, FORM_FEEDBACK_PATH = "/feedback", "/form/feedback"
# They say no more than whether the service works; and the files of the pages are the same everywhere.
_OPEN_PATHS = frozenset({"/health", "/health/live", "/health/ready", "/ping", "/v2/health/live", "/v2/health/ready"})
_OPEN_FOLDER = "/static/"
_OTHER_PAGE = "a page of another site may not ask for predictions or tell what is true"
_PORT = re.compile(r":[0-9]*$")


class Access:
    """Who may ask for what.

    Args:
        tokens: the file of the tokens for predictions; empty if everybody may ask for them.
        page_tokens: the file of those for everything that tells of the model and the service; likewise.
        feedback_token: the token for ground truth; empty if it is taken from this machine only.

    Attributes:
        needs_tokens: whether not everybody may ask for predictions and pages.
        needs_feedback_token: whether whoever says what is true needs a token.
    """

    def __init__(self, tokens: str, page_tokens: str, feedback_token: str) -> None:
        self._predictions = TokenFile(Path(tokens), "predictions") if tokens else None
        self._pages = TokenFile(Path(page_tokens), "pages") if page_tokens else None
        digest = sha256(feedback_token.encode()).digest()
        self._feedback = Tokens("feedback", [("feedback", digest)]) if feedback_token else None
        self.needs_tokens = bool(tokens or page_tokens)
        self.needs_feedback_token = bool(feedback_token)

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
        """Return whether a client may say what is true, if it has the token where one is needed.

        A browser sends the token only when it is asked for one, so it has none when it loads the form.
        """
        return self.needs_feedback_token or is_local(environ)

    def shows_details(self, environ: dict[str, Any]) -> bool:
        """Return whether a client may see how the service is."""
        return self._pages is None or self._pages.find(_authorization(environ)) is not None

    def may_see_records(self, environ: dict[str, Any]) -> bool:
        """Return whether a client may see what the logs hold of a request: whoever has a token for pages.

        If no page needs a token, only who is on this machine: clients choose ids, so others could guess them.
        """
        return is_local(environ) if self._pages is None else self.shows_details(environ)


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
