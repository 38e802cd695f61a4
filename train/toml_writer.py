"""TOML from values, as a parsed spec has them: texts, numbers, lists of these, tables, and lists of tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def format_toml(content: Mapping[str, Any]) -> str:
    """Return a spec's content as TOML that parses to the same values; comments are gone."""
    return "\n".join(_lines("", content)) + "\n"


def _lines(prefix: str, table: Mapping[str, Any]) -> list[str]:
    lines, later = [], []
    for key, value in table.items():
        name = f"{prefix}{_quoted(key)}"
        if isinstance(value, Mapping):
            later += ["", f"[{name}]", *_lines(f"{name}.", value)]
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for item in value:
                later += ["", f"[[{name}]]", *_lines(f"{name}.", item)]
        else:
            lines.append(f"{_quoted(key)} = {_quoted(value)}")
    return lines + later  # what stands behind the head of a table is in that table


def _quoted(value: Any) -> str:
    """Return a text, a number or a list of these: JSON is TOML there, but for DEL, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
