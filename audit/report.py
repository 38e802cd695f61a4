"""The report: every model with its versions, aliases, history and logs, and what is wrong with them now.

Builds one plain value; audit/report_layout.py lays it out. Reads the registry and the logs; changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from audit.events import AliasPeriod, Event, alias_periods
from audit.faults import Faults
from audit.seal import STREAMS, Seal, find_change, log_files
from audit.version_record import VersionRecord, read_version
from journal import timestamp
from registry import ALIASES, CHAMPION, RegistryError, VersionStore, find_inconsistencies
from registry.aliases import RETIRED
from registry.history import HEAD, HISTORY, SEAL

_LOG_NAME = re.compile(rf"({'|'.join(STREAMS)})-[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\.csv", re.ASCII)
AS_SEALED, CHANGED, NOT_SEALED = "as sealed", "not as sealed", "not sealed"


@dataclass(frozen=True, slots=True)
class LogFile:
    """A log file that is there, or was sealed.

    Attributes:
        size: in bytes; None if it is gone.
        rows, sha256, sealed_at, sealed_by: what its seal says; None if it has none yet.
        state: "as sealed", "not as sealed" or "not sealed".
    """

    name: str
    size: int | None
    rows: int | None
    sha256: str | None
    sealed_at: str | None
    sealed_by: str | None
    state: str


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model.

    Attributes:
        title: as its champion's signature.json has it, or else its newest version's.
        aliases: which version each alias names now.
        versions: past and present, the newest first.
        history: every line that is sound in itself, oldest first.
        history_intact: whether no line is missing or changed; else ``alias_periods`` may be wrong.
    """

    model: str
    title: str | None
    aliases: Mapping[str, int]
    versions: tuple[VersionRecord, ...]
    alias_periods: tuple[AliasPeriod, ...]
    history: tuple[Event, ...]
    history_intact: bool
    logs: tuple[LogFile, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What is published below a models folder, and what was logged below a logs folder.

    Attributes:
        time: when it was made; ISO 8601, UTC.
    """

    time: str
    models_folder: str
    logs_folder: str
    models: tuple[ModelReport, ...]

    @property
    def faults(self) -> int:
        """How many faults were found."""
        return sum(len(model.faults) for model in self.models)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain objects, arrays, texts and finite numbers."""
        return asdict(self)


def build_report(models: Path, logs: Path, now: datetime, key: Any = None) -> Report:
    """Read every model and check what is there.

    Args:
        models, logs: the folders that hold one folder for each model.
        now: in UTC.
        key: the Ed25519 public key that versions must be signed with; None if they need not be signed.

    Raises:
        RegistryError: if no model has a version.
        OSError: if the models folder can't be read.
    """
    folders = sorted(path for path in models.iterdir() if _holds_model(path)) if models.is_dir() else []
    if not folders:
        raise RegistryError(f"{models}: no version is published yet; `make train` publishes the first one")
    reports = [_read_model(VersionStore(models, folder.name), logs / folder.name, key) for folder in folders]
    return Report(timestamp(now), str(models), str(logs), tuple(reports))


def _holds_model(folder: Path) -> bool:
    if folder.name.startswith(".") or not folder.is_dir():
        return False
    names = [path.name for path in folder.iterdir()]
    return any(name in (ALIASES, HISTORY, HEAD, RETIRED) or name.isdecimal() for name in names)


def _read_model(store: VersionStore, logs: Path, key: Any) -> ModelReport:
    faults = Faults()
    with faults.collecting(store.folder / HISTORY):
        for sentence in find_inconsistencies(store.aliases):
            faults.add(sentence)
    events, intact = _read_events(store, faults)
    aliases: Mapping[str, int] = {}
    present: set[int] = set()
    retired: set[int] = set()
    with faults.collecting(store.folder):
        present.update(store.aliases.numbers())
    with faults.collecting(store.folder / RETIRED):
        retired.update(store.aliases.numbers(RETIRED))
    with faults.collecting(store.folder / ALIASES):
        aliases = store.aliases.read()
    numbers = present | retired | {event.version for event in events if event.version is not None}
    versions = [
        read_version(
            store,
            number,
            key=key,
            present=number in present or number in retired,
            retired=number in retired,
            aliases=sorted(alias for alias, version in aliases.items() if version == number),
            events=events,
            faults=faults,
        )
        for number in sorted(numbers, reverse=True)
    ]
    return ModelReport(
        model=store.model,
        title=_title(versions, aliases.get(CHAMPION)),
        aliases=dict(sorted(aliases.items())),
        versions=tuple(versions),
        alias_periods=tuple(alias_periods(events)),
        history=tuple(events),
        history_intact=intact,
        logs=tuple(_read_logs(events, logs, faults)),
        faults=tuple(faults),
    )


def _read_events(store: VersionStore, faults: Faults) -> tuple[list[Event], bool]:
    """Return the lines of history that are sound in themselves, and whether they are all that there were."""
    intact = False
    with faults.collecting(store.folder / HISTORY):
        store.history.entries()
        intact = True
    events = []
    for entry in store.history.undamaged(""):
        try:
            events.append(Event.from_entry(entry))
        except ValueError as error:
            intact = False
            faults.add(f"{store.folder / HISTORY}, line {entry.number}: {error}; restore it")
    return events, intact


def _title(versions: Sequence[VersionRecord], champion: int | None) -> str | None:
    preferred = sorted(versions, key=lambda version: version.number != champion)
    return next((version.title for version in preferred if version.title), None)


def _read_logs(events: Sequence[Event], logs: Path, faults: Faults) -> list[LogFile]:
    """Return the files that are there or were sealed, in the order of their names."""
    files = {}
    for path in log_files(logs):
        with faults.collecting(path):
            files[path.name] = LogFile(path.name, path.stat().st_size, None, None, None, None, NOT_SEALED)
    for event in events:
        if event.action != SEAL:
            continue
        if event.file is None or event.rows is None or event.sha256 is None or not _LOG_NAME.fullmatch(event.file):
            faults.add(
                f"{HISTORY} of {logs.name}, line {event.line}: a seal must name a file, its rows and its SHA-256"
            )
            continue
        change = find_change(Seal(event.file, event.rows, event.sha256, event.time, event.by), logs)
        if change:
            faults.add(change)
        size = files[event.file].size if event.file in files else None
        state = CHANGED if change else AS_SEALED
        files[event.file] = LogFile(event.file, size, event.rows, event.sha256, event.time, event.by, state)
    return [files[name] for name in sorted(files)]
