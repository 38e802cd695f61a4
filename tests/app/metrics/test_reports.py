"""The monitor's last reports as metrics; whatever else is in their files shows nothing and breaks nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from app.metrics.exposition import render
from app.metrics.reports import report_families
from tests.app.metrics.example_report import example_report
from tests.app.requests import any_json

COLUMNS = ("prediction", "rm", "tax", "age")


def samples(newest: Any, alert: Any = None) -> list[str]:
    return [line for line in render(report_families(newest, alert, COLUMNS)).splitlines() if line[0] != "#"]


def test_a_reports_verdict_drift_and_accuracy_are_shown() -> None:
    lines = samples(example_report(), example_report("calm"))
    for line in (
        'model_report_verdict{report="day",verdict="drift"} 1',
        'model_report_verdict{report="day",verdict="calm"} 0',
        'model_report_verdict{report="alert",verdict="calm"} 1',
        'model_report_rows{report="day"} 5000',
        'model_drift_alarm{report="day",column="rm"} 1',
        'model_drift_alarm{report="day",column="tax"} 0',
        'model_drift_statistic{report="day",column="rm",test="kolmogorov_smirnov"} 0.21',
        'model_drift_p_value{report="day",column="rm"} 1e-09',
        'model_accuracy_rmse{bound="estimate"} 3.2',
        'model_accuracy_expected_rmse{bound="high"} 3.5',
        "model_accuracy_truth_rows 500",
    ):
        assert line in lines


def test_a_column_that_is_none_of_the_models_is_left_out() -> None:
    report = example_report()
    report["drift"]["columns"] += [{"name": "x" * 1000, "psi": 1}, {"name": ["rm"]}, {"name": None}]
    created = "model_report_created"
    shown, expected = ([line for line in samples(each) if created not in line] for each in (report, example_report()))
    assert shown == expected


@pytest.mark.parametrize("value", [None, "0.2", True, [], float("nan")])
def test_what_is_no_number_is_left_out(value: Any) -> None:
    report = example_report()
    report["drift"]["columns"][0]["psi"] = value
    assert 'model_drift_psi{report="day",column="rm"}' not in "\n".join(samples(report))


def test_without_reports_there_is_no_sample() -> None:
    assert samples(None) == []


@given(any_json("name", "columns", "tests", "kolmogorov_smirnov", "statistic", "psi", "verdict"))
def test_no_content_of_a_file_breaks_a_scrape(content: Any) -> None:
    members = ("created", "window", "drift", "accuracy", "verdict")
    samples(dict.fromkeys(members, content), {"drift": {"columns": content}})
