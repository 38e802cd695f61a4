"""The versions that this worker has loaded, by number: loaded when first asked for, after their files were checked.

Each is loaded once, in a thread of its own: who asks for a version waits for it, but not for long, and nobody waits for
another one. A version that can't be loaded is tried again, but not by every request.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Set
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from app.codecs.json_decoder import JsonDecoder
from app.codecs.validation import SignatureValidator
from app.errors import ModelNotReady, NotFound, NotReady
from app.settings import Settings
from registry import Figures, Predictor, RegistryError, Signature, VersionStore

logger = logging.getLogger(__name__)

# In seconds: how long to leave a version alone that could not be loaded, and how long after its loading began a request
# waits for it. A version on a stalled disk may never come, and must not keep a thread for each request.
RETRY_INTERVAL, TIMEOUT = 1.0, 2.0


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version that is ready to predict, with what reads and checks its rows.

    Attributes:
        kept: what others make for this version when it is first needed, by name: it is dropped with the version.
    """

    number: int
    digest: str
    signature: Signature
    predictor: Predictor
    decoder: JsonDecoder
    validator: SignatureValidator
    figures: Figures | None = None
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """A published version as this worker sees it: loaded, or not asked for yet, or with the fault that it has."""

    number: int
    loaded: bool
    fault: str = ""


class ModelCache:
    """Loads versions of one model, and keeps those loaded that were asked for last.

    Args:
        on_load: is called with each version that was loaded.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        settings: Settings,
        store: VersionStore,
        on_load: Callable[[LoadedModel], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._store = store
        self._on_load = on_load
        self._clock = clock
        self._lock = threading.Lock()  # of what follows; never held while something is read
        # Versions that are loaded or load now, with the time when that began; the last that was asked for comes last.
        self._models: OrderedDict[int, tuple[Future[LoadedModel], float]] = OrderedDict()
        self._pinned: Set[int] = frozenset()
        self._faults: dict[int, tuple[str, float]] = {}  # why it can't be loaded, and when to try again

    def get(self, number: int, timeout: float = TIMEOUT) -> LoadedModel:
        """Return a version, if it is published and sound.

        Args:
            timeout: how long after its loading began to wait for it, in seconds.

        Raises:
            NotFound: if it is not published.
            ModelNotReady: if it can't be loaded, or takes too long.
        """
        with self._lock:
            entry = self._models.get(number)
            if entry is not None:
                self._models.move_to_end(number)
        if entry is None:
            if number not in self._published():
                raise NotFound(f"{self._settings.model}: version {number} is not published")
            with self._lock:
                entry = self._models.get(number) or self._start_loading(number)
        future, began = entry
        try:
            return future.result(max(0.0, began + timeout - self._clock()))
        except TimeoutError:
            raise ModelNotReady(f"version {number} is being opened") from None

    def pin(self, numbers: Set[int]) -> None:
        """Keep these versions loaded. Others that were pinned before, or are gone, are dropped."""
        published: list[int] | None = None
        with suppress(NotReady):  # while the folder can't be read, none is known to be gone
            published = self._published()
        with self._lock:
            for number in [number for number in self._models if number not in numbers]:
                if number in self._pinned or (published is not None and number not in published):
                    del self._models[number]
            self._pinned = numbers

    def statuses(self) -> list[VersionStatus]:
        """Return every published version, ascending.

        Raises:
            NotReady: if the registry can't be read.
        """
        published = self._published()
        with self._lock:
            faults = {number: reason for number, (reason, _) in self._faults.items()}
            loaded = {number for number, (future, _) in self._models.items() if future.done()}
        return [VersionStatus(number, number in loaded, faults.get(number, "")) for number in published]

    def _published(self) -> list[int]:
        try:
            return self._store.versions()
        except RegistryError as error:
            raise NotReady(str(error)) from error

    def _start_loading(self, number: int) -> tuple[Future[LoadedModel], float]:
        """Load a version in a thread, unless that just failed. Needs the lock."""
        began = self._clock()
        reason, retry_at = self._faults.get(number, ("", 0.0))
        if reason and began < retry_at:
            raise ModelNotReady(reason)
        future: Future[LoadedModel] = Future()
        threading.Thread(target=self._finish_loading, args=(number, future), name="load", daemon=True).start()
        self._models[number] = future, began
        return self._models[number]

    def _finish_loading(self, number: int, future: Future[LoadedModel]) -> None:
        try:
            model = self._load(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of this version
            reason = str(error) or type(error).__name__
            with self._lock:
                before, _ = self._faults.get(number, ("", 0.0))
                self._faults[number] = reason, self._clock() + RETRY_INTERVAL
                self._models.pop(number, None)
            if reason != before:
                logger.error("version %d can't be loaded: %s", number, reason)
            future.set_exception(ModelNotReady(reason))
        else:
            with self._lock:
                self._faults.pop(number, None)
                self._evict(number)
            future.set_result(model)

    def _evict(self, newest: int) -> None:
        """Drop the version that was asked for longest ago, if there are too many. Those that load stay."""
        loaded = [number for number, (future, _) in self._models.items() if future.done()]
        unpinned = [number for number in loaded if number not in self._pinned and number != newest]
        if len(unpinned) >= self._settings.max_versions:
            del self._models[unpinned[0]]

    def _load(self, number: int) -> LoadedModel:
        version = self._store.open(number, self._settings.runtime)
        signature = version.signature
        decoder = JsonDecoder(signature, self._settings.max_rows)
        validator = SignatureValidator(signature)
        model = LoadedModel(number, version.digest, signature, version.predictor, decoder, validator, version.figures)
        self._on_load(model)
        logger.info("%s version %d is loaded, %s", signature.model, number, version.digest)
        return model
