"""``GET /requests/ID``: what is known of a request, for who may see the records, as a page and as JSON.

``python -m audit trace`` searches every day; this searches some, within bounds, one request at a time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request

from app.endpoints.data_plane import DataPlane
from app.errors import MalformedRequest, NotFound, NotReady
from app.http.access import Access
from app.http.application import Application
from app.http.error_responses import HTTPError
from app.http.responses import HTML, JSON, JSONResponse, WSGIResponse, negotiate
from registry import Signature
from request_ids import is_request_id

_EXCERPT = 2000  # characters of a body that are shown
_MAX_BITS = 63  # of a whole number in JSON, besides its sign
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTERVAL = re.compile(r"interval:([^:]+):([^:]+):([^:]+)")


def register(app: Application, plane: DataPlane, access: Access) -> None:
    """Add the route to the application."""
    pages = _Traces(plane, access)
    routes = Blueprint("traces", __name__)
    routes.add_url_rule("/requests/<request_id>", "page", pages.page)
    app.flask.register_blueprint(routes)


class _Traces:
    def __init__(self, plane: DataPlane, access: Access) -> None:
        self._plane = plane
        self._access = access
        self._store = plane.settings.store()
        self._searching = threading.Lock()

    def page(self, request_id: str) -> Any:
        """Show what is known of a request."""
        if not self._access.may_see_records(request.environ):
            remedy = "set SERVE_PAGE_TOKENS for the service, and send one of them"
            raise HTTPError(
                403, f"without tokens for pages, records are shown on the service's own machine only: {remedy}"
            )
        first, last, today = _days()
        command = f"python -m audit trace {request_id}"
        if not is_request_id(request_id):
            raise NotFound("no request can have this id: it has 1 to 128 characters of A-Z a-z 0-9 . _ -")
        with self._turn():
            found, searched = self._search(request_id, first, last, today)
        where = f"{first} and {last}" if first < last else last
        if not found.traces:
            beyond = "" if found.complete else f", in the newest {searched >> 20} MB of the log"
            raise NotFound(f"{request_id} is no request of {where} (UTC){beyond}; `{command}` searches all days")
        traces = [_readable(trace) for trace in found.traces]
        content = {"request_id": request_id, "days": [first, last], "complete": found.complete, "traces": traces}
        response: WSGIResponse
        if negotiate(HTML, JSON) == JSON:
            response = JSONResponse(content)
        else:
            shown = [_shown(trace) for trace in reversed(traces)]
            more = {"where": where, "searched": searched >> 20, "command": command, "model": self._plane.settings.model}
            page = render_template(
                "trace.html",
                request_id=request_id,
                traces=shown,
                complete=found.complete,
                signature=self._signature(),
                **more,
            )
            response = make_response(page)
        response.headers.extend([("Cache-Control", "no-store")])
        return response

    def _search(self, request_id: str, first: str, last: str, today: str) -> tuple[Any, int]:
        from audit.recent_trace import SEARCHED, trace_recent  # a prediction does without it

        try:
            return trace_recent(self._store, self._plane.settings.log_folder, request_id, first, last, today), SEARCHED
        except OSError as error:
            raise NotReady(f"the logs can't be read ({error.strerror or error}): try again later") from error
        except (KeyError, ValueError) as error:
            what = f"`python -m audit trace {request_id}` may show more"
            raise NotReady(f"the logs hold what no service wrote, so this page can't be made; {what}") from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one search of this worker run at a time; no other waits for it, so that the other threads predict."""
        if not self._searching.acquire(blocking=False):
            raise HTTPError(429, "another request is being looked for: try again in a second", [("Retry-After", "1")])
        try:
            yield
        finally:
            self._searching.release()

    def _signature(self) -> Signature | None:
        try:
            return self._plane.router.champion().model.signature
        except NotReady:
            return None


def _days() -> tuple[str, str, str]:
    """Return the first and the last day to search, and today, in UTC: what the query asks for, or the last two days."""
    today = datetime.now(UTC).date()
    asked = request.args.get("day")
    if asked is None:
        return (today - timedelta(days=1)).isoformat(), today.isoformat(), today.isoformat()
    try:
        if not _DAY.fullmatch(asked):
            raise ValueError
        date.fromisoformat(asked)
    except ValueError:
        raise MalformedRequest("day: expected a day like 2026-11-23") from None
    return asked, asked, today.isoformat()


def _readable(content: Any) -> Any:
    """Return a trace that JSON can hold, with no more than the beginning of a body.

    Bytes that are no text become text, and so do whole numbers of more than 64 bits: a card may have them.
    """
    if isinstance(content, Mapping):
        return {name: _readable(value[:_EXCERPT] if name == "body" else value) for name, value in content.items()}
    if isinstance(content, list):
        return list(map(_readable, content))
    if isinstance(content, int) and content.bit_length() > _MAX_BITS:
        return str(content)
    return content.encode("utf-8", "backslashreplace").decode() if isinstance(content, str) else content


def _shown(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trace with the flags of its predictions in words, and their intervals: an input may be called interval.

    The names of what is added have a dash, which no input's name has.
    """
    rows = []
    for row in trace["predictions"]:
        flags = row.get("flags", "").split()
        intervals = [match.groups() for flag in flags if (match := _INTERVAL.fullmatch(flag))]
        others = [flag for flag in flags if flag != "explained" and not _INTERVAL.fullmatch(flag)]
        rows.append({**row, "flags-in-words": list(map(_word, others)), "its-intervals": intervals})
    names = [name for name in (*trace["explanations"], {})[0] if name not in ("time", "request_id", "model")]
    headings = [(name.removeprefix("contribution_"), name) for name in names]
    return {**trace, "predictions": rows, "headings": headings}


def _word(flag: str) -> str:
    name, _, what = flag.partition(":")
    if what == "outside_training":
        return f"{name} lies outside the training range"
    if what == "missing":
        return f"{name} was not given"
    if what == "other":
        return f"{name} was not known to the version"
    if flag == "output:implausible":
        return "the prediction is not plausible, so it was not sent"
    return f"in place of version {what}" if name == "instead_of" else flag
