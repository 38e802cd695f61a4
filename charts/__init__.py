"""Charts as SVG, drawn where the page is: classes and attributes only, so that a strict policy allows them.

The style sheet gives them their colours. Knows no model, no HTTP and no log.
"""

from charts.days import bars_by_day, lines_by_day, points_by_day
from charts.figures import answer, curve, scatter, versions
from charts.levels import levels
from charts.rows import compared, field_histogram, mark, shifts, sparkline, step, whisker
from charts.scale import number, percent
from charts.table import numbers

__all__ = [
    "answer",
    "bars_by_day",
    "compared",
    "curve",
    "field_histogram",
    "levels",
    "lines_by_day",
    "mark",
    "number",
    "numbers",
    "percent",
    "points_by_day",
    "scatter",
    "shifts",
    "sparkline",
    "step",
    "versions",
    "whisker",
]
