"""The record of one version: where it comes from, what was measured, and whether its files are as published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.events import Event
from audit.faults import Faults
from audit.json_values import integer, items, mapping, number, text
from registry import VersionStore
from registry.aliases import RETIRED
from registry.history import ADOPT, PROMOTE, PUBLISH, RETIRE, ROLLBACK
from registry.integrity import SIGNATURE, SUMS, VerifiedFiles
from registry.versions import CARD

AS_PUBLISHED, CHANGED, GONE = "as published", "not as published", "gone"
UNSIGNED, UNCHECKED, VALID, INVALID = "not signed", "signed, not checked", "valid", "not valid"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure on the test rows with its 95 % bootstrap interval; None if the card does not say it."""

    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TrainingGate:
    """A gate of the card: what was measured at the training, and the largest value allowed."""

    name: str
    value: float | None
    limit: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a version's card says; None for what it does not say.

    Attributes:
        seed: of the split into training and test rows.
        test_rows_sha256: of the test rows' positions in the file.
        cv_rmse, cv_folds: the mean RMSE of a cross-validation, and its folds.
    """

    data_file: str | None
    data_sha256: str | None
    data_rows: int | None
    spec_file: str | None
    spec_sha256: str | None
    training_rows: int | None
    test_rows: int | None
    seed: int | None
    test_rows_sha256: str | None
    weights_sha256: str | None
    parameters: int | None
    packages: Mapping[str, str]
    commit: str | None
    trained_by: str | None
    trained_at: str | None
    training_seconds: float | None
    metrics: tuple[Metric, ...]
    cv_rmse: float | None
    cv_folds: int | None
    gates: tuple[TrainingGate, ...]

    @classmethod
    def from_card(cls, card: Any) -> Provenance:
        """Read a card; what is missing in it, or is of another type than expected, is None."""
        return cls(
            data_file=text(card, "data", "file"),
            data_sha256=text(card, "data", "sha256"),
            data_rows=integer(card, "data", "rows"),
            spec_file=text(card, "spec", "file"),
            spec_sha256=text(card, "spec", "sha256"),
            training_rows=integer(card, "split", "training_rows"),
            test_rows=integer(card, "split", "test_rows"),
            seed=integer(card, "split", "seed"),
            test_rows_sha256=text(card, "split", "test_rows_sha256"),
            weights_sha256=text(card, "weights_sha256"),
            parameters=integer(card, "parameters"),
            packages={name: release for name in mapping(card, "packages") if (release := text(card, "packages", name))},
            commit=text(card, "commit"),
            trained_by=text(card, "by"),
            trained_at=text(card, "created"),
            training_seconds=number(card, "training_seconds"),
            metrics=tuple(_metric(card, name) for name in mapping(card, "metrics")),
            cv_rmse=number(card, "cv", "rmse"),
            cv_folds=integer(card, "cv", "folds"),
            gates=tuple(_gate(gate) for gate in items(card, "gates")),
        )


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """All that is known of one version, past or present.

    Attributes:
        title: of the model, as the version's signature.json has it.
        files: "as published", "not as published", or "gone".
        sha256: of its SHA256SUMS as it is now, which stands for all its files; None if it is not as published.
        aliases: those that it holds now.
        signing: of its Ed25519 signature: "not signed", "signed, not checked" (no public key is set), "valid" or
            "not valid".
        provenance: what its card says; None if its files are not as published, for then the card may be another.
        publication, retirement: the events that published it and took it out of service.
        sign_offs: the promotions and rollbacks that gave it an alias.
    """

    number: int
    title: str | None
    files: str
    sha256: str | None
    retired: bool
    aliases: tuple[str, ...]
    signing: str
    provenance: Provenance | None
    publication: Event | None
    retirement: Event | None
    sign_offs: tuple[Event, ...]


def read_version(
    store: VersionStore,
    number: int,
    *,
    key: Any,
    present: bool,
    retired: bool,
    aliases: Sequence[str],
    events: Sequence[Event],
    faults: Faults,
) -> VersionRecord:
    """Return the record of a version, and add what is wrong with it to the faults.

    Args:
        store: asks for no signature itself.
        key: the Ed25519 public key to check its signature with; None to check none.
        present: whether its folder is there.
        aliases: those that it holds now.
        events: the history of its model.
    """
    folder = store.folder / str(number)
    verified: VerifiedFiles | None = None
    provenance, title = None, None
    if present:
        with faults.collecting(folder):
            verified = store.check(number)
    else:
        faults.add(f"{store.folder}: version {number} is gone; the history tells of it")
    if verified:
        with faults.collecting(verified.folder / CARD):
            provenance = Provenance.from_card(json.loads(verified.read(CARD)))
        with faults.collecting(verified.folder / SIGNATURE):
            title = text(json.loads(verified.read(SIGNATURE)), "title")
    own = [event for event in events if event.version == number]
    return VersionRecord(
        number=number,
        title=title,
        files=(AS_PUBLISHED if verified else CHANGED) if present else GONE,
        sha256=verified.digest if verified else None,
        retired=retired,
        aliases=tuple(aliases),
        signing=_signing(store, number, key, present=present, faults=faults),
        provenance=provenance,
        publication=next((event for event in own if event.action in (PUBLISH, ADOPT)), None),
        retirement=next((event for event in own if event.action == RETIRE), None),
        sign_offs=tuple(event for event in own if event.action in (PROMOTE, ROLLBACK)),
    )


def _signing(store: VersionStore, number: int, key: Any, *, present: bool, faults: Faults) -> str:
    from registry.signing import FOLDER, verify_signing  # its library is only there where signatures are used

    signed = (store.folder / FOLDER / f"{number}.sig").is_file()
    if key is None or not present:
        return UNCHECKED if signed else UNSIGNED
    folder = store.folder / str(number)
    if not folder.is_dir():
        folder = store.folder / RETIRED / str(number)
    with faults.collecting(folder):
        verify_signing(store.folder, number, (folder / SUMS).read_bytes(), key)
        return VALID
    return INVALID if signed else UNSIGNED


def _metric(card: Any, name: str) -> Metric:
    interval = items(card, "intervals", name)
    low, high = interval if len(interval) == 2 else (None, None)
    return Metric(name, number(card, "metrics", name), number(low), number(high))


def _gate(gate: Any) -> TrainingGate:
    passed = mapping(gate).get("passed") is True
    return TrainingGate(text(gate, "name") or "?", number(gate, "value"), number(gate, "limit"), passed)
