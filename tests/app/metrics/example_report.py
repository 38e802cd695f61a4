"""A report as the monitor leaves it, with what the metrics read of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def example_report(verdict: str = "drift") -> dict[str, Any]:
    """Return a report on three inputs, of which one drifted, and on the prediction."""
    columns = [
        {
            "name": name,
            "verdict": column_verdict,
            "p": p,
            "effect": effect,
            "shift_sd": shift,
            "psi": psi,
            "tests": {"kolmogorov_smirnov": {"statistic": effect, "p": p, "effect": effect}},
        }
        for name, column_verdict, p, effect, shift, psi in (
            ("rm", "drift", 1e-9, 0.21, 0.4, 0.12),
            ("tax", "calm", 0.6, 0.02, 0.01, 0.004),
            ("age", "calm", 0.3, 0.03, -0.02, 0.006),
            ("prediction", "calm", 0.2, 0.05, 0.1, 0.01),
        )
    ]
    return {
        "format": 1,
        "model": "boston",
        "title": "Median value of homes",
        "created": datetime.now(UTC).isoformat(),
        "champion": 1,
        "window": {"since": "2026-11-19T00:00:00+00:00", "until": "2026-11-26T00:00:00+00:00", "rows": 5000},
        "against": {"source": "training", "version": 1, "rows": 404, "sha256": ""},
        "verdict": verdict,
        "because": "",
        "headline": "rm drifted",
        "traffic": {},
        "drift": {"verdict": "drift", "columns": columns},
        "accuracy": {
            "verdict": "calm",
            "matched": 500,
            "expected": {"rmse": 3.1, "low": 2.8, "high": 3.5},
            "overall": {"rmse": 3.2, "low": 2.9, "high": 3.6},
        },
    }


def write_reports(logs: Path) -> None:
    """Leave a day's report, of drift, and a calm alert in the folder of a model's logs."""
    folder = logs / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report-2026-11-25.json").write_text(json.dumps(example_report()))
    (folder / "alert.json").write_text(json.dumps(example_report("calm")))
