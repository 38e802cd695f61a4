"""``/monitor``: the newest report, the alert and the verdicts, as a page, as JSON and as the monitor's file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.app.conftest import MakeClient, Service
from tests.monitor.report.example import Json, example, hostile, of_verdict


@pytest.fixture
def reports(client: Service) -> Path:
    """The folder where the monitor leaves its reports."""
    folder = client.settings.log_folder / "reports"
    folder.mkdir(parents=True)
    return folder


def write(folder: Path, name: str, report: Json) -> None:
    (folder / name).write_text(json.dumps(report))


def test_before_the_first_report_the_page_says_how_to_get_one(client: Service, empty_service: Service) -> None:
    for service in (client, empty_service):
        page = service.get("/monitor")
        assert page.status_code == 200
        assert "There is no report yet" in page.text
        assert "python -m monitor watch" in page.text
    assert client.get("/monitor.json").json == {"report": None, "alert": None, "verdicts": []}


@pytest.mark.parametrize("verdict", ["calm", "drift", "accuracy", "cannot_judge"])
def test_the_page_draws_the_newest_report_and_json_has_the_same(client: Service, reports: Path, verdict: str) -> None:
    report = of_verdict(verdict)
    write(reports, "report-2026-11-24.json", of_verdict("calm"))
    write(reports, "report-2026-11-25.json", report)
    write(reports, "alert.json", of_verdict("drift"))
    page = client.get("/monitor").text
    assert report["headline"].replace("'", "&#39;") in page
    assert "Last 24 hours, until 2026-11-21 00:00 UTC:" in page
    assert 'href="/monitor/report-2026-11-24.html"' in page
    content = client.get("/monitor.json").json
    assert content["report"] == report
    assert content["alert"]["verdict"] == "drift"
    assert [item["verdict"] for item in content["verdicts"]] == [verdict, "calm"]


def test_a_page_whose_newest_report_is_old_says_that_the_monitor_may_not_run(client: Service, reports: Path) -> None:
    for created, stale in ((datetime.now(UTC).isoformat(), False), ("2026-11-20T21:00:00+00:00", True), ("?", True)):
        write(reports, "report-2026-11-25.json", of_verdict("calm") | {"created": created})
        page = client.get("/monitor")
        assert (page.status_code, "The monitor has not reported" in page.text) == (200, stale)


def test_text_of_clients_is_text_on_the_page(client: Service, reports: Path) -> None:
    write(reports, "report-2026-11-25.json", hostile("<script>alert(1)</script>"))
    page = client.get("/monitor").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_report_that_can_not_be_drawn_is_named_and_breaks_nothing(client: Service, reports: Path) -> None:
    report = example()
    del report["traffic"]["latency_ms"]
    write(reports, "report-2026-11-25.json", report)
    write(reports, "alert.json", example() | {"window": {}})
    page = client.get("/monitor")
    assert page.status_code == 200
    assert "The newest reports can&#39;t be drawn" in page.text
    (reports / "alert.json").write_text("{")
    page = client.get("/monitor")
    assert page.status_code == 200
    assert "The newest reports can&#39;t be drawn" in page.text
    assert "alert.json is not shown: " in page.text


def test_the_file_of_a_day_may_have_its_style_and_nothing_else(client: Service, reports: Path) -> None:
    (reports / "report-2026-11-25.html").write_text("<!doctype html><style>p {}</style><p>calm</p>")
    reply = client.get("/monitor/report-2026-11-25.html")
    assert (reply.status_code, reply.content_type) == (200, "text/html; charset=utf-8")
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert policy.endswith("sandbox")
    for day in ("2026-11-26", "2026-11-2", "..%2f..%2fx"):
        assert client.get(f"/monitor/report-{day}.html").status_code == 404


def test_the_pages_of_the_monitor_need_a_token_if_pages_do(make_client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("")
    closed = make_client(page_tokens=str(tmp_path / "tokens"))
    for path in ("/monitor", "/monitor.json", "/monitor/report-2026-11-25.html"):
        assert closed.get(path).status_code == 401
