"""A card as a training writes it, by hand: so that tests of pages need no training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from registry import Figures, Signature
from registry.figures import Histogram, InputFigures
from tests.conftest import HOUSES

ROWS = 40  # test rows
ACTUAL = tuple(float(value) for value in np.linspace(10, 40, ROWS))


def card_of(
    signature: Signature = HOUSES,
    *,
    errors: Sequence[float] = (3.0, -1.0),
    hidden: Sequence[int] = (),
    data: str = "d" * 64,
    low: float = 4.0,
) -> dict[str, Any]:
    """Return the members of a card beside those that :func:`tests.conftest.publish` writes.

    Args:
        errors: of the test rows, the real value minus the predicted one, again and again.
        low: the lower end of the interval of the first slice; the error over all rows is 5.
    """
    actual, repeated = np.array(ACTUAL), np.resize(np.array(errors), ROWS)
    root = float(np.sqrt(np.mean(repeated**2)))
    figures = Figures(
        inputs={item.name: _figures(item.training, item.categories) for item in signature.inputs},
        output=Histogram((10, 20, 30, 40), (5, 10, 5)),
        actual=ACTUAL,
        predicted=tuple((actual - repeated).tolist()),
        half_width=(2.0,) * ROWS,
    )
    fit = {"architecture": "mlp", "hidden": list(hidden)} if hidden else {"architecture": "linear"}
    measured = {"metrics": {"rmse": root, "mae": 2.0, "r2": 0.5}, "cv": {"folds": 5, "rmse": 5.0}}
    slices = [("rm", "≤ 6", 20, 7.0, low, 9.0), ("chas", "1", 3, 6.0, 1.0, 11.0)]
    about = {"details": "Homes of `1970`", "out_of_scope": "lending <b>", "ethics": "A *teaching* set"}
    return {
        "spec": {
            "file": "boston.toml",
            "sha256": "5" * 64,
            "content": {"about": about, "fit": fit, "inputs": [{"name": name} for name in signature.names]},
        },
        "data": {"file": "boston.csv", "sha256": data, "rows": 200},
        "split": {"seed": 42, "copies": 1, "training_rows": 160, "test_rows": ROWS, "test_rows_sha256": "7" * 64},
        **measured,
        "intervals": {"rmse": [root - 0.5, root + 0.5], "mae": [1, 3], "r2": [0.3, 0.7]},
        "baselines": {"least_squares": measured},
        "slices": [
            dict(zip(("column", "slice", "cv_rows", "cv_rmse", "low", "high"), item, strict=True)) for item in slices
        ],
        "parity": {"rows": 200, "differences": {"litert": 3e-6}},
        "weights_sha256": "9" * 64,
        "parameters": 11,
        "packages": {"numpy": "2.4.6"},
        "commit": "c" * 40,
        "training_seconds": 8.3,
        "figures": figures.to_json(),
    }


def _figures(training: tuple[float, float], categories: tuple[float, ...]) -> InputFigures:
    x = categories or tuple(np.linspace(*training, 5).tolist())
    histogram = Histogram(x, tuple(range(1, len(x) + 1)) if categories else (1, 5, 3, 2))
    return InputFigures(histogram, (x[0], x[-1]), x[1], x, tuple(20.0 + place for place in range(len(x))))
