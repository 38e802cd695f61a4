"""Turns a fault into an HTTP status, and into a body in the form of the protocol at that path."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, render_template
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.errors import (
    InvalidInput,
    InvalidTruth,
    MalformedRequest,
    ModelFailed,
    NotFound,
    NotReady,
    ServingError,
    TooLarge,
)
from app.http.context import RequestContext
from app.http.responses import HTML, JSON, JSONResponse, WSGIResponse, negotiate

# Puts a fault and its HTTP status into a response.
ErrorRenderer = Callable[[ServingError, int, RequestContext], WSGIResponse]

_STATUS: dict[type[ServingError], int] = {
    MalformedRequest: 400,
    NotFound: 404,
    TooLarge: 413,
    InvalidInput: 422,
    InvalidTruth: 422,
    ModelFailed: 500,
    NotReady: 503,
}


class HTTPError(ServingError):
    """A fault that is HTTP's own, with its status.

    Args:
        status: of the response.
        headers: further ones of the response.
    """

    def __init__(self, status: int, message: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def status_of(error: ServingError) -> int:
    """Return the HTTP status of a fault."""
    if isinstance(error, HTTPError):
        return error.status
    return next(status for kind, status in _STATUS.items() if isinstance(error, kind))


def to_serving_error(error: Exception, context: RequestContext) -> ServingError:
    """Return what a client is told about any exception. Only the error log has its details."""
    if isinstance(error, ServingError):
        return error
    path = context.environ["PATH_INFO"]
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        message = f"{path} takes {allowed}, not {context.environ['REQUEST_METHOD']}"
        return HTTPError(405, message, [("Allow", allowed)])
    if isinstance(error, HTTPException):
        return HTTPError(error.code or 500, f"{path}: {error.name.lower()}")
    return HTTPError(500, "the service failed; its error log has the reason under this request id")


def render_error(error: ServingError, status: int, context: RequestContext) -> JSONResponse:
    """Return the JSON error of the service's own protocol."""
    problems = [{"row": item.row, "input": item.place, "message": item.message} for item in error.errors]
    content = {"success": False, "error": error.message, "problems": problems, "request_id": context.request_id}
    return JSONResponse(content, status)


def render_error_page(error: ServingError, status: int, context: RequestContext) -> WSGIResponse:
    """Return a page for a client that wants one, else JSON. Needs Flask's request context."""
    if negotiate(JSON, HTML) == JSON:
        return render_error(error, status, context)
    page = render_template("error.html", error=error, status=status, request_id=context.request_id, current="")
    return Response(page, status, mimetype=HTML)


def render_error_member(error: ServingError, status: int, context: RequestContext) -> JSONResponse:  # noqa: ARG001 - an ErrorRenderer
    """Return ``{"error": ...}`` as TensorFlow Serving and Triton do, with 400 for whatever is wrong with a value."""
    return JSONResponse({"error": error.message}, 400 if status == 422 else status)
