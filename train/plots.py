"""The two plots of a version, as SVG: the same numbers give the same bytes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from registry import Output
from train.dataset import Floats

# A fixed salt, or the ids differ in each file. Text stays text, and two dollar signs in a label are no formula.
_STYLE = {"svg.hashsalt": "train", "svg.fonttype": "none", "text.parse_math": False}


def write_plots(folder: Path, label: Output, actual: Floats, predicted: Floats) -> None:
    """Write predicted_actual.svg and residuals.svg into a folder.

    Args:
        actual, predicted: float64 (n,) in the label's unit, of the test rows.
    """
    name = f"{label.label} ({label.unit})" if label.unit else label.label
    both = np.concatenate([actual, predicted])
    with mpl.rc_context(_STYLE):
        figure, axes = _scatter("Predicted against actual", actual, predicted, f"actual: {name}", "predicted")
        axes.axline((float(both.min()), float(both.min())), slope=1, color="0.4", linewidth=1)
        axes.set_aspect("equal", adjustable="datalim")
        figure.savefig(folder / "predicted_actual.svg", metadata={"Date": None})

        figure, axes = _scatter("Residuals", predicted, actual - predicted, f"predicted: {name}", "actual - predicted")
        axes.axhline(0, color="0.4", linewidth=1)
        figure.savefig(folder / "residuals.svg", metadata={"Date": None})


def _scatter(title: str, x: Floats, y: Floats, x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """Return a plot of one point for each test row."""
    figure = Figure(figsize=(6, 4.5), layout="constrained")  # pyplot would need a backend and keep figures open
    axes = figure.add_subplot()
    axes.set(title=f"{title}, {len(x)} test rows", xlabel=x_label, ylabel=y_label)
    axes.scatter(x, y, s=14, alpha=0.6, edgecolors="none")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
