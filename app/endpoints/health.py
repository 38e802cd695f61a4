"""``/health/live``: the process answers. ``/health/ready``: it can predict, and can log what it predicts."""

from __future__ import annotations

from typing import Any

from app.endpoints.data_plane import DataPlane
from app.errors import NotReady
from app.http.access import Access
from app.http.application import Application
from app.http.context import current_request
from app.http.responses import JSONResponse
from app.inference.shadow import ShadowMirror


def register(app: Application, plane: DataPlane, shadow: ShadowMirror, access: Access) -> None:
    """Add the routes of the service's own health checks."""

    def live() -> Any:
        return JSONResponse({"live": True})

    def is_ready() -> Any:
        details = access.shows_details(current_request().environ)
        try:
            route = plane.check()
        except NotReady as error:
            return JSONResponse({"ready": False, **({"reason": error.message} if details else {})}, 503)
        if not details:
            return JSONResponse({"ready": True})
        model, breaker, mirrored, faults = route.model, route.breaker, shadow.status(), plane.router.faults
        return JSONResponse(
            {
                "ready": True,
                "model": model.signature.model,
                "version": model.number,
                "sha256": model.digest,
                **({"failing": True} if breaker is not None and breaker.is_open else {}),
                **({"shadow": mirrored} if mirrored else {}),
                # Aliases without a version here, and why; in place of a champion, the one before answers.
                **({"faults": faults} if faults else {}),
            }
        )

    app.flask.add_url_rule("/health/live", "health.live", live)
    app.flask.add_url_rule("/health/ready", "health.ready", is_ready)
