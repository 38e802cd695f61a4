"""One table of a TOML file, whose keys are taken one by one: a key of the wrong type, or one left over, is a fault.

Owns the wording of faults in a spec. Knows nothing about what the keys mean.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from train.errors import TrainError

_REQUIRED: Any = object()


class Table:
    """The keys of one table; ``where`` is its name with a dot behind, or empty for the top of the file.

    Every method but :meth:`fault` raises TrainError, naming the key.
    """

    def __init__(self, file: Path, where: str, content: Any) -> None:
        self._file, self._where = file, where
        if not isinstance(content, dict):
            raise TrainError(f"{file}: {where.rstrip('.')}: expected a table, not {content!r}")
        self._left: dict[str, Any] = dict(content)

    def fault(self, key: str, problem: str) -> TrainError:
        """The error that says what is wrong with a key."""
        return TrainError(f"{self._file}: {self._where}{key}: {problem}")

    def text(self, key: str, default: str = _REQUIRED) -> str:
        value = self._take(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(key, f"expected a text, not {value!r}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = _REQUIRED) -> tuple[str, ...]:
        value = self._take(key, default)
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise self.fault(key, f"expected a list of texts, not {value!r}")
        if len(set(value)) < len(value):
            raise self.fault(key, f"names something twice: {value!r}")
        return tuple(value)

    def whole(self, key: str, low: int, high: int) -> int:
        return self._whole(key, self._take(key), low, high)

    def wholes(self, key: str, low: int, high: int) -> tuple[int, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not value:
            raise self.fault(key, f"expected a list of whole numbers, not {value!r}")
        return tuple(self._whole(key, item, low, high) for item in value)

    def number(self, key: str, low: float, high: float) -> float:
        return self._number(key, self._take(key), low, high)

    def number_if_there(self, key: str, low: float, high: float) -> float | None:
        return self.number(key, low, high) if key in self._left else None

    def interval(self, key: str, low: float, high: float) -> tuple[float, float]:
        value = self._take(key)
        if not isinstance(value, list) or len(value) != 2:
            raise self.fault(key, f"expected two numbers, the smaller first, not {value!r}")
        first, last = (self._number(key, item, low, high) for item in value)
        if first >= last:
            raise self.fault(key, f"expected the smaller number first, not {value!r}")
        return first, last

    def table(self, key: str) -> Table:
        return Table(self._file, f"{self._where}{key}.", self._take(key))

    def tables(self, key: str) -> list[Table]:
        value = self._take(key)
        if not isinstance(value, list) or not value:
            raise self.fault(key, f"expected one [[{key}]] or more")
        return [Table(self._file, f"{self._where}{key}[{number}].", item) for number, item in enumerate(value, 1)]

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def done(self) -> None:
        """Refuse what nobody took: most often a key with a slip in it."""
        for key in self._left:
            raise self.fault(key, "this key is not known here; take it out or correct its name")

    def _take(self, key: str, default: Any = _REQUIRED) -> Any:
        if key not in self._left and default is _REQUIRED:
            raise self.fault(key, "this key is missing; add it")
        return self._left.pop(key, default)

    def _whole(self, key: str, value: Any, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            raise self.fault(key, f"expected a whole number from {low} to {high}, not {value!r}")
        return value

    def _number(self, key: str, value: Any, low: float, high: float) -> float:
        if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
            raise self.fault(key, f"expected a number from {low:g} to {high:g}, not {value!r}")
        return float(value)
