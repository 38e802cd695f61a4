"""The pipeline: what it predicts for, and which attempts it returns to be logged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.errors import FieldError
from app.inference.pipeline import InferencePipeline
from app.routing.circuit_breaker import FAILURE_THRESHOLD, RESET_TIMEOUT
from app.routing.router import ModelRouter
from app.settings import Settings
from registry import VersionStore
from tests.app.conftest import Clock
from tests.app.requests import IMPLAUSIBLE, RAISES, ROW


@pytest.fixture
def router(settings: Settings, clock: Clock) -> Iterator[ModelRouter]:
    router = ModelRouter(settings, lambda _: None, clock)
    router.refresh()
    yield router
    router.close()


def batch(*rows: list[float]) -> InputBatch:
    return InputBatch(np.array(rows, np.float64))


def test_of_a_part_of_a_file_the_good_rows_are_predicted(router: ModelRouter) -> None:
    rows = batch(ROW, [6, np.nan, 1], [6, 800, 66.5], [6, 2500, 66.5], IMPLAUSIBLE)
    rows.errors.append(FieldError(1, "tax", "is missing"))
    result = InferencePipeline(router).predict_partial(router.champion(), rows, 1000)
    assert result.predictions[[0, 2]].tolist() == pytest.approx([23.505, 18.005], abs=1e-5)
    assert [(error.row, error.input) for error in result.errors] == [(1, "tax"), (3, "tax"), (4, "")]
    assert result.model_failed
    assert sorted(result.warnings) == [2, 4]
    (attempt,) = result.attempts
    assert attempt.row_numbers == [1000, 1002, 1004]
    assert attempt.flags == ["", "tax:outside_training", "rm:outside_training output:implausible"]


def test_a_champion_that_failed_is_asked_again_after_a_while_and_stays_if_it_answers(
    tricky: VersionStore, router: ModelRouter, clock: Clock
) -> None:
    pipeline, champion = InferencePipeline(router), router.champion()
    for _ in range(FAILURE_THRESHOLD):
        result = pipeline.predict(champion, batch(RAISES))
        assert (result.version, [attempt.role for attempt in result.attempts]) == (1, ["fallback"])
        assert "version 2 failed" in result.faults[0]
    assert pipeline.predict(champion, batch(ROW)).version == 1
    clock.now += RESET_TIMEOUT
    assert [pipeline.predict(champion, batch(ROW)).version for _ in range(3)] == [2, 2, 2]
