"""The life of a request: its context, its answer or its error, its rows in the log, its response.

Around Flask, as a WSGI wrapper: paths that ask for a prediction are looked up in a dictionary and answered without
Flask's request context, which costs more than a prediction does. Everything else is Flask's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask, request
from werkzeug import Response

from app.errors import ServingError
from app.http.access import Access
from app.http.audit_log import AuditLog
from app.http.context import RequestContext, current_request, set_current_request, start_request
from app.http.cors import NOT_SHARED, CrossOrigin
from app.http.error_responses import (
    ErrorRenderer,
    HTTPError,
    render_error,
    render_error_page,
    status_of,
    to_serving_error,
)
from app.http.responses import WSGIResponse, send
from app.metrics.recorder import Recorder

logger = logging.getLogger(__name__)

Handler = Callable[[RequestContext], WSGIResponse]
Mirror = Callable[[RequestContext], None]


class Application:
    """The WSGI application: no response leaves before its request's rows are in the log.

    Args:
        flask: answers what has no fast route. Its ``wsgi_app`` is replaced by this object.
        now: returns the time, in seconds since the epoch.
        mirror: is given each answered and logged request that a shadow is to see.
        access: checks who may ask.
        cross_origin: says which pages of other origins may.
        recorder: counts each request.
    """

    def __init__(
        self,
        flask: Flask,
        audit_log: AuditLog,
        now: Callable[[], float],
        mirror: Mirror,
        access: Access,
        recorder: Recorder,
        cross_origin: CrossOrigin,
    ) -> None:
        self.flask = flask
        self.audit_log = audit_log
        self.mirror = mirror
        self._now = now
        self._access = access
        self._recorder = recorder
        self._cross_origin = cross_origin
        self._flask_app = flask.wsgi_app
        self._fast_routes: dict[str, Handler] = {}
        self._questions: dict[str, Callable[[str], bool]] = {}
        self._renderers: dict[str, ErrorRenderer] = {}
        flask.before_request(_note_route)
        flask.register_error_handler(Exception, self._handle_flask_error)
        flask.wsgi_app = self  # type: ignore[method-assign]  # Flask documents it as the place for a wrapper

    def add_fast_route(self, path: str, handler: Handler, *, routed: bool = False) -> None:
        """Answer ``POST path`` with a function of the request's context.

        Args:
            routed: whether Flask has a rule already that answers other methods.
        """
        self._fast_routes[path] = handler
        if not routed:
            self.flask.add_url_rule(path, path, lambda: handler(current_request()), methods=["POST"])

    def add_question(self, path: str, asks: Callable[[str], bool]) -> None:
        """Treat ``GET path`` as a request for a prediction, where its query asks for one.

        Args:
            asks: says it of a query that is not empty, as it was sent.
        """
        self._questions[path] = asks

    @property
    def questions(self) -> Collection[str]:
        """The paths at which a GET may ask for a prediction."""
        return self._questions.keys()

    @property
    def fast_routes(self) -> list[str]:
        """The paths that are answered without Flask."""
        return list(self._fast_routes)

    def register_error_renderer(self, root: str, renderer: ErrorRenderer) -> None:
        """Put errors at ``root`` and below it as a protocol does."""
        self._renderers[root] = renderer

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer a request."""
        context = start_request(environ, self._now())
        handler = self._fast_routes.get(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        default: ErrorRenderer
        if handler is not None:
            context.route, default = environ["PATH_INFO"], render_error
        else:
            set_current_request(context)
            default = self._render_page
        sharing = NOT_SHARED
        response: WSGIResponse
        try:
            if handler is None or "HTTP_ORIGIN" in environ:
                self._note_question(context)
                sharing = self._cross_origin.find(environ)
            if sharing.preflight is not None:
                response = sharing.preflight
            else:
                if self._access.needs_tokens or "HTTP_SEC_FETCH_SITE" in environ:
                    self._access.check(environ, shared=sharing.is_allowed, predicts=context.predicts)
                response = handler(context) if handler is not None else Response.from_app(self._flask_app, environ)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log its rows
            response = self._error_response(error, context, default)
        appended = None
        try:
            appended = self.audit_log.append(context, response.status_code)
        except Exception as error:  # noqa: BLE001 - whatever it is, a reply without its rows must not leave
            response.close()
            response = self._error_response(error, context, default)
        self._count(context, response.status_code, appended)
        try:
            if context.to_mirror and response.status_code == HTTPStatus.OK:
                self.mirror(context)
            return send(response, context, start_response, sharing.headers)
        except BaseException:
            response.close()  # nobody else will
            raise

    def _note_question(self, context: RequestContext) -> None:
        """Note whether a GET asks for a prediction, before it is known who asks: a refusal has its row, too."""
        environ = context.environ
        if environ["REQUEST_METHOD"] == "GET" and (query := environ.get("QUERY_STRING")):
            path = f"/{environ['PATH_INFO'].lstrip('/')}"  # as Flask will find it
            asks = self._questions.get(path)
            if asks is not None and asks(query):
                context.predicts, context.route = True, path

    def _count(self, context: RequestContext, status: int, appended: tuple[float, int] | None) -> None:
        """Count a request; its rows say that it was answered, so it is answered whatever fails here."""
        seconds = time.perf_counter() - context.started
        try:
            self._recorder.record(context.route, status, seconds, context.refused, context.attempts, appended)
        except Exception:
            logger.exception("request %s was not counted", context.request_id)

    def _handle_flask_error(self, error: Exception) -> Any:
        return self._error_response(error, current_request(), self._render_page)

    def _render_page(self, error: ServingError, status: int, context: RequestContext) -> WSGIResponse:
        with self.flask.request_context(context.environ):  # Flask may be done with the request already
            return render_error_page(error, status, context)

    def _error_response(self, error: Exception, context: RequestContext, default: ErrorRenderer) -> WSGIResponse:
        """Return what the client is told about a fault. What it may not know goes to the error log."""
        fault = to_serving_error(error, context)
        status = status_of(fault)
        context.fail(fault)
        if fault is not error and status >= 500:
            logger.error("request %s failed", context.request_id, exc_info=error)
        path = f"/{context.environ['PATH_INFO'].lstrip('/')}/"  # Flask finds its routes behind any number of slashes
        renderers = (renderer for root, renderer in self._renderers.items() if path.startswith(f"{root}/"))
        try:
            response = next(renderers, default)(fault, status, context)
        except Exception:  # noqa: BLE001 - a page can fail where JSON can't: its links need a host name
            response = render_error(fault, status, context)
        if isinstance(fault, HTTPError):
            response.headers.extend(fault.headers)
        return response


def _note_route() -> None:
    """Note the rule that Flask found for a request."""
    if request.url_rule is not None:
        current_request().route = request.url_rule.rule
