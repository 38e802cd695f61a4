"""The promotion gates: what a version must pass before it becomes champion.

Some were checked by its training and are in its card. The others are measured now, on the files that would serve: the
error on the version's own test rows, compared with the champion's on the same rows, encoded for each by its own
signature; the time of a prediction; and whether the reference rows fit the signature. Knows no alias and no history.
"""

from __future__ import annotations

import json
import statistics
import timeit
from dataclasses import dataclass
from typing import Any

import numpy as np

from registry.errors import IntegrityError, RegistryError
from registry.input import Input
from registry.integrity import VerifiedFiles
from registry.model_files import load_model
from registry.predictor import Float32Array, Predictor
from registry.recoding import Recoded, Recoder
from registry.rows import REFERENCE, TEST, Floats, read_rows
from registry.signature import Signature
from registry.versions import Version

# The median time that a prediction for one row may take, in milliseconds.
MAX_MILLISECONDS = 5.0
# The share of the reference rows that must get a plausible prediction.
MIN_PLAUSIBLE = 0.95
# Resamples of the test rows for the interval of the difference, and the coverage of the interval.
RESAMPLES, COVERAGE = 2000, 0.95
# Rows that two versions must both take, to be compared on them; all that there are, if they are fewer.
MIN_COMMON_ROWS = 30
_TIMED_CALLS = 200


@dataclass(frozen=True, slots=True)
class GateResult:
    """The result of one gate."""

    name: str
    passed: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return the result as the history stores it; there ``passed`` is called ``held``."""
        return {"name": self.name, "held": self.passed, "detail": self.detail}


def check_gates(
    candidate: VerifiedFiles, signature: Signature, champion: Version | RegistryError | None
) -> list[GateResult]:
    """Check every gate, and return all results.

    Args:
        candidate: the files of the version that is to become champion.
        champion: the present champion, or why it can't be opened; None if there is none.

    Raises:
        RegistryError: if a file of the candidate is missing, or its runtime is not installed or can't open the model.
        RuntimeError: if the model does not predict.
    """
    model = load_model(candidate, signature)
    return [
        *_card_gates(json.loads(candidate.read("card.json"))),
        _champion_gate(champion, model, candidate, signature),
        _latency_gate(model, signature),
        _reference_gate(candidate, signature, model),
    ]


def rmse_difference(
    actual: Floats, new: Float32Array, old: Float32Array, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float, float]:
    """Return RMSE(new) - RMSE(old) and the ends of its bootstrap interval, from arrays of shape (n,).

    Rows are resampled in pairs; the interval is the percentile interval: Efron and Tibshirani, An Introduction to the
    Bootstrap (1993), chapter 13.
    """
    squares = np.stack([(new - actual) ** 2, (old - actual) ** 2]).astype(np.float64)
    random = np.random.default_rng(seed)
    roots = np.empty((resamples, 2))
    for resample in range(resamples):  # one at a time, so that memory does not grow with rows times resamples
        roots[resample] = np.sqrt(squares[:, random.integers(0, len(actual), len(actual))].mean(axis=1))
    low, high = np.quantile(roots[:, 0] - roots[:, 1], [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    new_rmse, old_rmse = np.sqrt(squares.mean(axis=1))
    return float(new_rmse - old_rmse), float(low), float(high)


def _card_gates(card: dict[str, Any]) -> list[GateResult]:
    results = [
        GateResult(
            gate["name"], bool(gate["passed"]), f"{gate['value']:.6g}, at most {gate['limit']:g}, measured at training"
        )
        for gate in card.get("gates") or []
    ]
    return results or [GateResult("card", False, "the card names no gate")]


def _champion_gate(
    champion: Version | RegistryError | None, model: Predictor, candidate: VerifiedFiles, signature: Signature
) -> GateResult:
    name = "test_vs_champion"
    if isinstance(champion, RegistryError):
        return GateResult(name, False, f"there is nothing to compare with: {champion}")
    try:
        table = read_rows(candidate, TEST, signature)
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
    recoded = Recoder(signature, champion.signature).recode(rows)
    taken = recoded.taken
    if not taken.any():
        return GateResult(name, False, f"the champion takes none of the {len(rows)} test rows ({recoded.refused[0]})")
    needed = min(MIN_COMMON_ROWS, len(rows))
    if taken.sum() < needed:
        few = f"not judged: the champion takes {taken.sum()} of the {len(rows)} test rows, and {needed} are needed"
        return GateResult(name, False, f"{few}; it does not take one because {_first_reason(recoded)}")
    change, low, high = rmse_difference(actual[taken], new[taken], champion.predictor.predict(recoded.rows[taken]))
    interval = f"{COVERAGE:.0%} interval {low:+.4g} to {high:+.4g}"
    detail = f"RMSE {rmse:.4g}, {change:+.4g} against the champion's on the same {taken.sum()} test rows; {interval}"
    if recoded.refused:
        why = _first_reason(recoded)
        detail += f"; the champion does not take {len(recoded.refused)} more of them, one because {why}"
    return GateResult(name, bool(low <= 0 and np.isfinite(rmse)), detail)


def _first_reason(recoded: Recoded) -> str:
    return next(iter(recoded.refused.values()))


def _latency_gate(model: Predictor, signature: Signature) -> GateResult:
    row = np.array([signature.example], dtype=np.float32)
    model.predict(row)  # the first call is the slowest
    seconds = timeit.repeat(lambda: model.predict(row), number=1, repeat=_TIMED_CALLS)
    milliseconds = statistics.median(seconds) * 1000
    detail = f"{milliseconds:.3g} ms a row, at most {MAX_MILLISECONDS:g}"
    return GateResult("latency", milliseconds <= MAX_MILLISECONDS, detail)


def _reference_gate(candidate: VerifiedFiles, signature: Signature, model: Predictor) -> GateResult:
    name = "reference_data"
    try:
        table = read_rows(candidate, REFERENCE, signature)
    except RegistryError as error:
        return GateResult(name, False, str(error))
    rows = table[:, :-1]
    for column, item in enumerate(signature.inputs):
        if problem := _outside_training(item, rows[:, column]):
            return GateResult(name, False, problem)
    if not len(rows):
        return GateResult(name, False, f"{REFERENCE} has no row")
    low, high = signature.output.plausible
    predictions = model.predict(rows.astype(np.float32))
    share = float(np.mean((predictions >= low) & (predictions <= high)))
    detail = f"{share:.1%} of {len(rows)} rows get a plausible prediction, at least {MIN_PLAUSIBLE:.0%}"
    return GateResult(name, share >= MIN_PLAUSIBLE, detail)


def _outside_training(item: Input, values: Floats) -> str:
    """Return which value of an input in the reference rows can't come from training; nothing if all can."""
    low, high = item.training
    fits = (values >= low) & (values <= high)  # no NaN does
    if item.missing is not None:
        fits |= values == item.missing.value
    if fits.all():
        return ""
    row = int(np.argmin(fits))
    text = item.texts.get(float(values[row]))
    problem = (
        f"{item.name} is outside its training range" if text is None else f"{item.name}: no training row is {text!r}"
    )
    return f"{REFERENCE}, line {row + 2}: {problem}"
