"""deploy/prometheus and deploy/grafana: what promtool says of them, and that they fit the metrics of the service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.grafana import make_dashboard

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
PROMTOOL = shutil.which("promtool")
ALERTS = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
TESTS = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
RECORDED = {
    rule["record"]: rule["expr"]
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
}
DOCUMENTED = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/reference/metrics.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("arguments", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")])
def test_promtool_accepts_the_configuration_and_each_alert_fires_when_it_should(arguments: tuple[str, ...]) -> None:
    if PROMTOOL is None:
        pytest.skip("NOT TESTED: the alerts, because there is no promtool (Debian: apt install prometheus)")
    done = subprocess.run([PROMTOOL, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do_and_is_tested(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "action"}
    assert all(text.endswith(".") for text in rule["annotations"].values())
    (test,) = [test for test in TESTS if test["name"] == rule["alert"]]
    fires = [bool(expected["exp_samples"]) for expected in test["promql_expr_test"]]
    assert sorted(fires) == [False, True]
    assert all(f'alertname="{rule["alert"]}"' in expected["expr"] for expected in test["promql_expr_test"])


def metrics_of(expression: str) -> set[str]:
    """Return the metrics that an expression names, without the suffixes of histograms."""
    names = re.findall(r"[a-z_:0-9]*(?:serve|model|process)_[a-z_0-9:]+", expression)
    return {re.sub("_bucket$|_count$", "", name) if ":" not in name else name for name in names}


def test_rules_and_alerts_and_panels_name_metrics_that_there_are() -> None:
    panels = [panel for panel in make_dashboard.dashboard()["panels"] if panel["type"] != "row"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [rule["expr"] for rule in RULES]
    named = {name for expression in [*queries, *rules, *RECORDED.values()] for name in metrics_of(expression)}
    assert named - {*DOCUMENTED, *RECORDED} == set()


def test_the_dashboard_is_what_its_generator_writes() -> None:
    written = json.loads(make_dashboard.FILE.read_text())
    assert written == make_dashboard.dashboard(), "run python deploy/grafana/make_dashboard.py"


def test_no_panel_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in make_dashboard.dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= make_dashboard.WIDTH
        taken |= cells
