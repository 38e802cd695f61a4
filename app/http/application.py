"""The Flask application: the life of a request, from its record to its reply, and in which protocol it is refused.

Knows no model and no protocol: those are added to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.sessions import NullSession, SessionInterface

from app.errors import Refusal
from app.http.context import RequestContext, begin, current
from app.http.responses import Refuse, Reply, add_headers, as_refusal, refusal_page
from journal import Journal, JournalError
from registry import plain

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parents[2] / "templates"


class _NoSessions(SessionInterface):
    """Nobody logs in here, and a session costs a part of every request."""

    _none = NullSession()

    def open_session(self, app: Flask, request: object) -> NullSession:  # noqa: ARG002
        return self._none


class App(Flask):
    """A Flask application in which no reply leaves before its request's rows are in the log.

    Args:
        journal: the logs.
        now: the wall clock, in UTC.
        show: is given the requests that a shadow is to see, once they were answered and logged.
    """

    session_interface = _NoSessions()
    jinja_options = {"trim_blocks": True, "lstrip_blocks": True}  # noqa: RUF012 - as Flask declares it

    def __init__(self, journal: Journal, now: Callable[[], datetime], show: Callable[[RequestContext], None]) -> None:
        super().__init__("app", template_folder=str(TEMPLATES))
        self._journal = journal
        self._now = now
        self.show = show
        self.add_template_filter(plain)
        self.url_map.merge_slashes = False  # a doubled one is another path, and no redirect
        self._predictions: dict[str, Callable[[RequestContext], Reply]] = {}
        self._protocols: list[tuple[str, Refuse]] = []

    def add_protocol(self, root: str, refuse: Refuse) -> None:
        """Say how refusals are put at ``root`` and below it."""
        self._protocols.append((root, refuse))

    def add_prediction(self, path: str, answer: Callable[[RequestContext], Reply], *, routed: bool = False) -> None:
        """Answer ``POST path`` with a function of the request's record.

        It is called without Flask's request context, which costs more than a prediction does.

        Args:
            routed: whether a route that was added says what other methods are history_queries.
        """
        self._predictions[path] = answer
        if not routed:
            self.add_url_rule(path, path, lambda: answer(current()), methods=["POST"])

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """A request, by the short way if it asks for a prediction, else by Flask's."""
        path = environ["PATH_INFO"]
        answer = self._predictions.get(path)
        if answer is None or environ["REQUEST_METHOD"] != "POST":
            return super().wsgi_app(environ, start_response)
        return self._live(environ, answer, self._refuse(path, Reply.refusal))(environ, start_response)

    def full_dispatch_request(self) -> Any:
        """What Flask calls within the request context; here without its hooks before and after, which nothing uses."""
        refuse = self._refuse(request.path, refusal_page)
        return self._live(request.environ, lambda _: self._dispatched(self.dispatch_request()), refuse)

    def _refuse(self, path: str, own: Refuse) -> Refuse:
        """How a refusal is put at this path: as the protocol that it belongs to does, or in our own way."""
        for root, refuse in self._protocols:
            if path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
                return refuse
        return own

    def _live(
        self, environ: dict[str, Any], answer: Callable[[RequestContext], Reply | Response], refuse: Refuse
    ) -> Reply | Response:
        """The life of a request: its record, its answer or what it is told instead, its row, its reply."""
        record = begin(environ, self._now())
        try:
            reply = answer(record)
        except Exception as error:  # noqa: BLE001 - whatever it was, the client is told and the rows are written
            reply = _refused(error, record, refuse)
        if rows := record.rows(reply.status_code):
            try:
                self._journal.append(record.day, rows)
            except JournalError as error:
                reply.close()
                reply = _refused(error, record, refuse)
        if record.shadowed and reply.status_code == HTTPStatus.OK:
            self.show(record)
        add_headers(reply, record)
        return reply

    def _dispatched(self, answer: Any) -> Reply | Response:
        return answer if isinstance(answer, Reply) else self.make_response(answer)


def _refused(error: Exception, record: RequestContext, refuse: Refuse) -> Reply | Response:
    """What the client is told about a fault; what only we may know goes to the error log."""
    refusal = as_refusal(error, record)
    record.error = refusal.error
    if isinstance(error, JournalError):
        logger.error("request %s: %s", record.request_id, error)
    elif not isinstance(error, Refusal) and refusal.status >= 500:
        logger.error("request %s failed", record.request_id, exc_info=error)
    try:
        reply = refuse(refusal, record)
    except Exception:  # noqa: BLE001 - a page needs more than the JSON does: a host name that can stand in links
        reply = Reply.refusal(refusal, record)
    reply.headers.extend(refusal.headers)
    return reply
