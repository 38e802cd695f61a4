"""A real Prometheus scrapes the service: counters survive killed workers, and every query of the dashboard has data."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from deploy.grafana.make_dashboard import dashboard
from registry import VersionStore
from registry.promotion import shadow
from tests.app.metrics.example_report import write_reports
from tests.app.requests import ANN
from tests.conftest import publish
from tests.e2e.load import load
from tests.e2e.server import ROOT, Client, Server, free_port, serving, wait_until

PROMETHEUS = shutil.which("prometheus")
DEPLOYED = ROOT / "deploy" / "prometheus"
KILLS = 50
RESERVE_AGE = 2.0  # how long ago a worker was forked that has booted, in seconds


class Prometheus(Client):
    """A running Prometheus."""

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples that an expression has now."""
        status, reply = self.request("GET", f"/api/v1/query?query={quote(expression)}")
        assert status == 200, reply
        result: list[dict[str, Any]] = reply["data"]["result"]
        return result

    def names(self) -> list[str]:
        """Return the names of all metrics."""
        names: list[str] = self.request("GET", "/api/v1/label/__name__/values")[1]["data"]
        return names

    def value(self, expression: str) -> float:
        """Return the value of an expression that has one sample."""
        (sample,) = self.query(expression)
        return float(sample["value"][1])

    def wait_for_scrape(self) -> None:
        """Wait until a scrape that begins from now on is done."""
        last = "timestamp(scrape_duration_seconds)"
        before = self.value(last) if self.query(last) else 0.0
        wait_until(lambda: self.query(last) and self.value(last) > before, "a scrape")


@contextmanager
def prometheus(folder: Path, port: int) -> Iterator[Prometheus]:
    """Run Prometheus with the deployed configuration over a service on a port of this machine, every other second.

    A scrape may take as long: among other tests, four workers of which some die may need more than a second.
    """
    config = yaml.safe_load((DEPLOYED / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "2s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    for name in config["rule_files"]:
        (folder / name).write_text((DEPLOYED / name).read_text().replace("interval: 1m", "interval: 1s"))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    own = free_port()
    with (folder / "prometheus.log").open("ab") as log:
        process = subprocess.Popen(
            [
                PROMETHEUS or "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{own}",
            ],
            stdout=log,
            stderr=log,
        )
    client = Prometheus(own)
    try:
        wait_until(lambda: client.status("/-/ready") == 200, f"Prometheus, see {folder / 'prometheus.log'}")
        wait_until(lambda: client.query("up"), "the first scrape")
        yield client
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Prometheus]]:
    """Run four workers over two versions, the second as shadow, reports of the monitor, and Prometheus.

    Workers that die young start again at once: else the last of many kills would wait for half a minute each.
    """
    if PROMETHEUS is None:
        pytest.skip("NOT TESTED: real scrapes, because there is no Prometheus (Debian: apt install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    for _ in range(2):
        publish(folder / "models")
    shadow(VersionStore(folder / "models", "boston"), 2, ANN)
    write_reports(folder / "logs" / "boston")
    config = folder / "gunicorn.conf.py"
    settings = (ROOT / "gunicorn.conf.py").read_text()
    config.write_text(f"from app.server import backoff\n\nbackoff.MAX_PAUSE = 0.05\n{settings}")
    command = (sys.executable, "-m", "gunicorn", "--config", str(config))
    with serving(folder / "models", command=command) as server, prometheus(folder, server.port) as scraper:
        yield server, scraper


def kill_workers(server: Server, scraper: Prometheus) -> None:
    """Kill workers that have booted, some after each scrape; now and then with SIGHUP, SIGTTIN and SIGTTOU between.

    A scrape that a killed worker was answering could not but fail, so they come after one.
    """
    born: dict[int, float] = {}
    kills = 0
    while kills < KILLS:
        scraper.wait_for_scrape()
        for pid in server.workers():
            born.setdefault(pid, time.monotonic())
        booted = [pid for pid in server.workers() if time.monotonic() - born[pid] > RESERVE_AGE]
        for pid in booted[:-1]:  # one goes on answering; it is the next to be killed
            os.kill(pid, signal.SIGKILL)
            kills += 1
        if kills // 10 > (kills - len(booted) + 1) // 10:
            for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
                server.process.send_signal(number)


def test_through_50_kills_no_counter_falls_no_scrape_fails_and_every_answer_is_counted(
    watched: tuple[Server, Prometheus],
) -> None:
    server, scraper = watched
    scraper.wait_for_scrape()
    with load(server.port, processes=1) as replies:
        kill_workers(server, scraper)
        server.wait_for_requests(100)
    server.wait_for_workers(4)
    scraper.wait_for_scrape()
    scraper.wait_for_scrape()
    counters = [name for name in scraper.names() if name.endswith(("_total", "_bucket", "_count", "_sum"))]
    assert len(counters) >= 20
    assert [name for name in counters if scraper.query(f'resets({name}{{job="model-service"}}[1h]) > 0')] == []
    assert scraper.value("min_over_time(up[1h])") == 1
    assert scraper.value("count_over_time(up[1h])") >= 20
    logged = len(server.rows("requests"))
    counted = scraper.value('sum(serve_http_requests_total{route="/predict_json"})')
    rows = len([row for row in server.rows("predictions") if row["role"] == "champion"])
    counted_rows = scraper.value('sum(model_rows_total{role="champion"})')
    answered = len(replies.by_id)
    assert answered <= counted <= logged <= counted + KILLS
    assert rows - KILLS <= counted_rows <= rows
    assert scraper.value("serve_workers") == 4
    assert scraper.value("process_resident_memory_bytes") > 4 * 20e6


def has_data(scraper: Prometheus, expression: str) -> bool:
    return any(not math.isnan(float(sample["value"][1])) for sample in scraper.query(expression))


def test_every_query_of_the_dashboard_and_every_recorded_figure_has_data(watched: tuple[Server, Prometheus]) -> None:
    server, scraper = watched
    for row in (b"[6, 250, 66.5]", b"[9, 250, 66.5]", b"[99, 250, 66.5]") * 20:
        server.ask(row)
    server.ask(b'[{"request_id": "x", "actual": 20}]', "/feedback")
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(queries) > 60
    for name, value in (("$__rate_interval", "1m"), ("$job", "model-service"), ("$version", "1"), ("$input", "rm")):
        queries = [query.replace(name, value) for query in queries]
    rules = yaml.safe_load((DEPLOYED / "rules.yml").read_text())["groups"]
    queries += [rule["record"] for group in rules for rule in group["rules"]]
    for query in queries:
        wait_until(lambda query=query: has_data(scraper, query), f"data of {query}")
    evaluated = scraper.request("GET", "/api/v1/rules")[1]["data"]["groups"]
    assert {rule["health"] for group in evaluated for rule in group["rules"]} == {"ok"}
    (drift,) = scraper.query('ALERTS{alertname="Drift",report="day"}')
    assert drift["metric"]["alertstate"] == "firing"
