"""A report for people: a short text for a terminal, and one HTML file that needs no other and runs no script.

Both draw the report's JSON. The templates and the style are those of the service's page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import charts
from monitor.report.phrases import Json, amount, decimal, percent, probability, signed
from registry import printable

ROOT = Path(__file__).parents[2]
TEMPLATES, STYLE = ROOT / "templates", ROOT / "app" / "static" / "style.css"


def to_html(report: Json) -> str:
    """Return the report as one HTML file of less than 200 kB; every text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["charts"] = charts
    template = environment.get_template("report_file.html")
    return template.render(report=report, style=STYLE.read_text(encoding="utf-8")) + "\n"


def to_text(report: Json) -> str:
    """Return the report as a few lines for a terminal, with nothing in them that could move its cursor."""
    return "\n".join(map(printable, _lines(report)))


def _lines(report: Json) -> Iterator[str]:
    window, against, traffic = report["window"], report["against"], report["traffic"]
    yield report["headline"]
    yield ""
    yield f"{report['model']}, version {report['champion']}, from {window['since'][:16]} to {window['until'][:16]} UTC"
    rows, requests = amount(window["rows"], "row"), amount(window["requests"], "request")
    yield f"{rows} of {requests}, against {amount(against['rows'], 'row')} of {against['source']}"
    refused, failed = amount(traffic["refused"], "refused request"), amount(traffic["errors"], "failed request")
    median, slow = decimal(traffic["latency_ms"]["median"]), decimal(traffic["latency_ms"]["p99"])
    yield f"{refused}, {failed}; answered in {median} ms (median), {slow} ms (slowest 1 %)"
    yield ""
    yield f"{'column':24}{'shift':>10}{'effect':>8}  {'p':12}{'missing':>8}  verdict"
    for column in report["drift"]["columns"]:
        name = "prediction" if column["kind"] == "prediction" else column["name"]
        shift = "" if column["shift_sd"] is None else f"{signed(column['shift_sd'])} sd"
        numbers = f"{shift:>10}{decimal(column['effect']):>8}  {probability(column['p']):12}"
        yield f"{name:24}{numbers}{percent(column['missing_share']):>8}  {column['verdict'].replace('_', ' ')}"
    for title, sentences in (
        ("Found", report["findings"]),
        ("What to do", report["actions"]),
        ("Not judged", report["not_judged"]),
        ("Faults of the logs", report["faults"]),
    ):
        if sentences:
            yield ""
            yield f"{title}:"
            yield from (f"  {sentence}" for sentence in sentences)
