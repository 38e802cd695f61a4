"""``POST /form/feedback``: a person who saw the form's answer says what the real value is.

It goes the way of all ground truth (``POST /feedback``), with the source ``form``.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from app.codecs.typed_number import parse_typed
from app.endpoints.data_plane import DataPlane
from app.errors import InvalidTruth
from app.http.access import Access
from app.http.audit_log import SentTruth, add_truths
from app.http.context import current_request
from app.http.error_responses import status_of
from app.http.form_body import read_form
from app.http.responses import HTML, JSON, JSONResponse, negotiate

SOURCE = "form"
_FIELDS = ("request_id", "actual", "comment")


class FormTruth:
    """Takes ground truth as form fields.

    Args:
        access: says who may tell.
    """

    def __init__(self, plane: DataPlane, access: Access) -> None:
        self._plane = plane
        self._access = access

    def tell(self) -> Any:
        """Record one truth, and say so as a page or as JSON; or why it is refused."""
        context = current_request()
        self._access.check_feedback(context.environ)
        fields = [(name, text) for name, text in read_form(context, self._plane.settings.max_body) if name in _FIELDS]
        typed = dict(reversed(fields))
        signature = self._plane.router.champion().model.signature
        as_page, problems = negotiate(HTML, JSON) == HTML, {}
        try:
            members = [(name, _value(name, text)) for name, text in fields]
            add_truths(context, [SentTruth([*members, ("source", SOURCE)])], signature.output.plausible)
        except InvalidTruth as error:
            if not as_page:
                raise
            context.fail(error)
            problems = {item.input: item.message for item in reversed(error.errors)}
        if not as_page:
            return JSONResponse({"success": True, "recorded": 1, "request_id": context.request_id})
        # The query is what was typed into the form: nothing but the way back to the answer.
        query = request.environ.get("QUERY_STRING", "")
        page = render_template("truth.html", signature=signature, typed=typed, problems=problems, query=query)
        return page, status_of(InvalidTruth("")) if problems else 200


def _value(name: str, text: str) -> object:
    """Return what a field says: a number as it is typed, a text, or nothing."""
    return parse_typed(text) if name == "actual" and text.strip() else text or None
