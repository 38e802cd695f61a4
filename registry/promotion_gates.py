"""What a version has to show before it may be champion: its card's gates, and what is measured now beside the champion.

Measured here and now, from the files that would serve: the error on the version's own test rows, next to the present
champion's on the same rows; how long a prediction takes and how much memory the model file wants; and whether the
reference rows are what the signature says. Knows no alias and no history.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.errors import IntegrityError, RegistryError
from registry.integrity import VerifiedFiles
from registry.predictor import Float32Array, LiteRT, Predictor
from registry.signature import Signature

REFERENCE, TEST = "reference.csv", "test.csv"
# What is asked of every model file: a median of one row in milliseconds, and megabytes.
MAX_MILLISECONDS, MAX_MEGABYTES = 5.0, 200.0
# The share of the reference rows that must get a plausible prediction.
MIN_PLAUSIBLE = 0.95
# Resamples of the test rows for the interval of the difference, and how much of it the interval covers.
RESAMPLES, COVERAGE = 2000, 0.95
_TIMED_CALLS = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GateResult:
    """One thing that a version has to show before it may answer everybody."""

    name: str
    passed: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return the gate as a history entry has it; there ``passed`` is called ``held``."""
        return {"name": self.name, "held": self.passed, "detail": self.detail}


def gates(
    candidate: VerifiedFiles, signature: Signature, champion: Predictor | RegistryError | None
) -> list[GateResult]:
    """Every gate, passed or not.

    Args:
        candidate: the version that is to be champion; its files were checked.
        champion: the present one, or why it can't be opened; None if there is none.

    Raises:
        RegistryError: if the model file can't be opened.
        RuntimeError: if it does not predict.
    """
    before = _resident()
    model = LiteRT(candidate.read("model.tflite"))
    found = _of_card(json.loads(candidate.read("card.json")))
    found.append(_against(champion, model, candidate, signature))
    found += _of_file(model, signature, before)
    found.append(_reference(candidate, signature, model))
    return found


def difference(
    actual: Floats, new: Float32Array, old: Float32Array, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float, float]:
    """RMSE of ``new`` less that of ``old`` on the same rows, shape (n,), and its bootstrap interval.

    The rows are resampled in pairs, and the interval is that of percentiles: Efron and Tibshirani, An Introduction to
    the Bootstrap (1993), chapter 13.
    """
    squares = np.stack([(new - actual) ** 2, (old - actual) ** 2]).astype(np.float64)
    random = np.random.default_rng(seed)
    roots = np.empty((resamples, 2))
    for resample in range(resamples):  # one at a time, so that many rows need no memory
        roots[resample] = np.sqrt(squares[:, random.integers(0, len(actual), len(actual))].mean(axis=1))
    low, high = np.quantile(roots[:, 0] - roots[:, 1], [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    new_rmse, old_rmse = np.sqrt(squares.mean(axis=1))
    return float(new_rmse - old_rmse), float(low), float(high)


def read_table(sealed: VerifiedFiles, name: str, columns: Sequence[str]) -> Floats:
    """The numbers of a CSV file of a version, shape (n, len(columns)).

    Raises:
        RegistryError: if it is missing or has other columns.
    """
    text = sealed.read(name).decode()
    reader = csv.reader(io.StringIO(text))
    header = next(reader, [])
    path = Path(sealed.folder, name)
    if header != list(columns):
        raise RegistryError(f"{path}: expected the columns {', '.join(columns)}, not {', '.join(header)}")
    try:
        return np.array(list(reader), dtype=np.float64).reshape(-1, len(columns))
    except ValueError as error:
        raise RegistryError(f"{path}: expected numbers ({error})") from error


def _of_card(card: dict[str, Any]) -> list[GateResult]:
    said = card.get("gates") or []
    if not said:
        return [GateResult("card", False, "the card tells of no gate")]
    return [
        GateResult(
            gate["name"], bool(gate["passed"]), f"{gate['value']:.6g}, at most {gate['limit']:g}, at its training"
        )
        for gate in said
    ]


def _against(
    champion: Predictor | RegistryError | None, model: Predictor, candidate: VerifiedFiles, signature: Signature
) -> GateResult:
    name = "test_vs_champion"
    if isinstance(champion, RegistryError):
        return GateResult(name, False, f"there is nothing to compare with: {champion}")
    try:
        table = read_table(candidate, TEST, [*signature.names, signature.output.name])
    except IntegrityError:
        return GateResult(name, False, f"the version has no {TEST} to compare on")
    if not len(table):
        return GateResult(name, False, f"{TEST} has no row")
    rows, actual = table[:, :-1].astype(np.float32), table[:, -1]
    new = model.predict(rows)
    rmse = float(np.sqrt(np.mean((new - actual) ** 2)))
    if champion is None:
        return GateResult(
            name, bool(np.isfinite(rmse)), f"RMSE {rmse:.4g} on {len(rows)} test rows; there is no champion"
        )
    worse, low, high = difference(actual, new, champion.predict(rows))
    interval = f"{COVERAGE:.0%} interval {low:+.4g} to {high:+.4g}"
    detail = f"RMSE {rmse:.4g}, {worse:+.4g} against the champion's on the same {len(rows)} test rows; {interval}"
    return GateResult(name, bool(low <= 0), detail)  # a NaN does not hold


def _of_file(model: Predictor, signature: Signature, before: float) -> list[GateResult]:
    row = np.array([signature.example], dtype=np.float32)
    model.predict(row)  # the first is the slowest
    milliseconds = _median_seconds(lambda: model.predict(row)) * 1000
    megabytes = _resident() - before
    return [
        GateResult(
            "latency", milliseconds <= MAX_MILLISECONDS, f"{milliseconds:.3g} ms a row, at most {MAX_MILLISECONDS:g}"
        ),
        GateResult("memory", megabytes <= MAX_MEGABYTES, f"{megabytes:.3g} MB to open it, at most {MAX_MEGABYTES:g}"),
    ]


def _reference(candidate: VerifiedFiles, signature: Signature, model: Predictor) -> GateResult:
    name = "reference_data"
    try:
        table = read_table(candidate, REFERENCE, [*signature.names, signature.output.name])
    except RegistryError as error:
        return GateResult(name, False, str(error))
    rows = table[:, :-1]
    for column, item in enumerate(signature.inputs):
        low, high = item.training
        outside = np.flatnonzero(~((rows[:, column] >= low) & (rows[:, column] <= high)))
        if len(outside):
            line = int(outside[0]) + 2
            return GateResult(name, False, f"{REFERENCE}, line {line}: {item.name} is outside its training range")
    if not len(rows):
        return GateResult(name, False, f"{REFERENCE} has no row")
    low, high = signature.output.plausible
    predictions = model.predict(rows.astype(np.float32))
    share = float(np.mean((predictions >= low) & (predictions <= high)))
    detail = f"{share:.1%} of {len(rows)} rows get a plausible prediction, at least {MIN_PLAUSIBLE:.0%}"
    return GateResult(name, share >= MIN_PLAUSIBLE, detail)


def _median_seconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(_TIMED_CALLS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def _resident() -> float:
    """This process's resident memory in megabytes; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6
