"""Compare two versions on the requests that both predicted for: the champion's rows joined with those of its shadow.

Reads the logs only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from journal import LogReader, daily_files
from monitor.errors import MonitorError
from registry import CommonSettings

Floats = NDArray[np.float64]
# How many rows wait for their counterpart: a shadow's come later, but not much.
_MAX_WAITING = 1_000_000
_BARS, _WIDTH = 11, 40


@dataclass(frozen=True, slots=True)
class Comparison:
    """Predictions of two versions for the same rows, each of shape (n,), float64, in the output's unit.

    Attributes:
        no_number: how many further rows got no finite number from one of them or from both.
    """

    first: Floats
    second: Floats
    no_number: int

    @property
    def differences(self) -> Floats:
        """Second minus first, shape (n,)."""
        return self.second - self.first


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``compare`` to the commands."""
    meaning = "how far a version and its shadow are apart on the same requests"
    parser = commands.add_parser("compare", help=meaning, description=meaning)
    parser.add_argument("first", type=int)
    parser.add_argument("second", type=int)
    parser.add_argument("--over", type=float, default=1.0, metavar="X", help="the difference that matters; default: 1")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw it, with matplotlib")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    logs, first, second = settings.log_folder, arguments.first, arguments.second
    comparison = compare(logs, first, second)
    if not len(comparison.first):
        more = f", but for {comparison.no_number} rows without a number" if comparison.no_number else ""
        raise MonitorError(f"{logs}: no request was seen by both version {first} and version {second}{more}")
    print(format_text(comparison, first, second, arguments.over))
    if arguments.plot is not None:
        try:
            plot(comparison, first, second, arguments.plot)
        except ImportError as error:
            raise MonitorError(f"--plot needs matplotlib ({error}); `make install` has it") from error
    return 0


def compare(logs: Path, first: int, second: int) -> Comparison:
    """Join the rows of two versions by request and row.

    Args:
        logs: the folder of the model's logs.
        first, second: the numbers of the versions.

    Raises:
        OSError: if a log file can't be read.
    """
    waiting: dict[tuple[str, str, str], tuple[int, float]] = {}
    pairs: list[tuple[float, float]] = []
    for key, number, prediction in _rows(logs, (first, second)):
        other = waiting.pop(key, None)
        if other is None or other[0] == number:
            waiting[key] = (number, prediction)
            if len(waiting) > _MAX_WAITING:
                del waiting[next(iter(waiting))]
        else:
            pairs.append((other[1], prediction) if number == second else (prediction, other[1]))
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    numbers = table[np.isfinite(table).all(axis=1)]
    return Comparison(numbers[:, 0], numbers[:, 1], len(table) - len(numbers))


def format_text(comparison: Comparison, first: int, second: int, threshold: float) -> str:
    """Return the differences as text for a person: quantiles, the share over a threshold, and a histogram.

    Args:
        threshold: the difference that matters, in the output's unit.
    """
    differences = comparison.differences
    without = f"; on {comparison.no_number} more, one of them gave no number" if comparison.no_number else ""
    quantiles = np.quantile(differences, [0.025, 0.25, 0.5, 0.75, 0.975])
    counts, edges = np.histogram(differences, _BARS, _span(differences))
    lines = [
        f"{len(differences)} rows of version {first} and version {second} for the same requests{without}",
        f"{second} less {first}: mean {differences.mean():.4g}, standard deviation {differences.std():.4g}",
        "2.5 % {:.4g}   25 % {:.4g}   50 % {:.4g}   75 % {:.4g}   97.5 % {:.4g}".format(*quantiles),
        f"{np.mean(np.abs(differences) > threshold):.2%} differ by more than {threshold:g}",
        "",
    ]
    for count, start, end in zip(counts, edges[:-1], edges[1:], strict=True):
        bar = "█" * round(_WIDTH * int(count) / int(counts.max()))
        lines.append(f"{start:>10.3g} to {end:>9.3g} {int(count):>8}  {bar}".rstrip())
    return "\n".join(lines)


def plot(comparison: Comparison, first: int, second: int, file: Path) -> None:
    """Draw the differences as an SVG or PNG.

    Raises:
        ImportError: if matplotlib is not installed; serving does without it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(comparison.differences, 50, _span(comparison.differences))
    left.set(xlabel=f"version {second} less version {first}", ylabel="rows")
    right.plot(comparison.first, comparison.second, ".", markersize=2)
    right.axline((float(comparison.first.mean()),) * 2, slope=1, linewidth=1, color="gray")
    right.set(xlabel=f"version {first}", ylabel=f"version {second}")
    figure.savefig(file)


def _span(values: Floats) -> tuple[float, float]:
    """Return the least and the largest value with a small margin, so that equal values have a range too."""
    low, high = float(values.min()), float(values.max())
    margin = 1e-6 * max(abs(low), abs(high), 1.0)
    return low - margin, high + margin


def _rows(logs: Path, numbers: tuple[int, int]) -> Iterator[tuple[tuple[str, str, str], int, float]]:
    for path in daily_files(logs, "predictions"):
        for row in LogReader(path):
            if (number := int(row["version"])) in numbers:
                yield (row["time"], row["request_id"], row["row"]), number, float(row["prediction"])
