"""The pipeline with a fallback, on a clock that the test sets."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from app.codecs.batch import InputBatch
from app.inference.pipeline import InferencePipeline
from app.routing.circuit_breaker import FAILURE_THRESHOLD, RESET_TIMEOUT
from app.routing.router import ModelRouter
from app.settings import Settings
from registry import VersionStore
from tests.app.conftest import Clock
from tests.app.requests import RAISES, ROW


def batch(*rows: list[float]) -> InputBatch:
    return InputBatch(np.array(rows, np.float64))


def test_a_champion_that_failed_is_asked_again_after_a_while_and_stays_if_it_answers(
    tricky: VersionStore, settings: Settings, clock: Clock
) -> None:
    with closing(ModelRouter(settings, lambda _: None, clock)) as router:
        router.refresh()
        pipeline, champion = InferencePipeline(router), router.champion()
        for _ in range(FAILURE_THRESHOLD):
            result = pipeline.predict(champion, batch(RAISES))
            assert (result.version, [attempt.role for attempt in result.attempts]) == (1, ["fallback"])
            assert "version 2 failed" in result.faults[0]
        assert pipeline.predict(champion, batch(ROW)).version == 1
        clock.now += RESET_TIMEOUT
        assert [pipeline.predict(champion, batch(ROW)).version for _ in range(3)] == [2, 2, 2]
