"""The audit log: a request's rows belong to the day on which it arrived; a long refused body is logged in short."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime

import orjson
import pytest

from journal import LogReader, daily_files
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ask


def test_a_request_that_began_before_midnight_is_logged_on_its_day(make_client: MakeClient) -> None:
    times = [datetime(2026, 11, 23, 23, 59, 59, 999_999, UTC), datetime(2026, 11, 24, tzinfo=UTC)]
    client = make_client(now=lambda: times.pop(0).timestamp())
    ask(client)
    ask(client)
    for stream in ("requests", "predictions"):
        files = daily_files(client.settings.log_folder, stream)
        assert [path.stem[-10:] for path in files] == ["2026-11-23", "2026-11-24"]
        rows = [row["time"] for path in files for row in LogReader(path)]
        assert rows == ["2026-11-23T23:59:59.999999Z", "2026-11-24T00:00:00.000000Z"]


def test_a_refused_body_over_a_kilobyte_is_logged_as_its_length_its_digest_and_its_beginning(service: Service) -> None:
    for body in (b"x" * 1024, b"\x01" * 1025):
        assert service.post("/predict_json", data=body, content_type="application/json").status_code == 400
    short, long = (row["body"] for row in service.new_rows("requests"))
    assert short == "x" * 1024
    digest = hashlib.sha256(b"\x01" * 1025).hexdigest()
    assert long == f"1025 bytes, SHA-256 {digest}, beginning with " + "\x01" * 1024


def test_an_answered_body_is_logged_whole(service: Service) -> None:
    body = orjson.dumps([[6, 250, 66.5]] * 200)
    assert service.post("/predict_json", data=body, content_type="application/json").status_code == 200
    assert service.new_rows("requests")[0]["body"] == body.decode()


@pytest.mark.parametrize("path", ["/predict_json", "/v1/models/boston:predict", "/v2/models/boston/infer"])
def test_a_kilobyte_cannot_become_megabytes_of_log(client: Service, path: str) -> None:
    sent = gzip.compress(b"\x01" * (1 << 20))
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    reply = client.post(path, data=sent, headers=headers)
    assert (reply.status_code, "more than 100 times of what was sent" in reply.json["error"]) == (413, True)
    (log,) = daily_files(client.settings.log_folder, "requests")
    assert log.stat().st_size < 10_000
