"""A report that has every member, and the same with other verdicts or of any size."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from monitor.report.words import add_words

Json = dict[str, Any]
EXAMPLE = Path(__file__).with_name("example.json")


def example() -> Json:
    """Return the example: two columns drifted, accuracy is calm."""
    report: Json = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return report


def of_verdict(verdict: str) -> Json:
    """Return a report whose sections add up to a verdict."""
    report = example()
    drift, accuracy = report["drift"], report["accuracy"]
    if verdict != "drift":
        drift["verdict"] = "calm" if verdict == "accuracy" else verdict
        for column in drift["columns"]:
            column["verdict"] = drift["verdict"]
    if verdict == "cannot_judge":
        report["window"] |= {"rows": 212, "requests": 140}
        for column in drift["columns"]:
            column |= {
                "reason": f"{column['name']}: 788 more rows are needed",
                "power": {"detectable_sd": 0.4, "rows_missing": 788},
            }
        accuracy |= {"verdict": "cannot_judge", "truths": 0, "matched": 0, "unknown": 0, "overall": None}
        accuracy |= {"share": None, "newest": None, "versions": [], "slices": [], "days": [], "sources": []}
        report["comparisons"] = []
    if verdict == "accuracy":
        accuracy["verdict"] = "accuracy"
        accuracy["overall"] |= {"rmse": 6.54, "low": 5.3, "high": 7.8}
        accuracy["sources"][0] |= {"verdict": "differs", "others": 0.1}
    return add_words(report)


def of_size(inputs: int, days: int) -> Json:
    """Return a report over many inputs and days, with as many entries as such a report has in each list."""
    report = example()
    drift, accuracy = report["drift"], report["accuracy"]
    names = [f"a_rather_long_name_{number}" for number in range(inputs)]
    dates = [f"2026-{8 + number // 30:02}-{1 + number % 30:02}" for number in range(days)]
    drift["columns"] = [
        drift["columns"][0] | {"name": name, "label": f"Label of the input {name}", "reason": "Long reason. " * 8}
        for name in names
    ]
    pair = drift["joint"]["correlations"][0]
    drift["joint"]["correlations"] = [pair | {"inputs": [a, names[0]]} for a in names]
    drift["shares"] = [drift["shares"][1] | {"name": f"missing: {name}"} for name in names]
    shifts = {name: {"ks": 0.123456, "shift_sd": 0.234567} for name in names}
    drift["days"] = [{"day": day, "rows": 1000, "columns": shifts} for day in dates]
    hour = report["traffic"]["series"][5]
    report["traffic"]["series"] = [hour | {"time": f"{day}T{hour_:02}"} for day in dates for hour_ in range(24)]
    report["traffic"]["reasons"] = [{"error": "x" * 5000, "requests": 3}] * 500
    report["traffic"]["versions"] *= 50
    accuracy["days"] = [accuracy["days"][0] | {"day": day} for day in dates]
    accuracy["slices"] *= 100
    accuracy["sources"] = [accuracy["sources"][0] | {"source": "s" * 5000}] * 300
    accuracy["unknown_ids"] = ["i" * 128] * 20
    report["comparisons"] *= 50
    report["faults"] = ["f" * 5000] * 300
    return add_words(report)


def hostile(text: str) -> Json:
    """Return the example with a text in every place that a client decides, or the author of a version."""
    report = copy.deepcopy(example())
    report["title"] = report["faults"][0] = text
    report["traffic"]["refusals"][0]["input"] = report["traffic"]["reasons"][0]["error"] = text
    report["accuracy"]["sources"][0] |= {"source": text, "verdict": "differs"}
    report["accuracy"]["unknown_ids"][0] = text
    report["accuracy"]["slices"][0]["slice"] = text
    report["drift"]["columns"][0] |= {"label": text, "reason": f"rm is {text}"}
    report["drift"]["shares"][0] |= {"name": text, "verdict": "drift"}
    return add_words(report)
