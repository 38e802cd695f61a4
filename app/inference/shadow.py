"""The shadow: a version that gets the requests which others have answered; its predictions go to the log only.

A request costs it one entry in a bounded queue, whatever the shadow does: what does not fit is dropped and counted.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from app.errors import InvalidInput
from app.inference.attempts import format_flags
from app.inference.recoding import find_recoder
from app.results import Attempt, Mirrored
from app.routing.router import ModelRouter
from registry import SHADOW

logger = logging.getLogger(__name__)

MAX_WAITING = 100  # requests that wait for the shadow


class ShadowMirror:
    """Mirrors the requests of one worker to the shadow, in a thread of its own.

    Args:
        log: writes attempts for a request that arrived then, with this id.
        count: counts an event, by its name, for all workers.

    Attributes:
        processed, dropped, failed: how many requests it predicted for, had no time for, and failed with.
    """

    def __init__(
        self,
        router: ModelRouter,
        log: Callable[[float, str, Sequence[Attempt]], None],
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._router = router
        self._log = log
        self._count = count
        self._queue: queue.Queue[tuple[float, str, Mirrored]] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.processed = self.dropped = self.failed = 0

    def submit(self, arrived: float, request_id: str, mirrored: Mirrored) -> None:
        """Let the shadow see rows that were answered. Never waits."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
                    self._thread.start()
        try:
            self._queue.put_nowait((arrived, request_id, mirrored))
        except queue.Full:
            self.dropped += 1
            self._count("shadow_dropped")

    def status(self) -> dict[str, int] | None:
        """Return the shadow's version and its counts in this worker; None without a shadow."""
        model = self._router.shadow()
        if model is None:
            return None
        counts = {"seen": self.processed, "dropped": self.dropped, "failed": self.failed}
        return {"version": model.number, "waiting": self._queue.qsize(), **counts}

    def _run(self) -> None:
        while True:
            arrived, request_id, mirrored = self._queue.get()
            try:
                self._predict(arrived, request_id, mirrored)
                self.processed += 1
                self._count("shadow_processed")
            except Exception as error:  # noqa: BLE001 - whatever it is, the next request may go well
                self.failed += 1
                self._count("shadow_failed")
                logger.error("request %s: the shadow failed: %s", request_id, error)

    def _predict(self, arrived: float, request_id: str, mirrored: Mirrored) -> None:
        model = self._router.shadow()
        if model is None:
            return
        inputs, row_numbers, signature = mirrored
        recoder, refused = find_recoder(signature, model), {}
        if recoder is not None:
            recoded = recoder.recode(inputs)
            refused = recoded.refused
            taken = [row for row in range(len(inputs)) if row not in refused]
            inputs, row_numbers = recoded.rows[taken], [row_numbers[row] for row in taken]
        if len(inputs):
            predictions = model.predictor.predict(inputs)
            flags = format_flags(range(len(inputs)), {}, model.validator.validate_outputs(predictions))
            name, texts = model.signature.model, model.decoder.texts
            attempt = Attempt(name, model.number, SHADOW, inputs, predictions, flags, row_numbers, texts)
            self._log(arrived, request_id, [attempt])
        if refused:
            raise InvalidInput(f"version {model.number} was not asked for {len(refused)} rows: {min(refused.values())}")
