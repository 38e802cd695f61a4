"""The application: every request has its answer or its error, and no answer leaves before it is in the log."""

from __future__ import annotations

import pytest

from app.metrics.recorder import Recorder
from tests.app.conftest import MakeClient, Service
from tests.app.requests import FullDisk, ask


def test_a_browser_gets_a_page_for_an_error_and_a_program_json(service: Service) -> None:
    assert "There is no page here" in service.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"}).text
    assert service.get("/nowhere").json["error"] == "/nowhere: not found"


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_no_link_can_name_still_gets_its_answer_and_id(service: Service, host: str) -> None:
    reply = service.get("/nowhere", headers={"Host": host, "Accept": "text/html", "X-Request-ID": "odd"})
    assert reply.status_code in (400, 404)
    assert reply.headers["X-Request-ID"] == "odd"


@pytest.mark.parametrize("stream", ["requests", "predictions"])
def test_without_a_log_there_is_no_answer_and_the_service_is_not_ready(make_client: MakeClient, stream: str) -> None:
    disk = FullDisk(stream)
    client = make_client(write=disk)
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
    answered = [row for row in client.new_rows("requests") if row["status"] == "200"]
    assert len(answered) == len(client.new_rows("predictions")) == 1


def test_a_doubled_slash_leaves_an_error_to_the_protocol_of_its_path(service: Service) -> None:
    for path, *members in (
        ("//v1/models/boston:predict", "error"),
        ("//v2/models/boston/infer", "error"),
        ("//invocations", "error_code", "message"),
    ):
        # The test client takes a path that begins with two slashes for a host.
        reply = service.post("/", json={}, environ_overrides={"PATH_INFO": path})
        service.check_error(reply, 400, "", *members)


def test_a_request_that_cannot_be_counted_is_answered_as_its_row_says(
    client: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no memory is left")

    monkeypatch.setattr(Recorder, "record", fail)
    reply = client.post("/predict_json", json=[6, 250, 66.5])
    assert reply.status_code == 200
    (row,) = client.new_rows("requests")
    assert (row["request_id"], row["status"]) == (reply.json["request_id"], "200")
    assert f"request {row['request_id']} was not counted" in caplog.text
