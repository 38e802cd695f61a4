"""``/health/live``: the process answers. ``/health/ready``: it can predict, and can log what it predicts."""

from __future__ import annotations

from flask import Blueprint, Response

from app.errors import Refusal
from app.http import json_reply
from app.service import Service
from journal import DayLog, JournalError


def blueprint(service: Service, requests: DayLog) -> Blueprint:
    """The routes, over the service and the log of requests."""
    routes = Blueprint("health", __name__, url_prefix="/health")

    @routes.get("/live")
    def live() -> Response:
        return json_reply({"live": True})

    @routes.get("/ready")
    def ready() -> Response:
        try:
            serving = service.champion()
            serving.log.check()
            requests.check()
        except (Refusal, JournalError) as fault:
            return json_reply({"ready": False, "reason": str(fault)}, 503)
        version = serving.version
        return json_reply(
            {"ready": True, "model": serving.signature.model, "version": version.number, "sha256": version.digest}
        )

    return routes
