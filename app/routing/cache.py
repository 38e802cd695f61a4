"""The versions that this worker has loaded, by number: loaded when first asked for, after their files were checked.

A version that can't be loaded is tried again, but not by every request.
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
from app.errors import ModelNotReady, NotFound, NotReady
from app.settings import Settings
from registry import Predictor, RegistryError, Signature, VersionStore

logger = logging.getLogger(__name__)

RETRY_INTERVAL = 1.0  # how long to leave a version alone that could not be loaded, in seconds


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A version that is ready to predict, with what reads and checks its rows."""

    number: int
    digest: str
    signature: Signature
    predictor: Predictor
    decoder: JsonDecoder
    validator: SignatureValidator


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
        self._lock = threading.Lock()
        self._models: OrderedDict[int, LoadedModel] = OrderedDict()  # the one that was asked for last comes last
        self._pinned: Set[int] = frozenset()
        self._faults: dict[int, tuple[str, float]] = {}  # why it can't be loaded, and when to try again

    def get(self, number: int) -> LoadedModel:
        """Return a version, if it is published and sound.

        Raises:
            NotFound: if it is not published.
            ModelNotReady: if it can't be loaded.
        """
        with self._lock:
            model = self._models.get(number)
            if model is None:
                if number not in self._published():
                    raise NotFound(f"{self._settings.model}: version {number} is not published")
                model = self._models[number] = self._load_with_backoff(number)
                self._evict(number)
            self._models.move_to_end(number)
            return model

    def pin(self, numbers: Set[int]) -> None:
        """Keep these versions loaded. Others that were pinned before, or are gone, are dropped."""
        with self._lock:
            published = self._published()
            for number in [number for number in self._models if number not in numbers]:
                if number in self._pinned or number not in published:
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
            return [VersionStatus(number, number in self._models, faults.get(number, "")) for number in published]

    def _published(self) -> list[int]:
        try:
            return self._store.versions()
        except RegistryError as error:
            raise NotReady(str(error)) from error

    def _evict(self, newest: int) -> None:
        unpinned = [number for number in self._models if number not in self._pinned and number != newest]
        if len(unpinned) >= self._settings.max_versions:
            del self._models[unpinned[0]]

    def _load_with_backoff(self, number: int) -> LoadedModel:
        """Load a version, unless that just failed."""
        reason, retry_at = self._faults.get(number, ("", 0.0))
        if not reason or self._clock() >= retry_at:
            try:
                model = self._load(number)
            except (RegistryError, OSError) as error:
                if str(error) != reason:
                    logger.error("version %d can't be loaded: %s", number, error)
                reason = str(error)
                self._faults[number] = (reason, self._clock() + RETRY_INTERVAL)
            else:
                self._faults.pop(number, None)
                return model
        raise ModelNotReady(reason)

    def _load(self, number: int) -> LoadedModel:
        version = self._store.open(number, self._settings.runtime)
        signature = version.signature
        decoder = JsonDecoder(signature, self._settings.max_rows)
        validator = SignatureValidator(signature)
        model = LoadedModel(number, version.digest, signature, version.predictor, decoder, validator)
        self._on_load(model)
        logger.info("%s version %d is loaded, %s", signature.model, number, version.digest)
        return model
