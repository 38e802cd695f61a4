"""The home page and the page to upload a file: what the service predicts, how good it is, and how to ask it."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request
from markupsafe import Markup
from werkzeug import Response

from app.endpoints.data_plane import DataPlane
from app.endpoints.lately import LatelyReader
from app.endpoints.snippets import make_snippets
from app.endpoints.version_summary import Summary, SummaryReader
from app.http.application import Application
from app.http.responses import revalidated_page
from registry import Signature

_CONTAINER = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]{1,5})?")
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    pages = _Pages(plane)
    routes = Blueprint("pages", __name__)
    routes.add_url_rule("/", "index", pages.index)
    routes.add_url_rule("/form_csv", "upload", pages.upload)
    app.flask.register_blueprint(routes)


class _Pages:
    """The pages, over the versions that can be asked."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lately = LatelyReader(plane.audit_log)
        self._summaries = SummaryReader(plane.settings.store())
        self._plot: tuple[Summary, Markup] = (Summary(), Markup())  # drawn once for a version

    def index(self) -> Response:
        """Show what is predicted, how good it is, how to ask, and what happened lately."""
        model = self._plane.router.champion().model
        signature = model.signature
        count = len(signature.inputs)
        summary = self._summaries.read(model)
        page = render_template(
            "index.html",
            signature=signature,
            version=model.number,
            count=_COUNTS[count] if count < len(_COUNTS) else count,
            summary=summary,
            plot=self._draw(summary, signature),
            snippets=make_snippets(f"{_root()}predict_json", signature, token=bool(self._plane.settings.tokens)),
            lately=self._lately.read(signature.names),
        )
        return revalidated_page(page)

    def _draw(self, summary: Summary, signature: Signature) -> Markup:
        if self._plot[0] is not summary:
            drawn = render_template("index_plot.html", summary=summary, signature=signature) if summary.figures else ""
            self._plot = summary, Markup(drawn)  # noqa: S704 - what a template has escaped
        return self._plot[1]

    def upload(self) -> str:
        """Show the form for a CSV file."""
        signature = self._plane.router.champion().model.signature
        return render_template("upload.html", signature=signature, max_upload=self._plane.settings.max_upload)


def _root() -> str:
    """Return the address of the service, as the client would have to write it."""
    sent = request.headers.get("Host", "")
    # Names of containers may have an underscore, which werkzeug leaves out of a URL.
    host = sent if _CONTAINER.fullmatch(sent) else "localhost"
    return request.url_root.replace(":///", f"://{host}/", 1)
