"""docs/monitoring.md against the code: the numbers that it names, and the words by which somebody looks for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.latest import ALERT_ALPHA
from monitor.report.words import EXIT_CODES
from monitor.retraining.attempt import MIN_SHADOWED
from monitor.retraining.decision import MIN_TRUTHS
from monitor.retraining.selection import EACH_SHARE, FEEDBACK_SHARE
from registry.detectable_shift import ALPHA, EFFECT

PAGE = (Path(__file__).parents[2] / "docs/monitoring.md").read_text()


def test_it_names_each_verdict_with_its_exit_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE)
    assert {verdict: int(code) for verdict, code in rows} == EXIT_CODES


def test_its_limits_are_those_of_the_rule() -> None:
    for text in (
        f"p ≤ {ALPHA:g} over all tests of a report",
        f"{ALERT_ALPHA:.4f} for the hourly alert",
        f"a shift of {EFFECT:g} standard deviations",
        f"at least {MIN_TRUTHS} truths",
        f"at most {FEEDBACK_SHARE:.0%} of all rows".replace("%", " %"),
        f"{EACH_SHARE:.0%} from one client or source".replace("%", " %"),
        f"After {MIN_SHADOWED:,} rows in shadow",
    ):
        assert text in " ".join(PAGE.split()), text


@pytest.mark.parametrize(
    "word",
    [
        *("Kolmogorov–Smirnov", "chi-squared", "domain classifier", "selection bias", "non-stationary environment"),
        *("ground truth", "late", "decoupled", "missing for some", "when retraining pays"),
    ],
)
def test_somebody_who_knows_the_word_finds_it(word: str) -> None:
    assert word.lower() in PAGE.lower()
