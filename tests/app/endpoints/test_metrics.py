"""``GET /metrics``: what Prometheus reads of the service."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from app.http.tokens import new_token
from registry import VersionStore
from registry.promotion import canary, shadow
from tests.app.conftest import MakeClient, Service
from tests.app.metrics.example_report import write_reports
from tests.app.requests import ANN, IMPLAUSIBLE, RAISES, ROW, FullDisk, ask, make_champion, send_csv
from tests.e2e.server import wait_until

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
PROMTOOL = shutil.which("promtool")


def scrape(client: Service) -> str:
    reply = client.get("/metrics")
    assert (reply.status_code, reply.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return reply.text


def value(client: Service, sample: str) -> float:
    """Return the value of a sample, by its name and labels as they are written."""
    found = re.search(rf"^{re.escape(sample)} (.*)$", scrape(client), re.MULTILINE)
    assert found is not None, sample
    return float(found[1])


def test_every_metric_is_documented_with_its_type_its_labels_and_its_meaning(client: Service) -> None:
    write_reports(client.settings.log_folder)
    ask(client)
    shown = []
    for name, text, kind, lines in re.findall(r"# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n((?:[^#].*\n)*)", scrape(client)):
        labels = dict.fromkeys(label for label in re.findall(r'[{,](\w+)="', lines) if label != "le")
        shown.append((name, kind, ", ".join(f"`{label}`" for label in labels), text))
        assert lines, f"{name} has no sample"
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == shown


def test_the_start_is_that_of_the_master_and_stays(client: Service) -> None:
    began = value(client, "process_start_time_seconds")
    assert 0 <= time.time() - began < 24 * 3600
    assert value(client, "process_start_time_seconds") == began


def test_promtool_accepts_what_a_scrape_shows(client: Service) -> None:
    if PROMTOOL is None:
        pytest.skip("NOT TESTED: what Prometheus reads, because there is no promtool (Debian: apt install prometheus)")
    write_reports(client.settings.log_folder)
    ask(client)
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=scrape(client), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_label_has_a_clients_text(client: Service) -> None:
    ask(client, {"evil-name": 1, "rm": 6, "tax": 250, "age": 66.5})
    ask(client, [[16, 250, 66.5]])
    client.get("/evil-path")
    client.open("/predict_json", method="EVIL")
    client.get("/models/evil-model/7")
    text = scrape(client)
    assert "evil" not in text.lower()
    assert 'serve_http_requests_total{route="other",status="404"} 1' in text
    assert 'serve_http_requests_total{route="/models/<name>/<int:version>",status="404"} 1' in text
    assert 'model_refused_requests_total{input="rm"} 1' in text


def test_each_request_and_each_row_of_the_log_is_counted(client: Service) -> None:
    ask(client)
    ask(client, [ROW, ROW])
    ask(client, IMPLAUSIBLE)
    ask(client, [9, 250, 66.5])  # outside the training range
    send_csv(client, "rm,tax,age\n6,250,66.5\n99,300,10\n7,300,10\n")
    client.post("/predict_form", data={"rm": "99", "tax": "1", "age": "1"}, headers={"Accept": "text/html"})
    client.post("/v1/models/boston:predict", json={"instances": [ROW]})
    for route, status, count in (
        ("/predict_json", 200, 3),
        ("/predict_json", 500, 1),
        ("/predict_csv", 200, 1),
        ("/predict_form", 422, 1),
        ("/v1/models/boston:predict", 200, 1),
    ):
        assert value(client, f'serve_http_requests_total{{route="{route}",status="{status}"}}') == count
    predictions = client.new_rows("predictions")
    assert value(client, 'model_rows_total{version="1",role="champion"}') == len(predictions) == 8
    assert value(client, 'model_implausible_rows_total{version="1",role="champion"}') == 1
    assert value(client, 'model_outside_training_rows_total{input="rm"}') == sum(
        "rm:outside_training" in row["flags"] for row in predictions
    )
    assert value(client, 'model_refused_requests_total{input="rm"}') == 2
    size = sum(file.stat().st_size for file in client.settings.log_folder.glob("*.csv"))
    headers = sum(len(file.read_bytes().split(b"\n")[0]) + 1 for file in client.settings.log_folder.glob("*.csv"))
    assert value(client, "serve_log_appended_bytes_total") == size - headers
    assert value(client, "serve_log_append_duration_seconds_count") == 8  # a request each, and the rows of the file


def test_ground_truth_is_counted(client: Service) -> None:
    ask(client, X_Request_ID="mine")
    truths = [{"request_id": "mine", "actual": 20, "comment": "two\nlines"}, {"request_id": "late", "actual": 21}]
    assert client.post("/feedback", json=truths).status_code == 200
    assert value(client, "serve_feedback_rows_total") == 2
    assert client.post("/feedback", json={"request_id": "mine", "rm": 6}).status_code == 422
    refused = re.findall(r"^model_refused_requests_total{.*} (.*)$", scrape(client), re.MULTILINE)
    assert refused == ["0"] * 4  # what is wrong with a truth is no input of a model


def test_rows_that_cannot_be_logged_are_failures_of_the_log(make_client: MakeClient) -> None:
    client = make_client(write=FullDisk("predictions"))
    assert ask(client).status_code == 503
    assert value(client, "serve_log_append_failures_total") == 1
    assert value(client, 'serve_http_requests_total{route="/predict_json",status="503"}') == 1
    assert "model_rows_total{" not in scrape(client)


def test_the_fallback_and_the_breaker_are_counted(tricky: VersionStore, client: Service) -> None:
    for _ in range(6):
        ask(client, RAISES)
    assert value(client, 'model_fallback_rows_total{version="1",role="fallback"}') == 6
    assert value(client, "model_breaker_open_workers") == 1
    assert value(client, "model_breaker_openings_total") == 1
    assert value(client, 'model_alias_version{alias="champion"}') == 2
    assert value(client, 'model_alias_version{alias="fallback"}') == 1
    breaker = client.application.extensions["router"].champion().breaker
    make_champion(tricky, 1)
    wait_until(lambda: value(client, 'model_alias_version{alias="champion"}') == 1, "the other champion")
    for success in (True, *[False] * 9):  # requests that began before the change
        breaker.record(success=success)
    assert value(client, "model_breaker_open_workers") == 0
    assert value(client, "model_breaker_openings_total") == 1


def test_the_canarys_failures_and_its_withdrawal_are_counted(store: VersionStore, client: Service) -> None:
    canary(store, 2, 0.5, ANN)
    wait_until(lambda: 'model_alias_version{alias="canary"} 2' in scrape(client), "the canary")
    row: list[Any] = [14.5, 0, 0]  # version 2 answers 10 more, which is not plausible
    for number in range(200):
        ask(client, row, X_Client_ID=str(number))
        if value(client, "model_canary_withdrawals_total"):
            break
    assert value(client, "model_canary_withdrawals_total") == 1
    assert value(client, "model_canary_failures_total") >= 3


def test_what_became_of_the_shadows_requests_is_counted(client: Service, store: VersionStore) -> None:
    shadow(store, 2, ANN)
    wait_until(lambda: 'model_alias_version{alias="shadow"} 2' in scrape(client), "the shadow")
    ask(client)
    wait_until(lambda: value(client, 'model_shadow_requests_total{outcome="processed"}') == 1, "the shadow's rows")
    assert value(client, 'model_rows_total{version="2",role="shadow"}') == 1


def test_a_new_champion_shows_when_it_became_champion(store: VersionStore, client: Service) -> None:
    def since() -> float:
        return value(client, "model_champion_since_timestamp_seconds")

    first = since()
    make_champion(store, 2)
    wait_until(lambda: value(client, 'model_alias_version{alias="champion"}') == 2, "the new champion")
    assert first < since() < first + 600


def test_without_a_model_or_with_broken_reports_there_are_still_metrics(
    empty_service: Service, client: Service
) -> None:
    assert ask(empty_service).status_code == 503
    assert value(empty_service, 'serve_http_requests_total{route="/predict_json",status="503"}') == 1
    write_reports(client.settings.log_folder)
    (client.settings.log_folder / "reports" / "report-2026-11-26.json").write_text('{"format": 1')
    (client.settings.log_folder / "reports" / "alert.json").write_bytes(b"\xff")
    assert 'model_report_verdict{report="day",verdict="drift"} 1' in scrape(client)
    assert 'report="alert"' not in scrape(client)


def test_metrics_belong_to_the_pages_tokens(make_client: MakeClient, tmp_path: Path) -> None:
    token, line = new_token("prometheus")
    (tmp_path / "tokens").write_text(f"{line}\n")
    client = make_client(page_tokens=str(tmp_path / "tokens"))
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200
