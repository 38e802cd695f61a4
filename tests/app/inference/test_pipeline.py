"""The pipeline: validate, predict, validate, fall back; and which attempts it returns to be logged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.errors import FieldError, InvalidInput
from app.inference.pipeline import InferencePipeline, format_flags
from app.routing.circuit_breaker import FAILURE_THRESHOLD, RESET_TIMEOUT
from app.routing.router import ModelRouter
from app.settings import Settings
from registry import VersionStore
from tests.app.conftest import Clock
from tests.app.requests import IMPLAUSIBLE, OTHER_ROW, RAISES, ROW


@pytest.fixture
def router(settings: Settings, clock: Clock) -> Iterator[ModelRouter]:
    router = ModelRouter(settings, lambda _: None, clock)
    router.refresh()
    yield router
    router.close()


def batch(*rows: list[float]) -> InputBatch:
    return InputBatch(np.array(rows, np.float64))


def test_a_batch_is_predicted_as_a_whole_or_not_at_all(router: ModelRouter) -> None:
    pipeline = InferencePipeline(router)
    result = pipeline.predict(router.champion(), batch(ROW, OTHER_ROW))
    assert result.predictions.tolist() == pytest.approx([23.505, 32.7], abs=1e-5)
    assert (result.model, result.version, result.errors, result.warnings) == ("boston", 1, [], {})
    with pytest.raises(InvalidInput, match="^row 1: tax: 2500 lies outside the limits"):
        pipeline.predict(router.champion(), batch(ROW, [6, 2500, 66.5]))


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


def test_of_a_part_without_a_good_row_nothing_is_attempted(router: ModelRouter) -> None:
    result = InferencePipeline(router).predict_partial(router.champion(), batch([6, 2500, 66.5]), 0)
    assert np.isnan(result.predictions).all()
    assert (result.attempts, result.model_failed, len(result.errors)) == ((), False, 1)


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


WARNINGS = {1: [FieldError(1, "tax", "800"), FieldError(1, "age", "0")]}


@pytest.mark.parametrize(
    ("warnings", "errors", "fallback_for", "flags"),
    [
        ({}, {}, 0, None),
        ({}, {}, 2, ["instead_of:2"] * 2),
        (WARNINGS, {}, 0, ["", "tax:outside_training age:outside_training"]),
        (WARNINGS, {0: "nan"}, 2, ["output:implausible instead_of:2",
                                   "tax:outside_training age:outside_training instead_of:2"]),
    ],
)  # fmt: skip
def test_flags_say_what_was_noticed_about_each_row(
    warnings: dict[int, list[FieldError]], errors: dict[int, str], fallback_for: int, flags: list[str] | None
) -> None:
    assert format_flags(range(2), warnings, errors, fallback_for) == flags
