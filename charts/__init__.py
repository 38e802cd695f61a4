"""Charts as SVG, drawn where the page is: classes and attributes only, so that a strict policy allows them.

The style sheet gives them their colours. Knows no model, no HTTP and no log.
"""

from charts.figures import answer, curve, scatter, versions
from charts.rows import field_histogram, mark, sparkline, step, whisker
from charts.scale import number, percent, ticks
from charts.table import numbers

__all__ = [
    "answer",
    "curve",
    "field_histogram",
    "mark",
    "number",
    "numbers",
    "percent",
    "scatter",
    "sparkline",
    "step",
    "ticks",
    "versions",
    "whisker",
]
