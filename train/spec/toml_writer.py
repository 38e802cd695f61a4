"""TOML from values, as a parsed spec has them: texts, numbers, lists of these, tables, and lists of tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def format_toml(content: Mapping[str, Any]) -> str:
    """Return a spec's content as TOML that parses to the same values; comments are gone."""
    return "\n".join(_lines("", content)) + "\n"


def _lines(prefix: str, table: Mapping[str, Any]) -> list[str]:
    lines, tables = [], []
    for key, value in table.items():
        name = key if _BARE.fullmatch(key) else _quoted(key)
        if isinstance(value, Mapping):
            tables += ["", f"[{prefix}{name}]", *_lines(f"{prefix}{name}.", value)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for item in value:
                tables += ["", f"[[{prefix}{name}]]", *_lines(f"{prefix}{name}.", item)]
        else:
            lines.append(f"{name} = {_quoted(value)}")
    return lines + tables  # what stands below the head of a table belongs to it


def _quoted(value: Any) -> str:
    """Return a text, a number or a list of these: as JSON, but TOML wants DEL escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
