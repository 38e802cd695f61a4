"""Collect what is wrong without stopping at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry import RegistryError

# What a file raises that somebody wrote anew by hand, with the right SHA-256: a member is missing or of another type.
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError)


class Faults:
    """Sentences about what is wrong, each once, in the order in which they were found."""

    def __init__(self) -> None:
        self._sentences: dict[str, None] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._sentences)

    def add(self, sentence: str) -> None:
        """Add a sentence, if it is a new one."""
        self._sentences[sentence] = None

    @contextmanager
    def collecting(self, path: Path) -> Iterator[None]:
        """Turn an error that damaged files below ``path`` can raise into a sentence, and go on behind the block."""
        try:
            yield
        except RegistryError as error:
            self.add(str(error))
        except OSError as error:
            self.add(f"{error.filename or path}: can't be read ({error.strerror or error})")
        except _MALFORMED as error:
            self.add(f"{path}: holds something that no command writes ({type(error).__name__}: {error}); restore it")
