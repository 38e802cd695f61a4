"""Everything that is known of one answer: its rows in the log, its version and that this is still as it was published,
where that came from, and who let it answer.

Reads the logs and the registry; changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal import find, is_predicted
from registry import NotPublishedError, RegistryError, VersionStore, find_inconsistencies, printable


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found; ``faults`` are what is missing or not as it was."""

    request: Mapping[str, str]
    predictions: Sequence[Mapping[str, str]]
    versions: list[dict[str, Any]]
    faults: list[str]

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "request": dict(self.request),
            "predictions": [dict(row) for row in self.predictions],
            "versions": self.versions,
            "faults": self.faults,
        }


def trace(store: VersionStore, logs: Path, request_id: str) -> list[Trace]:
    """Each request that had this id, oldest first: ids of clients may come twice.

    Args:
        logs: the folder of the model's logs.
    """
    predictions = list(find(logs, "predictions", request_id))
    found = []
    for request in find(logs, "requests", request_id):
        rows = [row for row in predictions if row["time"] == request["time"]]
        faults = list(find_inconsistencies(store.aliases))
        if is_predicted(request) and not rows:
            faults.append("the request was answered, and has no prediction row")
        numbers = sorted({int(row["version"]) for row in rows})
        versions = [_version(store, number, request["time"], faults) for number in numbers]
        found.append(Trace(request, rows, versions, faults))
    return found


def format_text(trace: Trace) -> str:
    """A trace for a person."""
    parts = ["REQUEST", *_listed(trace.request), "", f"PREDICTIONS ({len(trace.predictions)})"]
    for row in trace.predictions:
        inputs = {name: text for name, text in row.items() if name not in ("time", "request_id", "model")}
        parts.append("  " + "  ".join(f"{name} {text}" for name, text in inputs.items() if text))
    for version in trace.versions:
        parts += [
            "",
            f"VERSION {version['version']}",
            *_listed({k: v for k, v in version.items() if k != "signed_off"}),
        ]
        parts.append("  signed off:")
        parts += [f"    {json.dumps(line, ensure_ascii=False)}" for line in version["signed_off"]] or ["    by nobody"]
    parts += ["", "FAULTS" if trace.faults else "No fault: every file is as it was published, and so is the history."]
    parts += [f"  {fault}" for fault in trace.faults]
    return "\n".join(map(printable, parts))


def _version(store: VersionStore, number: int, time: str, faults: list[str]) -> dict[str, Any]:
    """Where a version comes from, with its hashes computed now, and the lines of history on it."""
    said: dict[str, Any] = {"version": number}
    try:
        verified = store.check(number)
        card = json.loads(verified.read("card.json"))
        said |= {"sha256": verified.digest, "files": "as published"}
        said |= {"data": card.get("data"), "commit": card.get("commit"), "trained_by": card.get("by")}
        said |= {"gates": card.get("gates"), "weights_sha256": card.get("weights_sha256")}
    except (NotPublishedError, RegistryError) as error:
        faults.append(str(error))
        said["files"] = "not as published"
    try:
        lines = [line.content for line in store.history.entries()]
    except RegistryError:
        lines = []  # named among the faults
    said["signed_off"] = [
        {name: value for name, value in line.items() if name not in ("previous", "aliases")}
        for line in lines
        if line.get("version") == number and line["time"] <= time
    ]
    return said


def _listed(content: Mapping[str, Any]) -> list[str]:
    width = max(map(len, content), default=0)
    return [
        f"  {name:<{width}}  {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in content.items()
        if value not in ("", None)
    ]
