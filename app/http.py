"""What every adapter does alike: read a body, say who may see what, and turn a fault into a reply.

Faults become one :class:`Refusal`, and that becomes a page or the JSON error of the service's own protocol.
"""

from __future__ import annotations

import orjson
from flask import Response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from app.errors import Refusal
from app.record import ID_HEADER, current
from journal import JournalError

JSON, FORM, HTML = "application/json", "application/x-www-form-urlencoded", "text/html"

# Pages need their own files and nothing else, from nobody else.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def read_body(media_type: str, max_body: int) -> bytes:
    """The request's body, which is kept for its row whatever comes of it.

    Raises:
        Refusal: 413 if it is too large, 415 if it is not of this media type in UTF-8.
    """
    record = current()
    try:
        record.body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise Refusal(413, f"the body is too large: send at most {max_body} bytes") from error
    if request.mimetype != media_type:
        given = request.mimetype or "nothing"
        raise Refusal(415, f"the Content-Type is {given}: send {media_type}")
    if request.mimetype_params.get("charset", "utf-8").lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii"):
        raise Refusal(415, "the charset is not UTF-8: send UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "the body is compressed: send it as it is")
    return record.body


def json_reply(content: object, status: int = 200) -> Response:
    """A reply in JSON; numpy's float32 is written with the fewest digits that read back the same, as in the log."""
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, content_type=JSON)


def wants_page() -> bool:
    """Whether the client would rather see a page than JSON."""
    return request.accept_mimetypes.best_match([JSON, HTML]) == HTML


def as_refusal(error: Exception) -> Refusal:
    """What a client is told about any fault: never more than it may know."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, JournalError):
        return Refusal(503, "the log can't be written, so there is no answer: try again later")
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return Refusal(405, f"{request.path} takes {allowed}, not {request.method}")
    if isinstance(error, HTTPException):
        return Refusal(error.code or 500, f"{request.path}: {error.name.lower()}")
    return Refusal(500, "the service failed; its error log has the reason under this request id")


def refusal_reply(refusal: Refusal) -> Response:
    """A refusal as a page for who wants one, else as JSON."""
    if wants_page():
        return Response(render_template("error.html", refusal=refusal), refusal.status, mimetype=HTML)
    problems = [{"row": item.row, "input": item.input, "message": item.message} for item in refusal.problems]
    body = {"success": False, "error": refusal.error, "problems": problems, "request_id": current().request_id}
    return json_reply(body, refusal.status)


def finish(response: Response) -> Response:
    """The headers that every reply has."""
    headers = response.headers
    headers[ID_HEADER] = current().request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == HTML:
        headers["Content-Security-Policy"] = PAGE_POLICY
        headers["Referrer-Policy"] = "no-referrer"
    return response
