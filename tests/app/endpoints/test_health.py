"""The health checks: the process lives; it can predict, and log what it predicts."""

from __future__ import annotations

import os
import time

import pytest

from app.http import audit_log
from app.settings import Settings
from journal import daily_files
from journal.appender import _STAT_INTERVAL
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


def test_all_workers_say_alike_that_the_log_of_today_cannot_be_written(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "_CHECK_INTERVAL", 0)
    workers = [make_client() for _ in range(2)]

    def replies() -> set[tuple[int, str]]:
        replies = [worker.get("/health/ready") for worker in workers]
        return {(reply.status_code, reply.json.get("reason", "")) for reply in replies}

    assert ask(workers[0]).status_code == 200  # one has the file open
    assert replies() == {(200, "")}
    (path,) = daily_files(workers[0].settings.log_folder, "predictions")
    kept = path.rename(path.with_suffix(".kept"))
    path.write_text("other,columns\n")
    time.sleep(_STAT_INTERVAL)  # until an append looks at the path again
    ((status, reason),) = replies()
    assert (status, f"{path}: its columns are not time,request_id" in reason) == (503, True)
    assert {ask(worker).status_code for worker in workers} == {503}
    kept.rename(path)
    assert replies() == {(200, "")}
    assert {ask(worker).status_code for worker in workers} == {200}


def test_a_success_is_not_tried_again_by_each_of_many_checks(make_client: MakeClient) -> None:
    written = []

    def write(descriptor: int, data: bytes) -> int:
        written.append(data)
        return os.write(descriptor, data)

    client = make_client(write=write)
    assert {client.get("/health/ready").status_code for _ in range(20)} == {200}
    assert len(written) < 20


def test_before_anything_is_published_the_service_lives_but_is_not_ready(empty_service: Service) -> None:
    assert empty_service.get("/health/live").status_code == 200
    ready = empty_service.get("/health/ready")
    assert ready.status_code == 503
    assert "no version is champion yet; `make train` publishes the first one" in ready.json["reason"]
    assert empty_service.get("/form").status_code == 503
    reply = ask(empty_service)
    assert (reply.status_code, reply.json["success"]) == (503, False)
