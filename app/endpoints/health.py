"""``/health/live``: the process answers. ``/health/ready``: it can predict, and can log what it predicts."""

from __future__ import annotations

from typing import Any

from app.errors import NotReady
from app.http.application import Application
from app.http.audit_log import AuditLog
from app.http.responses import JSONResponse
from app.inference.shadow import ShadowMirror
from app.routing.router import ModelRouter
from app.routing.table import Route


class Readiness:
    """Whether a prediction can be made and logged."""

    def __init__(self, router: ModelRouter, audit_log: AuditLog) -> None:
        self._router = router
        self._audit_log = audit_log

    def check(self) -> Route:
        """Return the route that would answer.

        Raises:
            NotReady: with the reason why nothing can.
        """
        route = self._router.champion()
        self._audit_log.check()
        return route

    def __bool__(self) -> bool:
        try:
            self.check()
        except NotReady:
            return False
        return True


def register(app: Application, router: ModelRouter, ready: Readiness, shadow: ShadowMirror) -> None:
    """Add the routes of the service's own health checks."""

    def live() -> Any:
        return JSONResponse({"live": True})

    def is_ready() -> Any:
        try:
            route = ready.check()
        except NotReady as error:
            return JSONResponse({"ready": False, "reason": error.message}, 503)
        model, breaker, mirrored = route.model, route.breaker, shadow.status()
        return JSONResponse(
            {
                "ready": True,
                "model": model.signature.model,
                "version": model.number,
                "sha256": model.digest,
                **({"failing": True} if breaker is not None and breaker.is_open else {}),
                **({"shadow": mirrored} if mirrored else {}),
                # Aliases without a version here, and why; in place of a champion, the one before answers.
                **({"faults": router.faults} if router.faults else {}),
            }
        )

    app.flask.add_url_rule("/health/live", "health.live", live)
    app.flask.add_url_rule("/health/ready", "health.ready", is_ready)
