"""The explainers of the loaded versions: each is made when it is first asked for, once, and goes with its version.

It has an interpreter of its own over the same model file, so that no prediction waits for an explanation.
"""

from __future__ import annotations

import threading

import numpy as np

from app.errors import MalformedRequest, NotReady
from app.inference.explainer import Explainer, pick_background
from app.routing.cache import LoadedModel
from registry import RegistryError, Runtime, VersionStore

_KEY = "explainer"
_TIMEOUT = 2.0  # seconds that a request waits for a version whose explainer is being made


class Explainers:
    """Makes explainers. May be used by several threads.

    Args:
        store: has the model files and the training rows of the versions.
        runtime: what runs the models.
    """

    def __init__(self, store: VersionStore, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime
        self._lock = threading.Lock()  # held while one is made

    def of(self, model: LoadedModel) -> Explainer:
        """Return the explainer of a version.

        Raises:
            MalformedRequest: if the version has no training rows to explain against.
            NotReady: if its files can't be read now, or are others by now.
            ModelFailed: if the model fails.
        """
        made: Explainer | None = model.kept.get(_KEY)
        if made is not None:
            return made
        if not self._lock.acquire(timeout=_TIMEOUT):
            raise NotReady(f"version {model.number} is being prepared for explanations: try again in a second")
        try:
            if _KEY not in model.kept:
                model.kept[_KEY] = self._make(model)
            made = model.kept[_KEY]
        finally:
            self._lock.release()
        return made

    def _make(self, model: LoadedModel) -> Explainer:
        number = model.number
        try:
            version = self._store.open(number, self._runtime)
            rows = self._store.reference(number)
        except (RegistryError, OSError) as error:
            raise NotReady(f"version {number} can't be explained now: {error}") from error
        if version.digest != model.digest:
            raise NotReady(f"version {number} can't be explained now: its files are others by now; restart the service")
        if not rows:
            message = f"version {number} can't be explained: it was published without training rows (reference.csv)"
            raise MalformedRequest(f"{message}; train and publish it again, or leave explain out")
        return Explainer(version.predictor, pick_background(version.predictor, np.array(rows, dtype=np.float32)))
