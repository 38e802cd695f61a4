"""The versions that this worker has open: the champion, and those that clients name in the URL.

A version is opened when it is first asked for, after its files were checked. What can't be opened is tried again, but
not by every request. Knows no HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from app.checks import Checks
from app.decode import Decoder
from app.errors import Refusal
from app.settings import Settings
from journal import Journal, prediction_columns
from registry import CHAMPION, RegistryError, Signature, Store, Version

logger = logging.getLogger(__name__)

T = TypeVar("T")

# How long to leave a version alone that could not be opened, in seconds.
_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class Serving:
    """A version with what is made once for it. ``role`` is what its rows in the log say that it was asked as."""

    version: Version
    decoder: Decoder
    checks: Checks
    role: str

    @property
    def signature(self) -> Signature:
        """What the version eats and gives."""
        return self.version.signature


@dataclass(frozen=True, slots=True)
class State:
    """A published version as this worker sees it: open, or not asked for yet, or with the fault that it has."""

    number: int
    open: bool
    fault: str = ""


@dataclass(slots=True)
class _Fault:
    reason: str
    again: float  # when to try again, on the clock


class Versions:
    """Opens versions of one model, and keeps them open.

    Args:
        journal: is told the columns of the prediction log, once they are known.
        clock: seconds that only go forward.
    """

    def __init__(self, settings: Settings, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._store = Store(settings.models, settings.model)
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._champion: Serving | None = None
        self._others: OrderedDict[int, Serving] = OrderedDict()  # the one that was asked for last comes last
        self._faults: dict[int | None, _Fault] = {}  # by number; None: which one is champion is not known

    def champion(self) -> Serving:
        """The version that answers who names none; opened by the first call.

        Raises:
            Refusal: 503 if there is none that can be used. It is tried again, but at most once a second.
        """
        serving = self._champion
        if serving is not None:
            return serving
        with self._lock:
            if self._champion is None:
                number = self._attempt(None, lambda: self._store.number_of(CHAMPION))
                self._champion = self._attempt(number, lambda: self._open(number, CHAMPION))
            return self._champion

    def numbered(self, number: int) -> Serving:
        """A version by its number, if it is published and sound.

        Raises:
            Refusal: 404 if it is not published, 503 if it can't be opened.
        """
        champion = self._champion
        if champion is not None and champion.version.number == number:
            return champion
        with self._lock:
            serving = self._others.get(number)
            if serving is None:
                if number not in self._published():
                    raise Refusal(404, f"{self._settings.model}: version {number} is not published")
                serving = self._attempt(number, lambda: self._open(number, "pinned"))
                self._others[number] = serving
                if len(self._others) > self._settings.max_versions:
                    self._others.popitem(last=False)
            self._others.move_to_end(number)
            return serving

    def number_of(self, alias: str) -> int:
        """The number of the version that an alias names now.

        Raises:
            Refusal: 404 if the alias is not set, 503 if the registry can't be read.
        """
        try:
            return self._store.aliases()[alias]
        except RegistryError as error:
            raise Refusal(503, f"no version is ready: {error}") from error
        except KeyError:
            raise Refusal(404, f"{self._settings.model}: no version is {alias}") from None

    def states(self) -> list[State]:
        """Every published version, ascending.

        Raises:
            Refusal: 503 if the registry can't be read.
        """
        published = self._published()
        with self._lock:
            ready = set(self._others) | ({self._champion.version.number} if self._champion else set())
            faults = {number: fault.reason for number, fault in self._faults.items()}
        return [State(number, number in ready, faults.get(number, "")) for number in published]

    def _published(self) -> list[int]:
        try:
            return self._store.versions()
        except RegistryError as error:
            raise Refusal(503, str(error)) from error

    def _attempt(self, key: int | None, opening: Callable[[], T]) -> T:
        """Do what may fail because of what is on the disk, unless it just did."""
        fault = self._faults.get(key)
        if fault is None or self._clock() >= fault.again:
            try:
                result = opening()
            except (RegistryError, OSError) as error:
                fault = self._failed(key, error)
            else:
                self._faults.pop(key, None)
                return result
        raise Refusal(503, f"no model is ready: {fault.reason}")

    def _failed(self, key: int | None, error: Exception) -> _Fault:
        known = self._faults.get(key)
        if known is None or str(error) != known.reason:
            logger.error("no %s: %s", "champion" if key is None else f"version {key}", error)
        fault = self._faults[key] = _Fault(str(error), self._clock() + _RETRY)
        return fault

    def _open(self, number: int, role: str) -> Serving:
        version = self._store.open(number, self._settings.runtime)
        signature = version.signature
        # The first call of a runtime is its slowest, and shows what opening the file did not.
        try:
            version.predictor.predict(np.array([signature.example], dtype=np.float32))
        except (ValueError, RuntimeError) as error:
            raise RegistryError(f"{self._store.folder / str(number)}: does not predict ({error})") from error
        self._journal.add_stream("predictions", prediction_columns(signature.names))
        logger.info("serving %s version %d, %s", signature.model, number, version.digest)
        return Serving(version, Decoder(signature, self._settings.max_rows), Checks(signature), role)
