"""Writes dashboards/model-service.json, the dashboard of one service: ``python deploy/grafana/make_dashboard.py``.

A panel is said here in a few lines: its unit, why somebody looks at it, what it asks. A test compares the file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "dashboards" / "model-service.json"
WIDTH = 24  # of the grid, in Grafana's columns
JOB = 'job="$job"'
TRAFFIC = f'{JOB},route!~"/metrics|/health.*|/v2/health.*|/ping|/static.*"'
RATE = "[$__rate_interval]"
SOURCE = {"type": "prometheus", "uid": "${source}"}

Json = dict[str, Any]
Query = tuple[str, str]  # an expression, and the legend of its lines


def panel(kind: str, title: str, unit: str, why: str, *queries: Query, width: int = 8, **options: Any) -> Json:
    """Return a panel without its place. Further options: stacked, mappings, thresholds, table of the newest values."""
    defaults: Json = {"unit": unit}
    if kind == "timeseries":
        stacked = {"fillOpacity": 40, "stacking": {"mode": "normal"}} if options.get("stacked") else {}
        defaults |= {"min": options.get("least", 0), "custom": {"showPoints": "never", **stacked}}
        shown = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    else:
        shown = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": options.get("color", "none")}
        shown |= {"textMode": options.get("text", "auto"), "graphMode": "area" if options.get("trend") else "none"}
    steps = [{"color": color, "value": value} for value, color in options.get("steps", ())]
    if steps:
        defaults |= {"thresholds": {"mode": "absolute", "steps": steps}}
    targets = [
        {"refId": chr(ord("A") + place), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
        for place, (expr, legend) in enumerate(queries)
    ]
    return {
        "type": kind,
        "title": title,
        "description": why,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": 4 if kind == "stat" else 8},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": shown,
        "targets": targets,
    }


def graph(title: str, unit: str, why: str, *queries: Query, **options: Any) -> Json:
    return panel("timeseries", title, unit, why, *queries, **options)


def stat(title: str, unit: str, why: str, *queries: Query, **options: Any) -> Json:
    return panel("stat", title, unit, why, *queries, width=4, **options)


def quantile(share: float, buckets: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({buckets}{RATE})))"


def deciles(metric: str) -> list[Query]:
    """Return a query for each bin, from the lowest to the highest: Prometheus would put 10 before 2."""
    bins = ("below", *map(str, range(1, 11)), "above")
    return [(f'sum({metric},decile="{name}"}})'.replace("JOB", JOB), name) for name in bins]


BAD = ((None, "green"), (0.01, "red"))
FASTER = f'serve_http_request_duration_seconds_bucket{{{TRAFFIC},route!="/predict_csv"}}'
APPENDS = f"serve_log_append_duration_seconds_bucket{{{JOB}}}"

ROWS: dict[str, list[Json]] = {
    "At a glance": [
        stat(
            "Champion", "none", "The version that answers.",
            (f'max(model_alias_version{{{JOB},alias="champion"}})', "version"),
        ),
        stat(
            "Champion since", "s", "How long it has been champion.",
            (f"time() - max(model_champion_since_timestamp_seconds{{{JOB}}})", ""),
        ),
        stat(
            "Verdict of the last report", "none", "Of the day, and of the last 24 hours. /monitor has the reasons.",
            (f"max by (report, verdict) (model_report_verdict{{{JOB}}}) == 1", "{{report}}: {{verdict}}"), text="name",
        ),
        stat(
            "Requests", "reqps", "Without health checks and scrapes.",
            (f"sum(rate(serve_http_requests_total{{{TRAFFIC}}}{RATE}))", ""), trend=True,
        ),
        stat(
            "Errors", "percentunit", "Share of replies with a status of 5xx.",
            (f"max(job:serve_http_errors:ratio_rate5m{{{JOB}}})", ""), color="value", steps=BAD,
        ),
        stat(
            "Slowest of 100", "s", "99 of 100 requests are faster. Without files of CSV.",
            (f"max(job:serve_http_request_duration_seconds:p99_rate5m{{{JOB}}})", ""), trend=True,
        ),
    ],
    "Traffic": [
        graph(
            "Requests by route", "reqps", "Who asks in which protocol.",
            (f"sum by (route) (rate(serve_http_requests_total{{{TRAFFIC}}}{RATE})) > 0", "{{route}}"), stacked=True,
        ),
        graph(
            "Replies by status", "reqps", "4xx: what clients asked was refused. 5xx: the service or the model failed.",
            (f"sum by (status) (rate(serve_http_requests_total{{{TRAFFIC}}}{RATE}))", "{{status}}"), stacked=True,
        ),
        graph(
            "Time to answer", "s", "From a request's arrival until its reply is logged. Without files of CSV.",
            *((quantile(share, FASTER), f"{share:.0%}") for share in (0.5, 0.9, 0.99)),
        ),
        graph(
            "Refused requests by input", "reqps", "A client that sends other units or names shows here first.",
            (f"sum by (input) (rate(model_refused_requests_total{{{JOB}}}{RATE}))", "{{input}}"),
        ),
        graph(
            "Share refused and failed", "percentunit", "Of all requests, over 5 minutes.",
            (f"job:serve_http_refusals:ratio_rate5m{{{JOB}}}", "refused"),
            (f"job:serve_http_errors:ratio_rate5m{{{JOB}}}", "failed"),
        ),
        graph(
            "Ground truth", "rowsps", "Rows of POST /feedback. Without them nobody knows the accuracy.",
            (f"sum(rate(serve_feedback_rows_total{{{JOB}}}{RATE}))", "rows"),
        ),
    ],
    "Versions": [
        graph(
            "Rows by version and role", "rowsps", "A release, a canary and a shadow show here.",
            (f"sum by (version, role) (rate(model_rows_total{{{JOB}}}{RATE}))", "{{version}} {{role}}"), stacked=True,
        ),
        graph(
            "Rows that went wrong", "rowsps", "Not plausible: not sent. Fallback: another version answered.",
            (f"sum by (version) (rate(model_implausible_rows_total{{{JOB}}}{RATE}))", "{{version}} not plausible"),
            (f"sum by (version) (rate(model_fallback_rows_total{{{JOB}}}{RATE}))", "{{version}} as fallback"),
        ),
        graph(
            "Canary, breaker and shadow", "short", "In an hour; and workers that gave up the champion.",
            (f"sum(increase(model_canary_failures_total{{{JOB}}}[1h]))", "canary failures"),
            (f"sum(increase(model_canary_withdrawals_total{{{JOB}}}[1h]))", "canary withdrawals"),
            (f"sum(model_breaker_open_workers{{{JOB}}})", "workers with an open breaker"),
            (f"sum(increase(model_breaker_openings_total{{{JOB}}}[1h]))", "breaker openings"),
            (f"sum by (outcome) (increase(model_shadow_requests_total{{{JOB}}}[1h]))", "shadow {{outcome}}"),
        ),
        graph(
            "Predictions by decile, over a day", "percentunit",
            "Of the chosen version. About a tenth of its predictions for the training rows is in each decile.",
            *deciles('version_decile:model_predictions:share1d{JOB,version="$version"'), stacked=True, width=12,
        ),
        graph(
            "Versions by alias", "none", "Steps are promotions, rollbacks and trials.",
            (f"max by (alias) (model_alias_version{{{JOB}}})", "{{alias}}"), width=12,
        ),
    ],
    "Drift": [
        graph(
            "Distance from the training rows, over a day", "percentunit",
            "Share of rows that would have to be in another decile. The reports say whether that is more than chance.",
            (f"input:model_input_rows:distance1d{{{JOB}}}", "{{input}}"),
        ),
        graph(
            "Rows outside the training range", "percentunit", "The model was never tested there.",
            (
                f'sum by (input) (rate(model_outside_training_rows_total{{{JOB},input!="other"}}{RATE}))'
                f" / sum by (input) (rate(model_input_rows_total{{{JOB}}}{RATE}))",
                "{{input}}",
            ),
        ),
        graph(
            "Rows by decile, over a day", "percentunit",
            "Of the chosen input. About a tenth of the training rows is in each decile, if few values are equal.",
            *deciles('input_decile:model_input_rows:share1d{JOB,input="$input"'), stacked=True,
        ),
        graph(
            "Effect in the last report", "short", "In the same units for all columns; the rule asks for 0.06 (KS).",
            (f'max by (column) (model_drift_effect{{{JOB},report="day"}})', "{{column}}"),
        ),
        graph(
            "Shift in the last report", "short", "Of the mean, in standard deviations of the training rows.",
            (f'max by (column) (model_drift_shift_sd{{{JOB},report="day"}})', "{{column}}"), least=None,
        ),
        graph(
            "p and PSI in the last report", "short", "p is adjusted for the number of tests. PSI decides nothing here.",
            (f'max by (column) (model_drift_p_value{{{JOB},report="day"}})', "p {{column}}"),
            (f'max by (column) (model_drift_psi{{{JOB},report="day"}})', "PSI {{column}}"),
        ),
        graph(
            "Columns that drifted", "none", "1 for each column that the report names.",
            (f"max by (report, column) (model_drift_alarm{{{JOB}}})", "{{report}} {{column}}"), width=12,
        ),
        graph(
            "Error against truth", "short", "With its interval; and what the version's card promises.",
            (f"max by (bound) (model_accuracy_rmse{{{JOB}}})", "now: {{bound}}"),
            (f"max by (bound) (model_accuracy_expected_rmse{{{JOB}}})", "card: {{bound}}"), width=12,
        ),
    ],
    "Log and resources": [
        graph(
            "Time to log", "s", "Each reply waits for its rows to be in the log.",
            *((quantile(share, APPENDS), f"{share:.0%}") for share in (0.5, 0.99)), width=6,
        ),
        graph(
            "Log written", "Bps", "A day of it is 86,400 times as much. Failures are in appends per second.",
            (f"sum(rate(serve_log_appended_bytes_total{{{JOB}}}{RATE}))", "bytes"),
            (f"sum(rate(serve_log_append_failures_total{{{JOB}}}{RATE}))", "failures"), width=6,
        ),
        graph(
            "Processors in use", "none", "By the master and its workers. At the number of cores, requests wait.",
            (f"sum by (instance) (rate(process_cpu_seconds_total{{{JOB}}}{RATE}))", "{{instance}}"), width=6,
        ),
        graph(
            "Memory", "bytes", "Resident, of all processes; pages that they share count once for each.",
            (f"sum by (instance) (process_resident_memory_bytes{{{JOB}}})", "{{instance}}"),
            (f"sum by (instance) (serve_workers{{{JOB}}})", "{{instance}} workers"), width=6,
        ),
    ],
}  # fmt: skip


def choice(label: str, title: str, metric: str) -> Json:
    """Return a list at the head of the dashboard, with the values that a label of a metric has."""
    query = f"label_values({metric}, {label})"
    shown = {"name": label, "label": title, "type": "query", "datasource": SOURCE, "refresh": 2}
    return {**shown, "query": {"query": query, "refId": label}, "definition": query}


def dashboard() -> Json:
    """Return the dashboard: the panels of each row from left to right, and below each other."""
    panels: list[Json] = []
    y = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}, "panels": []})
        x, y = 0, y + 1
        for item in row:
            place = item["gridPos"]
            if x + place["w"] > WIDTH:
                x, y = 0, y + place["h"]
            panels.append({**item, "gridPos": {"x": x, "y": y, **place}})
            x += place["w"]
        y += row[-1]["gridPos"]["h"]
    source = {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}
    choices = [
        choice("job", "Service", "serve_build_info"),
        choice("version", "Version", f"model_rows_total{{{JOB}}}"),
        choice("input", "Input", f"model_input_rows_total{{{JOB}}}"),
    ]
    return {
        "uid": "model-service",
        "title": "Model service",
        "tags": ["model"],
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [source, *choices]},
        "annotations": {
            "list": [
                {
                    "name": "New champion",
                    "enable": True,
                    "iconColor": "blue",
                    "datasource": SOURCE,
                    "expr": f'changes(model_alias_version{{{JOB},alias="champion"}}[2m]) > 0',
                    "titleFormat": "New champion",
                }
            ]
        },
        "panels": [{"id": number, **item} for number, item in enumerate(panels, 1)],
    }


def main() -> None:
    FILE.write_text(json.dumps(dashboard(), indent=1) + "\n")


if __name__ == "__main__":
    main()
