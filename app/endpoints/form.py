"""The form: made from the signature, answered with JavaScript and without."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from app.endpoints.data_plane import DataPlane
from app.endpoints.predict_json import answer_with
from app.endpoints.query import EXPLAIN, INTERVAL, parse_query
from app.errors import ServingError
from app.http.application import Application
from app.http.context import current_request
from app.http.error_responses import status_of
from app.http.form_body import read_form
from app.http.responses import HTML, JSON, negotiate
from registry import Signature

CORRECT_FIELDS = "No prediction: please correct the marked fields."


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    pages = _Form(plane)
    routes = Blueprint("form", __name__)
    routes.add_url_rule("/form", "page", pages.form)
    routes.add_url_rule("/form_async", "in_place", lambda: pages.form(in_place=True))
    routes.add_url_rule("/predict_form", "predict", pages.predict, methods=["POST"])
    app.flask.register_blueprint(routes)


class _Form:
    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def predict(self) -> Any:
        """Answer the form, as a page or as JSON."""
        context = current_request()
        typed: dict[str, str] = {}
        as_page = negotiate(HTML, JSON) == HTML
        try:
            asked = parse_query(context.environ.get("QUERY_STRING", ""), INTERVAL, EXPLAIN)
            fields = read_form(context, self._plane.settings.max_body)
            route = self._plane.router.route(context.client_id)
            batch, typed = route.model.decoder.decode_form(fields)
            if not as_page:
                return answer_with(asked, self._plane, context, route, batch, single=True)
            result = context.add_complete(self._plane.pipeline.predict(route, batch))
        except ServingError as error:
            if not as_page:
                raise
            context.fail(error)
            marked, messages = _place_errors(error, self._signature().names)
            return self.form(typed=typed, errors=marked, messages=messages), status_of(error)
        return self.form(typed=typed, result=result)

    def form(self, **context: Any) -> str:
        """Show the form, with what was typed and what came of it."""
        empty: dict[str, Any] = {"typed": {}, "errors": {}, "messages": []}
        texts = {"signature": self._signature(), "correct_fields": CORRECT_FIELDS}
        return render_template("form.html", **{**empty, **texts, **context})

    def _signature(self) -> Signature:
        return self._plane.router.champion().model.signature


def _place_errors(error: ServingError, names: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Return the messages that stand at a field, and those that stand below the form."""
    marked = {item.input: item.message for item in reversed(error.errors) if item.input in names}
    messages = [str(item) for item in error.errors if item.input not in names]
    return marked, messages or [CORRECT_FIELDS if marked else error.message]
