"""The report: every model with its versions, aliases, history and logs, and what is wrong with them now.

Builds plain dicts, ready for JSON; audit/render.py draws them. Reads the registry and the logs; changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from audit.seal import LOG_NAME, find_change, log_files, read_seals
from audit.timeline import alias_periods, read_event
from audit.tolerant_reader import Faults, pick
from audit.versions import AS_PUBLISHED, CHANGED, GONE, provenance, read_card
from filesystem import read_plain
from journal import timestamp
from registry import ALIASES, CHAMPION, RegistryError, VersionStore, find_inconsistencies
from registry.aliases import RETIRED
from registry.consistency import describe_gone
from registry.history import HEAD, HISTORY
from registry.history_line import ADOPT, PROMOTE, PUBLISH, RETIRE, ROLLBACK, Entry
from registry.integrity import SIGNATURE, SIGNINGS, SUMS
from registry.signing import verify_signing

JSON = dict[str, Any]


def build_report(models: Path, logs: Path, now: datetime, key: Any = None) -> JSON:
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
    return {
        "time": timestamp(now),
        "models_folder": str(models),
        "logs_folder": str(logs),
        "models": [_model(VersionStore(models, folder.name), logs / folder.name, key) for folder in folders],
    }


def _holds_model(folder: Path) -> bool:
    if folder.name.startswith(".") or not folder.is_dir():
        return False
    names = [path.name for path in folder.iterdir()]
    return any(name in (ALIASES, HISTORY, HEAD, RETIRED) or name.isdecimal() for name in names)


def _model(store: VersionStore, logs: Path, key: Any) -> JSON:
    """Return one model: its versions with the newest first, and every line of history that is sound in itself.

    If the history is not intact, lines are missing or damaged, and ``alias_periods`` may be wrong.
    """
    faults, intact = Faults(), False
    aliases: dict[str, int] = {}
    present: list[int] = []
    with faults.collecting(store.folder / HISTORY):
        for sentence in find_inconsistencies(store.aliases):
            faults.add(sentence)
    with faults.collecting(store.folder / HISTORY):
        store.history.entries()
        intact = True
    with faults.collecting(store.folder / ALIASES):
        aliases = dict(sorted(store.aliases.read().items()))
    for place in ("", RETIRED):
        with faults.collecting(store.folder / place):
            present += store.aliases.numbers(place)
    entries = store.history.undamaged()
    events = [read_event(entry) for entry in entries]
    numbers = {*present, *(event["version"] for event in events if event["version"] is not None)}
    versions = []
    for number in sorted(numbers, reverse=True):
        with faults.collecting(store.folder / HISTORY):  # it may name a number that no folder can have
            versions.append(_version(store, number, key, aliases, events, faults))
    by_preference = sorted(versions, key=lambda version: version["number"] != aliases.get(CHAMPION))
    return {
        "model": store.model,
        "title": next((version["title"] for version in by_preference if version["title"]), None),
        "aliases": aliases,
        "versions": versions,
        "alias_periods": alias_periods(events),
        "history": events,
        "history_intact": intact,
        "logs": _logs(entries, logs, faults),
        "faults": list(faults),
    }


def _version(
    store: VersionStore, number: int, key: Any, aliases: dict[str, int], events: Sequence[JSON], faults: Faults
) -> JSON:
    """Return one version. If its files are not as published, its SHA-256 and its card are None."""
    retired = store.folder / RETIRED / str(number)
    folder = next((path for path in (store.folder / str(number), retired) if path.is_dir()), None)
    title, verified, card = None, None, None
    if folder:
        verified, card = read_card(store, number, faults)
    else:
        faults.add(describe_gone(store.folder, number))
    if verified:
        with faults.collecting(verified.folder / SIGNATURE):
            title = pick(json.loads(verified.read(SIGNATURE)), str, "title")
    own = [event for event in events if event["version"] == number]
    return {
        "number": number,
        "title": title,
        "files": AS_PUBLISHED if verified else CHANGED if folder else GONE,
        "sha256": verified.digest if verified else None,
        "retired": retired.is_dir(),
        "aliases": sorted(alias for alias, version in aliases.items() if version == number),
        "signing": _signing(store, number, folder, key, faults),
        "provenance": None if card is None else provenance(card),
        "publication": next((event for event in own if event["action"] in (PUBLISH, ADOPT)), None),
        "retirement": next((event for event in own if event["action"] == RETIRE), None),
        "sign_offs": [event for event in own if event["action"] in (PROMOTE, ROLLBACK)],
    }


def _signing(store: VersionStore, number: int, folder: Path | None, key: Any, faults: Faults) -> str:
    """Return the state of a version's Ed25519 signature."""
    signed = (store.folder / SIGNINGS / f"{number}.sig").is_file()
    if key is None or folder is None:
        return "signed, not checked" if signed else "not signed"
    with faults.collecting(folder):
        verify_signing(store.folder, number, read_plain(folder / SUMS), key)
        return "valid"
    return "not valid" if signed else "not signed"


def _logs(entries: Sequence[Entry], logs: Path, faults: Faults) -> list[JSON]:
    """Return the log files that are there or were sealed, in the order of their names.

    ``size`` is in bytes, None if the file is gone. ``rows`` and ``sha256`` are what the seal says.
    """
    files: dict[str, JSON] = {}
    unsealed = {**dict.fromkeys(("rows", "sha256", "sealed_at", "sealed_by")), "state": "not sealed"}
    for path in log_files(logs):
        with faults.collecting(path):
            files[path.name] = {"name": path.name, "size": path.stat().st_size, **unsealed}
    for item in read_seals(entries):
        if change := find_change(item, logs):
            faults.add(change)
        if LOG_NAME.fullmatch(item.file):
            sealed = {"rows": item.rows, "sha256": item.sha256, "sealed_at": item.time, "sealed_by": item.by}
            state = "not as sealed" if change else "as sealed"
            file = files.get(item.file, {"name": item.file, "size": None})
            files[item.file] = {**file, **sealed, "state": state}
    return [files[name] for name in sorted(files)]
