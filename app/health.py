"""``/health/live``: the process answers. ``/health/ready``: it can predict, and can log what it predicts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.errors import Refusal
from app.http import Reply
from app.service import Service
from journal import Journal, JournalError


def blueprint(service: Service, journal: Journal) -> Blueprint:
    """The routes, over the service and the journal."""
    routes = Blueprint("health", __name__, url_prefix="/health")

    @routes.get("/live")
    def live() -> Any:
        return Reply({"live": True})

    @routes.get("/ready")
    def ready() -> Any:
        try:
            serving = service.champion()
            journal.check()
        except (Refusal, JournalError) as fault:
            return Reply({"ready": False, "reason": str(fault)}, 503)
        version = serving.version
        return Reply(
            {"ready": True, "model": serving.signature.model, "version": version.number, "sha256": version.digest}
        )

    return routes
