"""The network of a spec: chosen among a few by their errors on training rows that they were not fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from train.dataset import Dataset, Floats, Indices
from train.dataset.split import find_originals, keep_copies_together
from train.evaluation import rmse
from train.networks.fitting import Examples, fit_layers
from train.progress import Report
from train.spec import FitConfig

SMALL_ROWS = 4200  # training rows up to which a step of the optimizer uses all
FEW_ROWS = 1000  # up to which each row is held out once, because one hold-out says little
MOST_ROWS = 20_000  # of more, a sample is enough to choose
ENSEMBLE_ROWS = 100_000  # training rows up to which five members are tried: beyond, they take minutes
MEMBERS = 5
PAYS = 0.99  # members must bring the error below this share of it: they take five times as long
SIMPLER = 1.01  # a candidate is taken before those behind it if its error is at most so many times theirs
PARTS = 4

_PIECES = 16  # quantiles
_PIECEWISE = "mlp and a line on piecewise-linear numbers"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network, and what to call it."""

    name: str
    fit: FitConfig


@dataclass(frozen=True, slots=True)
class Chosen:
    """The first network with nearly the smallest error, and the errors of all.

    Attributes:
        errors: the RMSE of each candidate, by its name, in the label's unit.
        mean_error: that of always predicting the mean.
        how: which rows were held out.
    """

    best: Candidate
    errors: Mapping[str, float]
    mean_error: float
    how: str


def candidates(rows: int) -> list[Candidate]:
    """Return the networks that are compared for so many training rows.

    Settings were found on Cars93, cars, Credit, Hitters, mpg, penguins, Salaries, Bikeshare and deliveries.
    """
    ridges = [FitConfig("ridge", 1, 0.0, penalty=penalty) for penalty in (0.1, 1.0, 10.0)]
    lines = [Candidate(f"ridge, penalty {config.penalty:g}", config) for config in ridges]
    if rows > SMALL_ROWS:
        large = FitConfig("mlp", 2500, 0.01, (128, 64), 0.3, activation="relu", skip=True, batch=512)
        pieces = [replace(large, weight_decay=decay, quantiles=_PIECES) for decay in (0.3, 1.0)]
        return [
            *lines,
            Candidate("mlp and a line", large),
            *(Candidate(f"{_PIECEWISE}, decay {config.weight_decay:g}", config) for config in pieces),
        ]
    relu = FitConfig("mlp", 500, 0.01, (64, 32), activation="relu", skip=True, members=MEMBERS)
    return [
        *lines,
        Candidate("mlp", FitConfig("mlp", 500, 0.01, (32, 16), 2.0, members=MEMBERS)),
        *(Candidate(f"mlp and a line, decay {decay:g}", replace(relu, weight_decay=decay)) for decay in (1.0, 5.0)),
        *(
            Candidate(
                f"{_PIECEWISE}, decay {decay:g}",
                replace(relu, weight_decay=decay, quantiles=_PIECES),
            )
            for decay in (0.5, 5.0)
        ),
    ]


def choose(data: Dataset, seed: int, report: Report) -> Chosen:
    """Fit the candidates to some of the training rows, and compare them on the others.

    Args:
        report: called with a step and the fraction of all that is done, 0 to 1.
    """
    rows = data.train_rows
    parts = _parts(data, seed)
    held_out = parts if len(rows) <= FEW_ROWS else parts[:1]
    of = (
        f"of {MOST_ROWS} of the {len(rows)} training rows" if len(rows) > MOST_ROWS else f"of {len(rows)} training rows"
    )
    how = f"{'each quarter' if len(held_out) > 1 else 'a quarter'} {of}, which the network had not seen"
    compared = candidates(len(rows))
    errors: dict[str, float] = {}
    for number, candidate in enumerate(compared):
        report("choosing the network", number / (len(compared) + 1))
        errors[candidate.name] = _error(data, candidate.fit, seed, parts, held_out)
    least = min(errors.values())
    best = next(candidate for candidate in compared if errors[candidate.name] <= SIMPLER * least)
    if best.fit.architecture == "mlp" and best.fit.members == 1 and len(rows) <= ENSEMBLE_ROWS:
        report("choosing the network", len(compared) / (len(compared) + 1))
        several = Candidate(f"{best.name}, {MEMBERS} members", replace(best.fit, members=MEMBERS))
        errors[several.name] = _error(data, several.fit, seed, parts, held_out)
        best = several if errors[several.name] < PAYS * errors[best.name] else best
    label = data.label
    around = [label[part] - np.mean(label[_others(parts, part)]) for part in held_out]
    return Chosen(best, errors, rmse(np.concatenate(around)), how)


def _error(data: Dataset, config: FitConfig, seed: int, parts: list[Indices], held_out: list[Indices]) -> float:
    errors: list[Floats] = []
    for part in held_out:
        training = _others(parts, part)
        fitted = fit_layers(Examples(data.described, data.inputs[training], data.label[training]), config, seed)
        errors.append(data.label[part] - fitted.predict(data.inputs[part]))
    return rmse(np.concatenate(errors))


def _parts(data: Dataset, seed: int) -> list[Indices]:
    """Return parts of the training rows, or of a sample of many. Rows with the same inputs are in the same one."""
    order = np.random.default_rng(seed).permutation(len(data.train_rows))[:MOST_ROWS]
    drawn = np.sort(order)
    rows = data.train_rows[drawn]
    originals = find_originals(data.inputs[rows].astype(np.float32))
    parts = [np.searchsorted(drawn, part) for part in np.array_split(order, PARTS)]
    return [rows[part] for part in keep_copies_together(originals, parts) if len(part)]


def _others(parts: list[Indices], part: Indices) -> Indices:
    return np.concatenate([other for other in parts if other is not part])


def fit_keys(config: FitConfig) -> dict[str, Any]:
    """Return the keys of `[fit]` that say so."""
    if config.architecture == "ridge":
        return {"architecture": "ridge", "penalty": config.penalty}
    keys: dict[str, Any] = {
        "architecture": config.architecture,
        "hidden": list(config.hidden),
        "activation": config.activation,
        "skip": config.skip,
        "quantiles": config.quantiles,
        "members": config.members,
        "steps": config.steps,
        "learning_rate": config.learning_rate,
        "weight_decay": config.weight_decay,
        "batch": config.batch,
    }
    return {
        key: value
        for key, value in keys.items()
        if (value is not None and value not in (False, 0)) or key == "weight_decay"
    }
