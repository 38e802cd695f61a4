"""How good a version is, in a few figures for the home page: from its card and its figures, each of which may lack."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.routing.cache import LoadedModel
from registry import Figures, RegistryError, VersionStore

logger = logging.getLogger(__name__)

_RETRY = 60.0  # seconds after which a card that could not be read is read again
_METRICS = {"rmse": "RMSE", "mae": "MAE", "r2": "R²"}


@dataclass(frozen=True, slots=True)
class Metric:
    """An error on the test rows, and the ends of its 95 % interval, if they are known."""

    name: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of how good a version is.

    Attributes:
        rmse, mean_rmse: of the version and of guessing the mean, on the test rows.
        test_rows: how many those are.
        metrics: those that are known.
        coverage: the share of rows whose 90 % interval held the real value in tests, 0 to 1.
        figures: for the plot of predicted against actual.
        outside: for each of its points, whether it lies outside its 90 % interval; empty if there are no intervals.
    """

    rmse: float | None = None
    mean_rmse: float | None = None
    test_rows: int | None = None
    metrics: Sequence[Metric] = ()
    coverage: float | None = None
    figures: Figures | None = None
    outside: Sequence[bool] = ()

    @property
    def rows(self) -> Sequence[tuple[float, float]]:
        """The points of the plot: actual and predicted."""
        return list(zip(self.figures.actual, self.figures.predicted, strict=False)) if self.figures else ()


class SummaryReader:
    """Reads the summary of a version once; of the last one that was asked for."""

    def __init__(self, store: VersionStore) -> None:
        self._store = store
        self._kept: tuple[str, Summary, float] = ("", Summary(), 0.0)  # digest, and until when it counts

    def read(self, model: LoadedModel) -> Summary:
        """Return the summary of a version."""
        digest, summary, until = self._kept
        if digest != model.digest or time.monotonic() > until:
            card, until = {}, math.inf
            try:
                card = self._store.card(model.number)
            except (RegistryError, OSError, ValueError) as error:  # the version is loaded and can still predict
                logger.warning("no figures on the home page: %s", error)
                until = time.monotonic() + _RETRY
            summary = summarise(card, model.figures)
            self._kept = model.digest, summary, until
        return summary


def summarise(card: Any, figures: Figures | None) -> Summary:
    """Return the summary of a card, whatever it lacks, and figures."""
    outside: list[bool] = []
    if figures and figures.half_width:
        rows = zip(figures.actual, figures.predicted, figures.half_width, strict=False)
        outside = [abs(actual - predicted) > half for actual, predicted, half in rows]
    test_rows = _pick(card, "split", "test_rows")
    return Summary(
        rmse=_number(_pick(card, "metrics", "rmse")),
        mean_rmse=_number(_pick(card, "baselines", "mean", "metrics", "rmse")),
        test_rows=test_rows if type(test_rows) is int else None,
        metrics=[metric for name in _METRICS if (metric := _metric(card, name))],
        coverage=_number(_pick(card, "interval", "levels", "0.9", "coverage")),
        figures=figures if figures and figures.actual else None,
        outside=outside,
    )


def _metric(card: Any, name: str) -> Metric | None:
    value = _number(_pick(card, "metrics", name))
    interval = _pick(card, "intervals", name)
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
    return None if value is None else Metric(_METRICS[name], value, _number(low), _number(high))


def _pick(content: Any, *path: str) -> Any:
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and math.isfinite(value) else None
