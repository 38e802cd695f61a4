"""The monitor's last reports as metrics: their verdicts, the statistics of drift by column, the accuracy.

A report is a file that others write, so whatever is missing in it, or no number, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from app.metrics.exposition import Family

Report = Mapping[str, Any]

VERDICTS = ("calm", "drift", "accuracy", "cannot_judge")
_ALARM = "drift"
_TESTS = ("kolmogorov_smirnov", "mann_whitney", "chi_squared")


def report_families(newest: Report | None, alert: Report | None, columns: Collection[str]) -> Iterator[Family]:
    """Yield the metrics of the newest day's report and of the alert on the last 24 hours.

    Args:
        columns: the prediction and the inputs; others are left out.
    """
    reports = {name: report for name, report in (("day", newest), ("alert", alert)) if report is not None}
    verdict = Family("model_report_verdict", "gauge", "1 for the verdict of the last report, 0 for the others.")
    created = Family("model_report_created_timestamp_seconds", "gauge", "When the last report was made, since 1970.")
    rows = Family("model_report_rows", "gauge", "Rows that the last report is about.")
    for name, report in reports.items():
        for word in VERDICTS:
            verdict.add(float(report.get("verdict") == word), report=name, verdict=word)
        _add(created, _seconds(report.get("created")), report=name)
        _add(rows, _object(report.get("window")).get("rows"), report=name)
    yield from (verdict, created, rows)
    yield from _drift(reports, columns)
    yield from _accuracy(_object(newest.get("accuracy")) if newest else {})


def _drift(reports: Mapping[str, Report], columns: Collection[str]) -> Iterator[Family]:
    alarm = Family("model_drift_alarm", "gauge", "Whether the last report found that a column drifted.")
    statistic = Family("model_drift_statistic", "gauge", "The statistic of a test of a column in the last report.")
    effect = Family("model_drift_effect", "gauge", "The effect of a column's deciding test in the last report.")
    pvalue = Family("model_drift_p_value", "gauge", "The smallest adjusted p-value of a column in the last report.")
    shift = Family(
        "model_drift_shift_sd", "gauge", "The shift of a column's mean, in standard deviations of the reference."
    )
    psi = Family("model_drift_psi", "gauge", "The population stability index of a column in the last report.")
    for name, report in reports.items():
        for column in _list(_object(report.get("drift")).get("columns")):
            if (label := column.get("name")) in columns:
                labels = {"report": name, "column": str(label)}
                alarm.add(float(column.get("verdict") == _ALARM), **labels)
                for family, member in ((effect, "effect"), (pvalue, "p"), (shift, "shift_sd"), (psi, "psi")):
                    _add(family, column.get(member), **labels)
                tests = _object(column.get("tests"))
                for test in _TESTS:
                    _add(statistic, _object(tests.get(test)).get("statistic"), **labels, test=test)
    yield from (alarm, statistic, effect, pvalue, shift, psi)


def _accuracy(accuracy: Report) -> Iterator[Family]:
    """Yield the error against truth of the newest day's report, beside the one that the version's card promises."""
    overall, expected = _object(accuracy.get("overall")), _object(accuracy.get("expected"))
    error = Family(
        "model_accuracy_rmse", "gauge", "Root mean squared error of the rows with truth, in the output's unit."
    )
    promised = Family("model_accuracy_expected_rmse", "gauge", "The same on the version's card, from its test rows.")
    truths = Family("model_accuracy_truth_rows", "gauge", "Rows with truth in the last report.")
    for bound, member in (("estimate", "rmse"), ("low", "low"), ("high", "high")):
        _add(error, overall.get(member), bound=bound)
        _add(promised, expected.get(member), bound=bound)
    _add(truths, accuracy.get("matched"))
    yield from (error, promised, truths)


def _add(family: Family, value: Any, **labels: str) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        family.add(float(value), **labels)


def _object(value: Any) -> Report:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Report]:
    return [_object(item) for item in value] if isinstance(value, list) else []


def _seconds(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError):
        return None
