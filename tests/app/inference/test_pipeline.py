"""The pipeline with a fallback, on a clock that the test sets."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.errors import NotReady
from app.inference.pipeline import InferencePipeline
from app.routing.circuit_breaker import FAILURE_THRESHOLD, RESET_TIMEOUT
from app.routing.router import ModelRouter
from app.settings import Settings
from registry import Float32Array, VersionStore
from registry.promotion import promote
from tests.app.conftest import Clock
from tests.app.requests import ANN, RAISES, ROW, make_champion


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


class Broken:
    """A runtime that fails in a way of its own."""

    def predict(self, rows: Float32Array) -> Float32Array:
        raise ZeroDivisionError(len(rows))


@pytest.mark.parametrize("broken", [(1,), (1, 2)], ids=["fallback", "both"])
def test_whatever_a_runtime_raises_is_a_fault_of_its_version(
    store: VersionStore, settings: Settings, broken: tuple[int, ...]
) -> None:
    """Version 1, or the fallback too, breaks down; the row that the champion could answer is logged all the same."""
    promote(store, 1, "fallback", ANN)
    make_champion(store, 2)
    with closing(ModelRouter(settings, lambda _: None)) as router:
        router.refresh()
        champion = router.champion()
        assert champion.fallback is not None
        routes = {1: champion.fallback, 2: champion}
        for number in broken:
            routes[number] = replace(routes[number], model=replace(routes[number].model, predictor=Broken()))
        route = replace(routes[2], fallback=routes[1])
        result = InferencePipeline(router).predict(route, batch(ROW, [1, 700, 100]))
    assert result.error_type is NotReady
    assert all("failed: ZeroDivisionError(" in fault for fault in result.faults)
    assert len(result.faults) == len(broken)
    assert [attempt.version for attempt in result.attempts] == [2] * (2 not in broken)
