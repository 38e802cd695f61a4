"""Read the card of one version: where it comes from and what was measured, after a check of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from audit.tolerant_reader import Faults, pick
from registry import VersionStore
from registry.integrity import VerifiedFiles
from registry.versions import CARD

AS_PUBLISHED, CHANGED, GONE = "as published", "not as published", "gone"
# What the report calls a member of the card: its type, and the path to it.
_CARD: Mapping[str, tuple[type, *tuple[str, ...]]] = {
    "data_file": (str, "data", "file"),
    "data_sha256": (str, "data", "sha256"),
    "data_rows": (int, "data", "rows"),
    "spec_file": (str, "spec", "file"),
    "spec_sha256": (str, "spec", "sha256"),
    "training_rows": (int, "split", "training_rows"),
    "test_rows": (int, "split", "test_rows"),
    "seed": (int, "split", "seed"),  # of the split into training and test rows
    "test_rows_sha256": (str, "split", "test_rows_sha256"),  # of the test rows' positions in the data file
    "weights_sha256": (str, "weights_sha256"),
    "parameters": (int, "parameters"),
    "commit": (str, "commit"),
    "trained_by": (str, "by"),
    "trained_at": (str, "created"),
    "training_seconds": (float, "training_seconds"),
    "cv_rmse": (float, "cv", "rmse"),
    "cv_folds": (int, "cv", "folds"),
}


def read_card(store: VersionStore, number: int, faults: Faults) -> tuple[VerifiedFiles | None, Any]:
    """Return a version's checked files and its card; None for what can't be trusted or read.

    Adds what is wrong to the faults.
    """
    verified, card = None, None
    with faults.collecting(store.folder / str(number)):
        verified = store.check(number, tolerant=True)
    if verified:
        with faults.collecting(verified.folder / CARD):
            card = json.loads(verified.read(CARD))
            if not isinstance(card, dict):
                faults.add(f"{verified.folder / CARD}: expected a JSON object; restore it")
    return verified, card


def provenance(card: Any) -> dict[str, Any]:
    """Return what a card says; None for what is missing in it or of another type than expected.

    ``metrics`` are measured on the test rows; ``low`` and ``high`` are the ends of a 95 % bootstrap interval. ``gates``
    have the value at the training and the largest value allowed.
    """
    packages = pick(card, dict, "packages") or {}
    return {
        **{name: pick(card, kind, *path) for name, (kind, *path) in _CARD.items()},
        "packages": {name: release for name in packages if (release := pick(packages, str, name))},
        "metrics": [_metric(card, name) for name in pick(card, dict, "metrics") or {}],
        "gates": [
            {
                "name": pick(gate, str, "name") or "?",
                "value": pick(gate, float, "value"),
                "limit": pick(gate, float, "limit"),
                "passed": pick(gate, bool, "passed") is True,
            }
            for gate in pick(card, list, "gates") or []
        ],
    }


def _metric(card: Any, name: str) -> dict[str, Any]:
    interval = pick(card, list, "intervals", name) or []
    low, high = interval if len(interval) == 2 else (None, None)
    return {
        "name": name,
        "value": pick(card, float, "metrics", name),
        "low": pick(low, float),
        "high": pick(high, float),
    }
