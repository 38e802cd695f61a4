"""A tolerant reader: reads what may be damaged, names what is wrong, and goes on with the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry import RegistryError

# What a file can raise that was rewritten by hand with the right SHA-256: a member is missing or has another type.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError)


class Faults:
    """Sentences about what is wrong, each once, in the order in which they were found."""

    def __init__(self, sentences: Iterable[str] = ()) -> None:
        self._sentences = dict.fromkeys(sentences)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sentences)

    def add(self, sentence: str) -> None:
        """Add a sentence, if it is a new one."""
        self._sentences[sentence] = None

    @contextmanager
    def collecting(self, path: Path) -> Iterator[None]:
        """Turn an error that a damaged file at or below ``path`` raises into a sentence, and go on after the block."""
        try:
            yield
        except RegistryError as error:
            self.add(str(error))
        except OSError as error:
            self.add(f"{error.filename or path}: can't be read ({error.strerror or error})")
        except _MALFORMED as error:
            self.add(f"{path}: holds something that no command writes ({type(error).__name__}: {error}); restore it")


def pick(content: Any, kind: type, *path: str) -> Any:
    """Return the value at a path of member names in JSON that may be damaged.

    None if there is no such value, if it has another type or is an empty text. A float is finite, and may be a whole
    number in the JSON.
    """
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    if kind is float and type(content) in (int, float):
        try:
            return float(content) if math.isfinite(content) else None
        except OverflowError:
            return None
    return content if type(content) is kind and content != "" else None
