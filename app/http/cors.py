"""Cross-origin resource sharing: the pages of which other origins may ask, and read the answers.

Browsers ask first, without a token, whether a page may send what it wants to send (a preflight); and show the page an
answer, an error too, only if its headers say so. See https://fetch.spec.whatwg.org/#http-cors-protocol. Cookies and
passwords that the browser keeps are never accepted: a page sends its token in a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug import Response

ANY = "*"
_READING = frozenset({"GET", "HEAD"})
# Where predictions are asked for; not /feedback, nor the form.
_PREDICTIONS = re.compile(r"/predict_json|/predict_csv|/invocations|/v1/.+|/v2/models/.+/infer")
# TensorFlow.js files, which are made to be loaded by other pages.
_FILES = re.compile(r"/models/[^/]+/[0-9]+/tfjs/.+")
_SENT = (
    "Accept, Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, X-Client-ID, X-Request-ID"
)
_SHOWN = (
    "Content-Disposition, ETag, Inference-Header-Content-Length, Retry-After, WWW-Authenticate, "
    "X-Model-Version, X-Request-ID"
)
_MAX_AGE = 7200  # seconds for which a browser need not ask again; Chromium takes no more

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sharing:
    """What one request's page may do.

    Attributes:
        is_allowed: whether it is a page of another origin that may read the answer.
        headers: those of the answer, whatever it is.
        preflight: the answer to a browser that asks first.
    """

    is_allowed: bool = False
    headers: Headers = ()
    preflight: Response | None = None


NOT_SHARED = Sharing()


@dataclass(frozen=True, slots=True)
class _Rule:
    paths: re.Pattern[str]
    methods: frozenset[str]
    origins: frozenset[str]

    def allowed_origin(self, origin: str) -> str:
        """Return what the answer to this origin names as allowed; empty if nothing is."""
        if ANY in self.origins:
            return ANY
        return origin if origin.lower() in self.origins else ""


class CrossOrigin:
    """The origins whose pages may ask.

    Args:
        predictions: for predictions: origins in lower case, or ``*``.
        files: for TensorFlow.js files; likewise.
    """

    def __init__(self, predictions: frozenset[str], files: frozenset[str]) -> None:
        rules = (_Rule(_PREDICTIONS, frozenset({"POST"}), predictions), _Rule(_FILES, _READING, files))
        self._rules = [rule for rule in rules if rule.origins]

    def find(self, environ: dict[str, Any]) -> Sharing:
        """Return what a request's page may do."""
        method, path, origin = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_ORIGIN", "")
        asks_first = method == "OPTIONS" and bool(origin)
        wanted = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "") if asks_first else method
        for rule in self._rules:
            if wanted in rule.methods and rule.paths.fullmatch(path):
                allowed = rule.allowed_origin(origin)
                headers = tuple(_headers(rule, allowed))
                preflight = _preflight(rule) if asks_first and allowed else None
                return Sharing(bool(origin and allowed), headers, preflight)
        return NOT_SHARED


def _headers(rule: _Rule, allowed: str) -> Iterator[tuple[str, str]]:
    if ANY not in rule.origins:
        yield "Vary", "Origin"  # else a cache would give one origin's answer to another
    if allowed:
        yield "Access-Control-Allow-Origin", allowed
        yield "Access-Control-Expose-Headers", _SHOWN


def _preflight(rule: _Rule) -> Response:
    response = Response(status=204)
    del response.headers["Content-Type"]
    response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(rule.methods))
    response.headers["Access-Control-Allow-Headers"] = _SENT
    response.headers["Access-Control-Max-Age"] = str(_MAX_AGE)
    return response
