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
        figure, axes = _axes(f"Predicted against actual, {len(actual)} test rows")
        axes.axline((float(both.min()), float(both.min())), slope=1, color="0.4", linewidth=1)
        axes.scatter(actual, predicted, s=14, alpha=0.6, edgecolors="none")
        axes.set_xlabel(f"actual: {name}")
        axes.set_ylabel("predicted")
        axes.set_aspect("equal", adjustable="datalim")
        _save(figure, folder / "predicted_actual.svg")

        figure, axes = _axes(f"Residuals, {len(actual)} test rows")
        axes.axhline(0, color="0.4", linewidth=1)
        axes.scatter(predicted, actual - predicted, s=14, alpha=0.6, edgecolors="none")
        axes.set_xlabel(f"predicted: {name}")
        axes.set_ylabel("actual - predicted")
        _save(figure, folder / "residuals.svg")


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 4.5), layout="constrained")  # pyplot would need a backend and keep figures open
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(file, format="svg", metadata={"Date": None})
