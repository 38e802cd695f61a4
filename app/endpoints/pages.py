"""The pages: what the service predicts and how to ask it, and the form, with and without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import mistune
from flask import Blueprint, render_template, request

from app.endpoints.data_plane import DataPlane
from app.endpoints.predict_json import prediction_response
from app.errors import NotFound, ServingError
from app.http.application import Application
from app.http.context import current_request
from app.http.error_responses import status_of
from app.http.form_body import read_form
from app.http.responses import HTML, JSON, negotiate
from registry import Signature

_CONTAINER = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]{1,5})?")
CORRECT_FIELDS = "No prediction: please correct the marked fields."


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    pages = _Pages(plane)
    routes = Blueprint("pages", __name__)
    routes.add_url_rule("/", "index", pages.index)
    routes.add_url_rule("/form", "plain_form", pages.form)
    routes.add_url_rule("/form_async", "form_in_place", lambda: pages.form(in_place=True))
    routes.add_url_rule("/form_csv", "upload", pages.upload)
    routes.add_url_rule("/predict_form", "predict_form", pages.predict_form, methods=["POST"])
    routes.add_url_rule("/models/<name>/<int:version>", "model_card", pages.model_card)
    app.flask.register_blueprint(routes)


class _Pages:
    """The pages, over the versions that can be asked."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._markdown = mistune.create_markdown(escape=True, plugins=["table"])

    def index(self) -> str:
        """Show what is predicted, and how to ask."""
        model = self._plane.router.champion().model
        sent = request.headers.get("Host", "")
        # Names of containers may have an underscore, which werkzeug leaves out of a URL.
        host = sent if _CONTAINER.fullmatch(sent) else "localhost"
        root = request.url_root.replace(":///", f"://{host}/", 1)
        return render_template(
            "index.html",
            signature=model.signature,
            version=model.number,
            root=root,
            needs_token=bool(self._plane.settings.tokens),
        )

    def upload(self) -> str:
        """Show the form for a CSV file."""
        return render_template("upload.html", signature=self._signature())

    def predict_form(self) -> Any:
        """Answer the form, as a page or as JSON."""
        context = current_request()
        typed: dict[str, str] = {}
        as_page = negotiate(HTML, JSON) == HTML
        try:
            fields = read_form(context, self._plane.settings.max_body)
            route = self._plane.router.route(context.client_id)
            batch, typed = route.model.decoder.decode_form(fields)
            result = context.add_complete(self._plane.pipeline.predict(route, batch))
        except ServingError as error:
            if not as_page:
                raise
            context.fail(error)
            marked, messages = _place_errors(error, self._signature().names)
            return self.form(typed=typed, errors=marked, messages=messages), status_of(error)
        return self.form(typed=typed, result=result) if as_page else prediction_response(result, context, single=True)

    def model_card(self, name: str, version: int) -> Any:
        """Show a version's model card."""
        card = self._plane.router.model_card(version) if name == self._plane.settings.model else None
        if card is None:
            raise NotFound(f"{name}: version {version} has no model card here")
        return render_template("model_card.html", card=self._markdown(card), title=f"{name} {version}")

    def _signature(self) -> Signature:
        return self._plane.router.champion().model.signature

    def form(self, **context: Any) -> str:
        """Show the form, with what was typed and what came of it."""
        empty: dict[str, Any] = {"typed": {}, "errors": {}, "messages": []}
        texts = {"signature": self._signature(), "correct_fields": CORRECT_FIELDS}
        return render_template("form.html", **{**empty, **texts, **context})


def _place_errors(error: ServingError, names: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Return the messages that stand at a field, and those that stand below the form."""
    marked = {item.input: item.message for item in reversed(error.errors) if item.input in names}
    messages = [str(item) for item in error.errors if item.input not in names]
    return marked, messages or [CORRECT_FIELDS if marked else error.message]
