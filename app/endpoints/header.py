"""What every page says above its content: the model, the version that answers, and whether the service is ready."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from flask import request

from app.endpoints.data_plane import DataPlane
from app.errors import NotReady
from app.http.access import Access
from app.http.application import Application
from app.http.context import current_request

logger = logging.getLogger(__name__)

# Which page of the menu an endpoint belongs to: by its name, else by its family.
_MENU = {"pages.index": "home", "pages.upload": "upload", "models.card": "model", "docs": "api"}
_FAMILIES = {"form": "form", "models": "versions", "monitor": "monitor", "browser": "browser"}


@dataclass(frozen=True, slots=True)
class Header:
    """What the header shows.

    Attributes:
        model: its name; empty for who may not see it.
        version: the champion's number; None without a champion.
        failing: whether the champion fails, so that requests are kept from it for a while.
        reason: why there are no predictions; empty if there are.
        ready: whether a prediction can be made and logged.
        current: the page's name in the menu; empty if it is in none.
    """

    model: str = ""
    version: int | None = None
    failing: bool = False
    reason: str = ""
    ready: bool = False
    current: str = ""


def register(app: Application, plane: DataPlane, access: Access) -> None:
    """Give every template the ``header``; it is made when a page is drawn, and never keeps it from being drawn."""

    def context() -> dict[str, Any]:
        try:
            return {"header": make_header(plane, access)}
        except Exception:
            logger.exception("the header of a page can't be made")
            return {"header": Header(reason="the error log says why")}

    app.flask.context_processor(context)


def make_header(plane: DataPlane, access: Access) -> Header:
    """Return the header for the request that is answered."""
    shown = access.shows_details(current_request().environ)
    model = plane.settings.model if shown else ""
    version, failing, reason = None, False, ""
    try:
        route = plane.router.champion()
        version, breaker = route.model.number, route.breaker
        failing = breaker is not None and breaker.is_open
        plane.check()
    except NotReady as error:
        reason = error.message
    if not shown:
        return Header(ready=not reason)
    return Header(model, version, failing, reason, not reason, _current(version))


def _current(champion: int | None) -> str:
    endpoint, arguments = request.endpoint or "", request.view_args or {}
    if endpoint == "models.card" and arguments.get("version") != champion:
        return "versions"
    return _MENU.get(endpoint) or _FAMILIES.get(endpoint.partition(".")[0], "")
