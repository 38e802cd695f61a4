"""The home page and the page to upload a file: what the service predicts, and how to ask it."""

from __future__ import annotations

import re

from flask import Blueprint, render_template, request

from app.endpoints.data_plane import DataPlane
from app.http.application import Application

_CONTAINER = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]{1,5})?")


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
        return render_template("upload.html", signature=self._plane.router.champion().model.signature)
