"""The versions that this worker has open, by number: opened when first asked for, after their files were checked.

What can't be opened is tried again, but not by every request. Knows no alias, no request and no HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Set
from dataclasses import dataclass

from app.codecs.json_decoder import JsonDecoder
from app.codecs.validation import SignatureValidator
from app.errors import Refusal
from app.settings import Settings
from journal import Journal, prediction_columns
from registry import RegistryError, Version, VersionStore

logger = logging.getLogger(__name__)

# How long to leave a version alone that could not be opened, in seconds.
_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version with what is made once for it."""

    version: Version
    decoder: JsonDecoder
    checks: SignatureValidator


@dataclass(frozen=True, slots=True)
class State:
    """A published version as this worker sees it: open, or not asked for yet, or with the fault that it has."""

    number: int
    open: bool
    fault: str = ""


class ModelCache:
    """Opens versions of one model, and keeps those open that were asked for last.

    Args:
        journal: is told the columns of the prediction log, once they are known.
        clock: seconds that only go forward.
    """

    def __init__(
        self, settings: Settings, store: VersionStore, journal: Journal, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._store = store
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[int, LoadedModel] = OrderedDict()  # the one that was asked for last comes last
        self._kept: Set[int] = frozenset()
        self._faults: dict[int, tuple[str, float]] = {}  # why not, and when to try again

    def get(self, number: int) -> LoadedModel:
        """A version, if it is published and sound.

        Raises:
            Refusal: 404 if it is not published, 503 if it can't be opened.
        """
        with self._lock:
            opened = self._open.get(number)
            if opened is None:
                if number not in self._published():
                    raise Refusal(404, f"{self._settings.model}: version {number} is not published")
                opened = self._open[number] = self._try(number)
                self._make_room(number)
            self._open.move_to_end(number)
            return opened

    def keep(self, numbers: Set[int]) -> None:
        """Say which versions have a part and so stay open. Those that lost theirs, or are gone, are closed."""
        with self._lock:
            published = self._published()
            for number in [number for number in self._open if number not in numbers]:
                if number in self._kept or number not in published:
                    del self._open[number]
            self._kept = numbers

    def states(self) -> list[State]:
        """Every published version, ascending.

        Raises:
            Refusal: 503 if the registry can't be read.
        """
        published = self._published()
        with self._lock:
            faults = {number: reason for number, (reason, _) in self._faults.items()}
            return [State(number, number in self._open, faults.get(number, "")) for number in published]

    def _published(self) -> list[int]:
        try:
            return self._store.versions()
        except RegistryError as error:
            raise Refusal(503, str(error)) from error

    def _make_room(self, newest: int) -> None:
        others = [number for number in self._open if number not in self._kept and number != newest]
        if len(others) >= self._settings.max_versions:
            del self._open[others[0]]

    def _try(self, number: int) -> LoadedModel:
        """Open a version, unless that just failed."""
        reason, again = self._faults.get(number, ("", 0.0))
        if not reason or self._clock() >= again:
            try:
                opened = self._do_open(number)
            except (RegistryError, OSError) as error:
                if str(error) != reason:
                    logger.error("version %d can't be opened: %s", number, error)
                reason = str(error)
                self._faults[number] = (reason, self._clock() + _RETRY)
            else:
                self._faults.pop(number, None)
                return opened
        raise Refusal(503, f"no model is ready: {reason}")

    def _do_open(self, number: int) -> LoadedModel:
        version = self._store.open(number, self._settings.runtime)
        signature = version.signature
        self._journal.add_stream("predictions", prediction_columns(signature.names))
        logger.info("%s version %d is open, %s", signature.model, number, version.digest)
        return LoadedModel(version, JsonDecoder(signature, self._settings.max_rows), SignatureValidator(signature))
