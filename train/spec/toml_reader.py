"""TOML with strict keys: a key that is missing, unknown, or of the wrong type or range is an error that names it.

Owns the wording of these errors; what the keys mean is the caller's business.
"""

from __future__ import annotations

import math
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from train.errors import TrainError
from train.spec.text_file import decode_text, read_file

_REQUIRED: Any = object()


def read_toml(path: Path, advice: str) -> tuple[dict[str, Any], str]:
    """Read and parse a TOML file.

    Args:
        advice: what to do if the file can't be read, for the error message.

    Returns:
        its content, and the SHA-256 of its bytes.

    Raises:
        TrainError: if the file can't be read, or naming the line that is not UTF-8 or not TOML.
    """
    content, sha256 = read_file(path, advice)
    try:
        return tomllib.loads(decode_text(path, content)), sha256
    except tomllib.TOMLDecodeError as error:
        raise TrainError(f"{path}: not TOML: {error}; correct the file there") from error


class TomlTable:
    """One table of a parsed TOML file, read key by key.

    Each reading method raises TrainError if the key is missing (and no default was passed) or its value does not fit.
    Ranges include both ends. A default is returned as it is, without a check.

    Args:
        file: the file's path, for error messages.
        prefix: the table's name with a dot at the end, such as ``"inputs[1]."``; empty for the top of the file.
        content: the parsed table.
    """

    def __init__(self, file: Path, prefix: str, content: Any) -> None:
        self._file, self._prefix = file, prefix
        if not isinstance(content, dict):
            raise TrainError(f"{file}: {prefix.rstrip('.')}: expected a table, not {content!r}")
        self._unread: dict[str, Any] = dict(content)
        self._known: set[str] = set()
        self._subtables: list[TomlTable] = []

    def error(self, key: str, problem: str) -> TrainError:
        """Return the error that names the file and the key, with the problem."""
        return TrainError(f"{self._file}: {self._prefix}{key}: {problem}")

    def __contains__(self, key: str) -> bool:
        """Say whether the key is there and was not read yet."""
        self._known.add(key)
        return key in self._unread

    def peek(self, key: str) -> Any:
        """Return the value as it is, still to be read; None if the key is missing."""
        return self._unread.get(key) if key in self else None

    def string(self, key: str, default: str = _REQUIRED) -> str:
        """Read a string that is not blank."""
        if key not in self and default is not _REQUIRED:
            return default
        value = self._read(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"expected a string that is not blank, not {value!r}")
        return value

    def strings(self, key: str, default: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
        """Read a list of different strings."""
        value = self._read(key, default)
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise self.error(key, f"expected a list of strings, not {value!r}")
        if len(set(value)) < len(value):
            raise self.error(key, f"expected different strings, not {value!r}")
        return tuple(value)

    def choice(self, key: str, allowed: tuple[str, ...], default: str = _REQUIRED) -> str:
        """Read one of the allowed strings."""
        value = self._read(key, default)
        if value not in allowed and value is not default:
            raise self.error(key, f"expected one of {', '.join(map(repr, allowed))}, not {value!r}")
        return str(value)

    def boolean(self, key: str, default: bool = _REQUIRED) -> bool:
        """Read true or false."""
        value = self._read(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, not {value!r}")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """Read an integer from low to high."""
        return self._integer(key, self._read(key), low, high)

    def integers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """Read a list of at least one integer, each from low to high."""
        value = self._read(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, f"expected a list of integers, not {value!r}")
        return tuple(self._integer(key, item, low, high) for item in value)

    def number(self, key: str, low: float, high: float) -> float:
        """Read a finite number from low to high."""
        return self._number(key, self._read(key), low, high)

    def optional_number(self, key: str, low: float, high: float) -> float | None:
        """Read a finite number from low to high; return None if the key is missing."""
        return self.number(key, low, high) if key in self else None

    def interval(self, key: str, low: float, high: float) -> tuple[float, float]:
        """Read two different numbers in ascending order, each from low to high."""
        value = self._read(key)
        if not isinstance(value, list) or len(value) != 2:
            raise self.error(key, f"expected two numbers, the smaller first, not {value!r}")
        first, last = (self._number(key, item, low, high) for item in value)
        if first >= last:
            raise self.error(key, f"expected the smaller number first, not {value!r}")
        return first, last

    def table(self, key: str, default: dict[str, Any] = _REQUIRED) -> TomlTable:
        """Read a table."""
        return self._subtable(f"{key}.", self._read(key, default))

    def tables(self, key: str) -> list[TomlTable]:
        """Read an array of at least one table; error messages count them from 1."""
        value = self._read(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, f"expected at least one [[{key}]]")
        return [self._subtable(f"{key}[{position}].", item) for position, item in enumerate(value, 1)]

    def reject_unread_keys(self) -> None:
        """Raise TrainError if a key of this table, or of a table read from it, was not read: probably a misspelling."""
        for key in self._unread:
            meant = get_close_matches(key, self._known, 1)
            raise self.error(
                key, f"unknown key; {f'was {meant[0]} meant?' if meant else 'remove it or correct its name'}"
            )
        for table in self._subtables:
            table.reject_unread_keys()

    def _read(self, key: str, default: Any = _REQUIRED) -> Any:
        if key not in self and default is _REQUIRED:
            written = get_close_matches(key, self._unread, 1)
            raise self.error(key, f"this key is missing; {f'was {written[0]} meant?' if written else 'add it'}")
        return self._unread.pop(key, default)

    def _subtable(self, name: str, content: Any) -> TomlTable:
        table = TomlTable(self._file, f"{self._prefix}{name}", content)
        self._subtables.append(table)
        return table

    def _integer(self, key: str, value: Any, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:  # a bool is an int, but not here
            raise self.error(key, f"expected an integer from {low} to {high}, not {value!r}")
        return value

    def _number(self, key: str, value: Any, low: float, high: float) -> float:
        if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
            raise self.error(key, f"expected a number from {low:g} to {high:g}, not {value!r}")
        return float(value)
