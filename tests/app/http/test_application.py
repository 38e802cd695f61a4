"""The life of a request: its answer or its error, its rows in the log, its response."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app.errors import InvalidInput
from app.http.application import Application
from app.http.audit_log import AuditLog
from app.http.context import RequestContext
from app.http.error_responses import render_error_member
from app.http.responses import JSONResponse
from app.settings import Settings
from tests.app.conftest import Service
from tests.app.requests import FullDisk, ask, logged

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def application(tmp_path: Path) -> Application:
    """An application without a model."""
    audit_log = AuditLog(Settings(logs=tmp_path).log_folder, "write", os.write)
    return Application(Flask("app"), audit_log, lambda: datetime(2026, 11, 23, tzinfo=UTC), lambda _: None)


def test_an_unexpected_exception_is_told_without_its_text_and_has_its_row(
    application: Application, tmp_path: Path
) -> None:
    def fail(context: RequestContext) -> JSONResponse:
        context.body = b"sent"
        raise KeyError("secret")

    application.add_fast_route("/fail", fail)
    reply = application.flask.test_client().post("/fail", headers={"X-Request-ID": "mine"})
    message = "the service failed; its error log has the reason under this request id"
    assert (reply.status_code, reply.headers["X-Request-ID"]) == (500, "mine")
    assert reply.json == {"success": False, "error": message, "problems": [], "request_id": "mine"}
    (row,) = logged(Settings(logs=tmp_path), "requests")
    assert (row["request_id"], row["status"], row["error"], row["body"]) == ("mine", "500", message, "sent")


@pytest.mark.parametrize(("path", "own"), [("/v1", True), ("/v1/models", True), ("/v10", False), ("/", False)])
def test_an_error_is_rendered_by_the_protocol_of_its_path(application: Application, path: str, own: bool) -> None:
    def fail(context: RequestContext) -> JSONResponse:
        raise InvalidInput("out of limits")

    application.register_error_renderer("/v1", render_error_member)
    application.add_fast_route(path, fail)
    reply = application.flask.test_client().post(path)
    assert (reply.status_code, reply.json == {"error": "out of limits"}) == ((400, True) if own else (422, False))


def test_a_browser_gets_a_page_for_an_error_and_a_program_json(service: Service) -> None:
    assert "<h1>404</h1>" in service.get("/nowhere", headers=BROWSER).text
    assert service.get("/nowhere").json["error"] == "/nowhere: not found"


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_no_link_can_name_still_gets_its_answer_and_id(service: Service, host: str) -> None:
    reply = service.get("/nowhere", headers={"Host": host, "Accept": "text/html", "X-Request-ID": "odd"})
    assert reply.status_code in (400, 404)
    assert reply.headers["X-Request-ID"] == "odd"


def test_pages_and_health_have_an_id_but_no_row(service: Service) -> None:
    for path in ("/", "/form", "/form_async", "/health/live", "/health/ready", "/nowhere"):
        assert service.get(path, headers={"X-Request-ID": "p"}).headers["X-Request-ID"] == "p"
    assert service.new_rows("requests") == []


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_head_has_the_same_status_and_no_body(service: Service, path: str) -> None:
    reply = service.head(path)
    assert (reply.status_code, reply.data) == (200, b"")


@pytest.mark.parametrize("stream", ["requests", "predictions"])
def test_without_a_log_there_is_no_answer_and_the_service_is_not_ready(
    make_app: Callable[..., Flask], settings: Settings, stream: str
) -> None:
    disk = FullDisk(stream)
    client = make_app(write=disk).test_client()
    reply = ask(client)
    assert (reply.status_code, "prediction" in reply.json) == (503, False)
    assert reply.json["error"] == "the log can't be written, so there is no answer: try again later"
    assert ask(client, [1]).status_code == (503 if stream == "requests" else 422)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["ready"]) == (503, False)
    assert "No space left on device" in ready.json["reason"]
    disk.failing = range(0)
    assert client.get("/health/ready").status_code == 200
    assert ask(client).status_code == 200
    answered = [row for row in logged(settings, "requests") if row["status"] == "200"]
    assert len(answered) == len(logged(settings, "predictions")) == 1
