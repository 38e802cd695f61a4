"""The rule of drift: from a profile and a reference to verdicts. The tests themselves are in monitor/statistics."""

from monitor.drift.columns import day_figures
from monitor.drift.rule import Drift, judge_drift

__all__ = ["Drift", "day_figures", "judge_drift"]
