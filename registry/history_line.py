"""A line of the history: its members, its checksum, and how it is read, written and shown. Reads no file.

    {"time": …, "action": "promote", "by": "ann", …, "previous": "SHA-256 of the line before", "sha256": "…"}

A line is a JSON object. Its last member, ``sha256``, is the SHA-256 of the line without that member, so an edited line
gives itself away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.formatting import printable

# The actions of an entry.
PUBLISH, ADOPT, PROMOTE, ROLLBACK, RETIRE = "publish", "adopt", "promote", "rollback", "retire"
CANARY, SHADOW, CLEAR, SEAL = "canary", "shadow", "clear", "seal"
PIN, RETRAIN = "pin", "retrain"
# The members of an entry, with their types, and those that an action needs beside the time, the action and by.
MEMBERS: Mapping[str, type] = {
    "time": str,
    "action": str,
    "by": str,
    "reason": str,
    "version": int,
    "alias": str,
    "share": float,
    "override": bool,
    "gates": list,
    "file": str,
    "rows": int,
    "step": str,
    "report_sha256": str,
    "sha256": str,
    "aliases": dict,
}
_NEEDED = {
    PUBLISH: ("version", "sha256"),
    ADOPT: ("version", "sha256"),
    PROMOTE: ("version", "alias"),
    RETIRE: ("version",),
    CANARY: ("version", "share"),
    SEAL: ("file", "rows", "sha256"),
    PIN: ("file", "rows", "sha256"),
    RETRAIN: ("step",),
}
# What was done, in words.
_DEEDS = {
    PUBLISH: "published version {version}",
    ADOPT: "took in version {version}, which had no line here",
    PROMOTE: "made version {version} {alias}",
    ROLLBACK: "rolled back: made version {version} champion again",
    RETIRE: "retired version {version}",
    CANARY: "gave version {version} {percent} of the requests, as canary",
    SHADOW: "made version {version} shadow",
    CLEAR: "took {alias} away from version {version}",
    SEAL: "sealed the log file {file}",
    PIN: "pinned the rows that reports on version {version} compare with",
    RETRAIN: "retraining: {step}",
}
_CHECKSUM_LENGTH = len(', "sha256": ""}') + 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its number from 1 on, its SHA-256, and its content without the member ``sha256``."""

    number: int
    digest: str
    content: Mapping[str, Any]


def encode(content: Mapping[str, Any]) -> bytes:
    """Return the line of a content, with its checksum and without the line's end."""
    return _with_checksum(json.dumps(content, ensure_ascii=False).encode())


def decode(number: int, text: bytes) -> Entry:
    """Return the entry that a line holds.

    Raises:
        ValueError: saying what is wrong with the line.
    """
    without_checksum = text[:-_CHECKSUM_LENGTH] + b"}"
    try:
        content = json.loads(without_checksum) if text == _with_checksum(without_checksum) else {}
    except (ValueError, RecursionError):
        content = {}
    if "previous" not in content:
        raise ValueError("was changed; restore it")
    if name := _wrong_member(content):
        raise ValueError(f"{name} is missing or of a wrong type; restore the line")
    return Entry(number, hashlib.sha256(text).hexdigest(), content)


def format_entry(content: Mapping[str, Any]) -> str:
    """Return a history entry as a line of text: when, who, what, why."""
    details = [f"{name} {content[name]}" for name in ("step", "version", "alias", "file", "share") if name in content]
    what = [str(content.get("action", "?")), *details]
    override = ", OVERRIDING A GATE" if content.get("override") else ""
    reason = f": {content['reason']}" if content.get("reason") else ""
    return printable(f"{content.get('time', '')}  {content.get('by', '')}  {', '.join(what)}{override}{reason}")


def describe(content: Mapping[str, Any]) -> str:
    """Return what an entry says was done, as words: "made version 2 champion"."""
    action = content.get("action")
    words = _DEEDS.get(str(action), "{action}")
    if action == PUBLISH and "alias" in content:
        words += " as {alias}"
    share = content.get("share")
    percent = f"{100 * share:g} %" if isinstance(share, int | float) else "a share"
    values = {"alias": "an alias", "version": "?", "file": "?", "step": "?", **content, "percent": percent}
    return printable(words.format_map(values))


def _with_checksum(text: bytes) -> bytes:
    return b'%b, "sha256": "%b"}' % (text[:-1], hashlib.sha256(text).hexdigest().encode())


def _wrong_member(content: Mapping[str, Any]) -> str | None:
    """Return the first member that is missing or has another type than in MEMBERS; None if all are right."""
    needed = ("time", "action", "by", *_NEEDED.get(str(content.get("action")), ()))
    for name, kind in MEMBERS.items():
        value = content.get(name)
        kinds = (int, float) if kind is float else (kind,)
        if type(value) not in kinds if name in content else name in needed:
            return name
    numbers = content.get("aliases", {}).values()
    return None if all(type(number) is int for number in numbers) else "aliases"
