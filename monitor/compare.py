"""Compare two versions: their predictions for the same rows, as a shadow makes possible, and their errors.

Reads the logs only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.accuracy.comparison import ErrorComparison, compare_errors
from monitor.drift.result import MIN_REQUESTS
from monitor.errors import MonitorError
from monitor.pairs import SAMPLE_PAIRS, Pairs, read_pairs
from monitor.profiles.profile import ANSWERING
from monitor.profiles.reference import Floats
from monitor.truth import join_truths
from monitor.window import Window
from registry import CommonSettings

_BARS, _WIDTH = 11, 40
_QUANTILES = (0.025, 0.25, 0.5, 0.75, 0.975)


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
    pairs, faults = read_pairs(logs, first, second)
    joined = join_truths(logs, inputs=()).rows
    errors = compare_errors(joined[joined["version"] == first], joined[joined["version"] == second])
    if not pairs.rows and errors is None:
        more = f", but for {pairs.no_number} rows without a number" if pairs.no_number else ""
        nothing = f"{logs}: no request was seen by both version {first} and version {second}{more}"
        raise MonitorError("\n".join([*faults, nothing]))
    for fault in faults:
        print(fault, file=sys.stderr)
    if pairs.rows:
        print(format_text(pairs, first, second, arguments.over))
    if errors is not None:
        print("\n" * bool(pairs.rows) + format_errors(errors, first, second))
    if arguments.plot is not None and pairs.rows:
        try:
            plot(pairs, first, second, arguments.plot)
        except ImportError as error:
            raise MonitorError(f"--plot needs matplotlib ({error}); `make install` has it") from error
    return 0


def compare_versions(
    logs: Path,
    window: Window,
    champion: int,
    groups: Iterable[tuple[int, str]],
    joined: pd.DataFrame,
    *,
    cache: Path | None = None,
) -> list[dict[str, Any]]:
    """Compare the champion with each shadow and each canary of a window: the section "comparisons" of the report.

    Args:
        logs: the folder of the model's logs.
        champion: its version.
        groups: version and role of the window's rows.
        joined: the window's predictions with their truth (truth.join_truths).
        cache: the folder to cache the pairs of whole days in.
    """
    answered = joined[(joined["version"] == champion) & joined["role"].isin(ANSWERING)]
    comparisons = []
    for version, role in sorted(groups):
        if version == champion or role not in ("shadow", "canary"):
            continue
        pairs = read_pairs(logs, champion, version, window=window, cache=cache)[0] if role == "shadow" else Pairs()
        errors = compare_errors(answered, joined[(joined["version"] == version) & (joined["role"] == role)])
        if pairs.rows or errors:
            comparisons.append(
                {
                    "first": champion,
                    "second": version,
                    "role": role,
                    "paired": bool(pairs.rows),
                    "rows": pairs.rows,
                    "no_number": pairs.no_number,
                    "difference": _difference(pairs),
                    "truth": errors and errors.to_json(),
                }
            )
    return comparisons


def _difference(pairs: Pairs) -> dict[str, Any]:
    if not pairs.rows:
        return {"mean": None, "sd": None, "quantiles": {}}
    quantiles = np.quantile(pairs.differences, _QUANTILES).tolist()
    names = map(str, _QUANTILES)
    return {"mean": pairs.mean, "sd": pairs.sd, "quantiles": dict(zip(names, quantiles, strict=True))}


def format_text(pairs: Pairs, first: int, second: int, threshold: float) -> str:
    """Return the differences as text for a person: quantiles, the share over a threshold, and a histogram.

    Args:
        threshold: the difference that matters, in the output's unit.
    """
    differences = pairs.differences
    without = f"; on {pairs.no_number} more, one of them gave no number" if pairs.no_number else ""
    quantiles = np.quantile(differences, _QUANTILES)
    counts, edges = np.histogram(differences, _BARS, _span(differences))
    lines = [
        f"{pairs.rows} rows of version {first} and version {second} for the same requests{without}",
        f"{second} less {first}: mean {pairs.mean:.4g}, standard deviation {pairs.sd:.4g}",
        *[f"from here on, of a random sample of {SAMPLE_PAIRS} rows:"] * (pairs.rows > len(differences)),
        "2.5 % {:.4g}   25 % {:.4g}   50 % {:.4g}   75 % {:.4g}   97.5 % {:.4g}".format(*quantiles),
        f"{np.mean(np.abs(differences) > threshold):.2%} differ by more than {threshold:g}",
        "",
    ]
    for count, start, end in zip(counts, edges[:-1], edges[1:], strict=True):
        bar = "█" * round(_WIDTH * int(count) / int(counts.max()))
        lines.append(f"{start:>10.3g} to {end:>9.3g} {int(count):>8}  {bar}".rstrip())
    return "\n".join(lines)


def format_errors(errors: ErrorComparison, first: int, second: int) -> str:
    """Return the errors of two versions as text for a person."""
    low, high = errors.difference.interval
    lines = [
        f"RMSE {errors.rmse_second:.4g} of version {second}, {errors.rmse_first:.4g} of version {first}, on "
        f"{errors.rows} rows of {errors.requests} requests with truth",
        f"difference {errors.difference.value:+.4g}, 95 % interval {low:+.4g} to {high:+.4g}: "
        + {
            "better": f"version {second} is better",
            "worse": f"version {second} is worse",
            "no difference shown": "no difference shown",
            "cannot_judge": f"not judged, because that takes truth for {MIN_REQUESTS} requests",
        }[errors.verdict],
    ]
    if not errors.paired:
        lines.append("they answered different requests, so this is not a comparison on the same rows")
    return "\n".join(lines)


def plot(pairs: Pairs, first: int, second: int, file: Path) -> None:
    """Draw the differences as an SVG or PNG.

    Raises:
        ImportError: if matplotlib is not installed; serving does without it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(pairs.differences, 50, _span(pairs.differences))
    left.set(xlabel=f"version {second} less version {first}", ylabel="rows")
    right.plot(pairs.first, pairs.second, ".", markersize=2)
    right.axline((float(pairs.first.mean()),) * 2, slope=1, linewidth=1, color="gray")
    right.set(xlabel=f"version {first}", ylabel=f"version {second}")
    figure.savefig(file)


def _span(values: Floats) -> tuple[float, float]:
    """Return the least and the largest value with a small margin, so that equal values have a range too."""
    low, high = float(values.min()), float(values.max())
    margin = 1e-6 * max(abs(low), abs(high), 1.0)
    return low - margin, high + margin
