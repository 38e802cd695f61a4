"""Explanations: what Shapley values promise, over real models in LiteRT and over functions with known answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ModelFailed, TooLarge
from app.inference import explainer as module
from app.inference.explainer import MAX_COST, Explainer, Explanation, pick_background
from registry import Float32Array
from registry.predictor import LiteRT
from tests.conftest import LINEAR

COEFFICIENTS = np.array([8, -0.01, -0.03])  # of linear.tflite
LOW, HIGH = np.array([3.5, 187, 2.5]), np.array([8.75, 711, 100])


class Function:
    """A model that is a function of its rows, float32 (n, k); it notes the sizes of its batches."""

    def __init__(self, function: Callable[[Float32Array], Float32Array]) -> None:
        self._function = function
        self.batches: list[int] = []

    def predict(self, rows: Float32Array) -> Float32Array:
        self.batches.append(len(rows))
        return self._function(rows).astype(np.float32)


def rows(count: int, inputs: int, seed: int = 1) -> Float32Array:
    return np.random.default_rng(seed).normal(size=(count, inputs)).astype(np.float32)


def houses(count: int, seed: int = 1) -> Float32Array:
    return np.random.default_rng(seed).uniform(LOW, HIGH, (count, 3)).astype(np.float32)


def wavy(inputs: int) -> Function:
    """A model whose inputs act on each other."""
    weights = np.random.default_rng(7).normal(size=(inputs, 6)).astype(np.float32)
    return Function(lambda batch: np.tanh(batch @ weights).sum(axis=1) ** 2)


def explain(model: Function, reference: Float32Array, explained: Float32Array) -> list[Explanation]:
    return Explainer(model, pick_background(model, reference)).explain(explained)


@pytest.fixture(scope="module")
def linear() -> Explainer:
    predictor = LiteRT(LINEAR.read_bytes())
    return Explainer(predictor, pick_background(predictor, houses(404)))


NUMBERS = st.tuples(*(st.floats(low, high, width=32) for low, high in ((3.5, 8.75), (187, 711), (2.5, 100))))


def test_base_and_contributions_add_up_to_the_prediction(linear: Explainer) -> None:
    predictor = LiteRT(LINEAR.read_bytes())

    @settings(max_examples=100, deadline=None, derandomize=True, database=None)
    @given(NUMBERS)
    def check(row: tuple[float, ...]) -> None:
        batch = np.array([row], dtype=np.float32)
        (found,) = linear.explain(batch)
        assert (found.background, found.method, found.standard_error) == (404, "exact", None)
        assert found.base + found.contributions.sum() == pytest.approx(predictor.predict(batch)[0], abs=1e-4)

    check()


def test_a_linear_models_contributions_are_its_coefficients_times_the_distance_from_the_mean(
    linear: Explainer,
) -> None:
    explained = houses(20, seed=2)
    means = houses(404).mean(axis=0, dtype=np.float64)
    found = np.array([item.contributions for item in linear.explain(explained)])
    np.testing.assert_allclose(found, COEFFICIENTS * (explained - means), atol=1e-4)


@pytest.mark.parametrize("inputs", [1, 2, 4, 10, 12])
def test_every_number_of_inputs_adds_up(inputs: int) -> None:
    model, explained = wavy(inputs), rows(3, inputs, seed=2)
    for item, prediction in zip(explain(model, rows(50, inputs), explained), model.predict(explained), strict=True):
        assert item.method == ("exact" if inputs <= 10 else "sampled")
        assert (item.standard_error is None) == (inputs <= 10)
        assert item.base + item.contributions.sum() == pytest.approx(prediction, abs=1e-4)


@pytest.mark.parametrize("inputs", [4, 12])
def test_an_input_that_does_nothing_gets_nothing_and_equal_ones_get_equal_parts(inputs: int) -> None:
    """The first two inputs act alike, the last not at all; the background has them alike too."""
    model = Function(lambda batch: np.tanh(batch[:, 0] + batch[:, 1]) * batch[:, 2])
    reference, explained = rows(60, inputs), rows(5, inputs, seed=2)
    reference[:, 1], explained[:, 1] = reference[:, 0], explained[:, 0]
    for item in explain(model, reference, explained):
        first, second, *_, last = item.contributions
        assert last == pytest.approx(0, abs=1e-12)
        apart = 1e-6 if item.standard_error is None else 4 * item.standard_error[:2].sum()
        assert first == pytest.approx(second, abs=apart)


def test_sampled_contributions_are_about_as_far_off_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    model, explained = wavy(8), rows(40, 8, seed=2)
    background = pick_background(model, rows(300, 8))
    exact = Explainer(model, background).explain(explained)
    monkeypatch.setattr(module, "MAX_EXACT", 7)
    sampled = Explainer(model, background).explain(explained)
    assert {item.method for item in sampled} == {"sampled"}
    assert [item.base for item in sampled] == pytest.approx([item.base for item in exact], abs=1e-5)
    off = np.array([one.contributions - other.contributions for one, other in zip(sampled, exact, strict=True)])
    errors = np.array([item.standard_error for item in sampled])
    assert (np.abs(off) < 2 * errors).mean() > 0.85
    assert (np.abs(off) < 5 * errors).all()
    assert errors.max() < 0.1 * np.abs([item.contributions for item in exact]).max()


def test_the_same_row_gets_the_same_sampled_explanation() -> None:
    model, explained = wavy(12), rows(2, 12, seed=2)
    maker = Explainer(model, pick_background(model, rows(50, 12)))
    alone, among = maker.explain(explained[1:])[0], maker.explain(explained)[1]
    assert alone.contributions == pytest.approx(among.contributions, abs=1e-6)  # a batch rounds in another order


@pytest.mark.parametrize(("inputs", "reference", "expected"), [(3, 404, 404), (10, 404, 256), (12, 404, 404)])
def test_the_background_is_picked_evenly_in_the_order_of_predictions(
    inputs: int, reference: int, expected: int
) -> None:
    model, training = wavy(inputs), rows(reference, inputs)
    background = pick_background(model, training)
    assert len(background) == expected
    ranks = np.searchsorted(np.sort(model.predict(training)), model.predict(background))
    assert np.diff(ranks).min() >= 1
    assert np.diff(ranks).max() <= -(-reference // expected)


def test_the_model_gets_a_few_thousand_rows_at_a_time() -> None:
    model = wavy(10)
    explain(model, rows(404, 10), rows(1, 10))
    assert max(model.batches) == 4096
    assert sum(model.batches) == 404 + 256 + 1 + 1022 * 256


@pytest.mark.parametrize(("inputs", "most"), [(1, 1024), (3, 432), (10, 4), (12, 39)])
def test_a_request_may_have_so_many_rows_explained_as_take_a_million_of_the_model(inputs: int, most: int) -> None:
    model = wavy(inputs)
    maker = Explainer(model, pick_background(model, rows(404, inputs)))
    assert maker.max_rows == most
    model.batches.clear()
    maker.explain(rows(1, inputs))
    assert sum(model.batches) * most <= MAX_COST
    maker.check_row_count(most)
    with pytest.raises(TooLarge, match=f"{most + 1} rows are too many to explain at once: send at most {most}"):
        maker.check_row_count(most + 1)


def test_what_if_moves_one_input_and_no_other(linear: Explainer) -> None:
    values = np.linspace(4, 8, 41, dtype=np.float32)
    row = np.array([6, 250, 66.5], np.float32)
    assert linear.vary(row, 0, values) == pytest.approx(8 * values - 2.5 - 1.995 - 20, abs=1e-4)
    assert row.tolist() == [6, 250, 66.5]


def test_a_model_that_gives_no_number_or_fails_has_no_explanation() -> None:
    def edge(batch: Float32Array) -> Float32Array:
        return np.where((batch[:, 0] > 2) & (batch[:, 1] < 0), np.nan, batch.sum(axis=1))

    reference = np.minimum(rows(40, 3), 1)
    maker = Explainer(Function(edge), reference)
    with pytest.raises(ModelFailed, match="no number for a mix"):
        maker.explain(np.array([[3, 1, 1]], np.float32))

    def broken(batch: Float32Array) -> Float32Array:
        raise ZeroDivisionError(len(batch))

    with pytest.raises(ModelFailed, match="the model failed"):
        pick_background(Function(broken), reference)
    with pytest.raises(ModelFailed, match="no number for any"):
        pick_background(Function(lambda batch: batch[:, 0] * np.nan), reference)
