"""The shadow: a version that sees what the others answered, after they did, and whose predictions go to the log only.

A request costs it one entry in a bounded queue, whatever the shadow does: what does not fit is dropped and counted.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from app.http.context import RequestContext
from app.inference.pipeline import flags
from app.routing.router import ModelRouter
from journal import Journal, encode_predictions
from registry import SHADOW, Float32Array

logger = logging.getLogger(__name__)

# Requests that wait for the shadow at most.
WAITING = 100


@dataclass(frozen=True, slots=True)
class _Job:
    time: str
    request_id: str
    rows: Float32Array
    numbers: Sequence[int] | None


class ShadowMirror:
    """The shadow of one worker, and the thread in which it predicts.

    Attributes:
        seen, dropped, failed: how many requests it predicted for, had no time for, and failed with.
    """

    def __init__(self, versions: ModelRouter, journal: Journal) -> None:
        self._versions = versions
        self._journal = journal
        self._jobs: queue.Queue[_Job] = queue.Queue(WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.seen = self.dropped = self.failed = 0

    def show(self, record: RequestContext) -> None:
        """Let the shadow see a request that was answered. Never waits."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
                    self._thread.start()
        for rows, numbers in record.shadowed:
            try:
                self._jobs.put_nowait(_Job(record.time, record.request_id, rows, numbers))
            except queue.Full:
                self.dropped += 1
        record.shadowed.clear()

    def status(self) -> dict[str, int] | None:
        """The version and its counts in this worker; None without a shadow."""
        opened = self._versions.shadow()
        if opened is None:
            return None
        counts = {"seen": self.seen, "dropped": self.dropped, "failed": self.failed}
        return {"version": opened.version.number, "waiting": self._jobs.qsize(), **counts}

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                self._predict(job)
                self.seen += 1
            except Exception as error:  # noqa: BLE001 - whatever it was, the next request is another one's
                self.failed += 1
                logger.error("request %s: the shadow failed: %s", job.request_id, error)

    def _predict(self, job: _Job) -> None:
        opened = self._versions.shadow()
        if opened is None:
            return
        version = opened.version
        predictions = version.predictor.predict(job.rows)
        wrong = opened.checks.outputs(predictions)
        block = encode_predictions(
            job.time,
            job.request_id,
            version.signature.model,
            version.number,
            SHADOW,
            job.rows,
            predictions,
            flags(len(job.rows), {}, wrong) if wrong else None,
            job.numbers,
        )
        self._journal.append(job.time[:10], {"predictions": block})
