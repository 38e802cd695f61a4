"""``/browser``: the model in the reader's browser, by the TensorFlow.js files of the version."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.endpoints.data_plane import DataPlane
from app.errors import NotFound
from app.http.application import Application


def register(app: Application, plane: DataPlane) -> None:  # noqa: ARG001 - to come
    """Add the routes to the application."""

    def page() -> Any:
        raise NotFound("the page is not there yet")

    routes = Blueprint("browser", __name__)
    routes.add_url_rule("/browser", "page", page)
    app.flask.register_blueprint(routes)
