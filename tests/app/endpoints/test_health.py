"""The health checks: the process lives; it can predict, and log what it predicts."""

from __future__ import annotations

import os

from app.settings import Settings
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ask


def test_ready_names_the_version_by_its_digest(service: Service) -> None:
    digest = service.settings.store().check(1).digest
    assert service.get("/health/live").json == {"live": True}
    assert service.get("/health/ready").json == {
        "ready": True, "model": "boston", "version": 1, "sha256": digest
    }  # fmt: skip


def test_a_reason_may_name_a_file_whose_name_is_no_text(settings: Settings, make_client: MakeClient) -> None:
    (settings.models / "boston" / "1" / os.fsdecode(b"\xff.txt")).write_text("x")
    ready = make_client().get("/health/ready")
    assert (ready.status_code, ready.json["ready"]) == (503, False)
    assert ".txt was not published" in ready.json["reason"]


def test_before_anything_is_published_the_service_lives_but_is_not_ready(empty_service: Service) -> None:
    assert empty_service.get("/health/live").status_code == 200
    ready = empty_service.get("/health/ready")
    assert ready.status_code == 503
    assert "no version is champion yet; `make train` publishes the first one" in ready.json["reason"]
    assert empty_service.get("/form").status_code == 503
    reply = ask(empty_service)
    assert (reply.status_code, reply.json["success"]) == (503, False)
