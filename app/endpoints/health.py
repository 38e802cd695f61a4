"""``/health/live``: the process answers. ``/health/ready``: it can predict, and can log what it predicts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.errors import Refusal
from app.http.responses import Reply
from app.inference.shadow import ShadowMirror
from app.routing.router import ModelRouter
from app.routing.table import Route
from journal import Journal, JournalError


class Readiness:
    """Whether a prediction can be made and logged."""

    def __init__(self, versions: ModelRouter, journal: Journal) -> None:
        self._versions = versions
        self._journal = journal

    def check(self) -> Route:
        """The version that would answer.

        Raises:
            Refusal: 503 with the reason why nothing can.
        """
        serving = self._versions.champion()
        try:
            self._journal.probe()
        except JournalError as error:
            raise Refusal(503, str(error)) from error
        return serving

    def __bool__(self) -> bool:
        try:
            self.check()
        except Refusal:
            return False
        return True


def blueprint(ready: Readiness, versions: ModelRouter, shadow: ShadowMirror) -> Blueprint:
    """The routes of the service's own health checks."""
    routes = Blueprint("health", __name__, url_prefix="/health")

    @routes.get("/live")
    def live() -> Any:
        return Reply({"live": True})

    @routes.get("/ready")
    def is_ready() -> Any:
        try:
            serving = ready.check()
        except Refusal as refusal:
            return Reply({"ready": False, "reason": refusal.error}, 503)
        version, breaker, seen = serving.version, serving.breaker, shadow.status()
        return Reply(
            {
                "ready": True,
                "model": serving.signature.model,
                "version": version.number,
                "sha256": version.digest,
                **({"failing": True} if breaker is not None and breaker.is_open else {}),
                **({"shadow": seen} if seen else {}),
                # Aliases whose version has no part, and why; in place of a champion, the one before answers.
                **({"faults": versions.faults} if versions.faults else {}),
            }
        )

    return routes
