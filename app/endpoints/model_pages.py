"""The pages of the versions: a version's model card, all versions, two compared, and the files that are published."""

from __future__ import annotations

from typing import Any

import mistune
from flask import Blueprint, render_template

from app.endpoints.data_plane import DataPlane
from app.errors import NotFound
from app.http.application import Application


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    pages = _ModelPages(plane)
    routes = Blueprint("models", __name__)
    routes.add_url_rule("/models", "index", pages.index)
    routes.add_url_rule("/models/<name>/<int:version>", "card", pages.card)
    app.flask.register_blueprint(routes)


class _ModelPages:
    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._markdown = mistune.create_markdown(escape=True, plugins=["table"])

    def index(self) -> Any:
        """Show every version."""
        raise NotFound("there is no list of versions yet")

    def card(self, name: str, version: int) -> Any:
        """Show a version's model card."""
        card = self._plane.router.model_card(version) if name == self._plane.settings.model else None
        if card is None:
            raise NotFound(f"{name}: version {version} has no model card here")
        return render_template("model_card.html", card=self._markdown(card), title=f"{name} {version}")
