"""Which version a URL asks for, in the protocols that name models and versions in it."""

from __future__ import annotations

from app.errors import NotFound
from app.http.context import RequestContext
from app.routing.router import ModelRouter
from app.routing.table import Route

_MAX_DIGITS = 18


def select_route(
    router: ModelRouter, model: str, name: str, number: str | None, context: RequestContext | None = None
) -> Route:
    """Return the route of the version that a URL names; without a number, of the one that answers this request.

    Args:
        model: the model that is served.
        name: the model that the URL names.
        number: as the URL has it.
        context: of a request for a prediction; without one, the champion is meant.

    Raises:
        NotFound: if the model is another one, or the version is not published.
        NotReady: if there is no version that can answer.
    """
    if name != model:
        raise NotFound(f"there is no model {name} here, only {model}")
    if number is None:
        return router.route(context.client_id) if context else router.champion()
    if not number.isascii() or not number.isdecimal() or len(number) > _MAX_DIGITS:
        raise NotFound(f"{model}: version {number} is not published")
    return router.pinned(int(number))
