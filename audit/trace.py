"""Trace an answer: its rows in the log, its version, where that version came from, and who let it answer.

Reads the logs and the registry; changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.tolerant_reader import Faults, pick
from audit.versions import AS_PUBLISHED, CHANGED, read_card
from journal import EXPLANATIONS, FEEDBACK, find, is_explained, is_predicted
from registry import RegistryError, VersionStore, find_inconsistencies, printable
from registry.history_line import format_entry

Row = Mapping[str, str]  # of a log, by column
Rows = Sequence[Row]
ANSWERS = ("predictions", EXPLANATIONS)  # the streams with what a request was answered


def trace(store: VersionStore, logs: Path, request_id: str) -> list[dict[str, Any]]:
    """Return each request that had this id, oldest first: a client may use an id twice.

    A trace has the ``request``, its ``predictions``, their ``explanations`` if it asked for them, the ``versions`` that
    answered, the ground truth that came for this id (``feedback``), and ``faults``: what is missing or not as it was.

    Args:
        logs: the folder of the model's logs.

    Raises:
        OSError: if a log file can't be read.
    """
    predictions, explanations, truths = (list(find(logs, stream, request_id)) for stream in (*ANSWERS, FEEDBACK))
    traces = []
    for request in find(logs, "requests", request_id):
        rows, explained = (
            [row for row in rows if row["time"] == request["time"]] for rows in (predictions, explanations)
        )
        traces.append(describe(store, request, rows, explained, truths))
    return traces


def describe(
    store: VersionStore, request: Row, predictions: Rows, explanations: Rows, truths: Rows, *, complete: bool = True
) -> dict[str, Any]:
    """Return the trace of one request, as :func:`trace` does, from its rows in the logs.

    Args:
        complete: whether these are all rows that there are: else none is missed.
    """
    faults = Faults(find_inconsistencies(store.aliases))
    answered = complete and is_predicted(request)
    if answered and not predictions:
        faults.add("the request was answered, and has no prediction row")
    explained = sum(map(is_explained, predictions))
    if answered and explained > len(explanations):
        faults.add(f"the request was answered with {explained} explanations, and has {len(explanations)} rows of them")
    numbers = sorted({int(row["version"]) for row in predictions})
    versions = [_describe_version(store, number, request["time"], faults) for number in numbers]
    parts = {"request": request, "predictions": predictions, "explanations": explanations, "versions": versions}
    return {**parts, "feedback": truths, "faults": list(faults)}


def format_text(trace: Mapping[str, Any]) -> str:
    """Return a trace as text for a person; no character of it moves a terminal's cursor."""
    lines = ["REQUEST", *_format_members(trace["request"]), "", f"PREDICTIONS ({len(trace['predictions'])})"]
    lines += [_format_row({**row, "time": ""}) for row in trace["predictions"]]
    if trace["explanations"]:
        lines += ["", f"EXPLANATIONS ({len(trace['explanations'])})"]
        lines += [_format_row({**row, "time": ""}) for row in trace["explanations"]]
    for version in trace["versions"]:
        members = {name: value for name, value in version.items() if name not in ("gates", "signed_off")}
        lines += ["", f"VERSION {version['version']}", *_format_members(members)]
        lines += ["  gates of the training:", *_format_gates(version.get("gates"))]
        lines.append("  signed off:")
        for entry in version["signed_off"]:
            lines += [f"    {format_entry(entry)}", *_format_gates(entry.get("gates"))]
        if not version["signed_off"]:
            lines.append("    by nobody")
    if trace["feedback"]:
        lines += ["", f"GROUND TRUTH ({len(trace['feedback'])})", *map(_format_row, trace["feedback"])]
    sound = "No fault: every file is as it was published, and so is the history."
    lines += ["", *(["FAULTS", *(f"  {fault}" for fault in trace["faults"])] if trace["faults"] else [sound])]
    return "\n".join(map(printable, lines))


def _describe_version(store: VersionStore, number: int, time: str, faults: Faults) -> dict[str, Any]:
    """Return where a version comes from, with its hashes computed now, and its entries in the history up to a time."""
    verified, card = read_card(store, number, faults)
    version: dict[str, Any] = {"version": number}
    if verified:
        card = pick(card, dict) or {}
        version |= {"sha256": verified.digest, "files": AS_PUBLISHED}
        version |= {"data": card.get("data"), "commit": card.get("commit"), "trained_by": card.get("by")}
        version |= {"gates": card.get("gates"), "weights_sha256": card.get("weights_sha256")}
    else:
        version["files"] = CHANGED
    try:
        entries = [entry.content for entry in store.history.entries()]
    except RegistryError:
        entries = []  # find_inconsistencies has named it among the faults
    version["signed_off"] = [
        {name: value for name, value in entry.items() if name not in ("previous", "aliases")}
        for entry in entries
        if entry.get("version") == number and entry["time"] <= time
    ]
    return version


def _format_row(row: Mapping[str, str]) -> str:
    fields = {name: text for name, text in row.items() if name not in ("request_id", "model")}
    return "  " + "  ".join(f"{name} {text}" for name, text in fields.items() if text)


def _format_gates(gates: Any) -> list[str]:
    return [
        f"      {'passed' if pick(gate, bool, 'passed') or pick(gate, bool, 'held') else 'FAILED'}  "
        f"{pick(gate, str, 'name') or '?'}: "
        + (pick(gate, str, "detail") or f"{pick(gate, float, 'value')}, at most {pick(gate, float, 'limit')}")
        for gate in (gates if isinstance(gates, list) else [])
    ]


def _format_members(content: Mapping[str, Any]) -> list[str]:
    width = max(map(len, content), default=0)
    return [
        f"  {name:<{width}}  {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in content.items()
        if value not in ("", None)
    ]
