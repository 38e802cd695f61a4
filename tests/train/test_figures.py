"""The figures of a version, against values that are computed here in another way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import CategoryTerm, Figures, Interval, Missing, NumberTerm, Signature, VersionStore
from tests.train.helpers import write_small
from train.dataset import Dataset, Floats, load_dataset
from train.figures import build_figures, evenly, partial_dependence
from train.metadata import build_signature
from train.spec import read_spec


def predict(rows: Floats) -> Floats:
    """A model with an interaction: the effect of the width depends on the kind."""
    return np.asarray(rows[:, 0] ** 2 * (1 + rows[:, 1]) + rows[:, 1])


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signature, Dataset]:
    spec = read_spec(write_small(tmp_path_factory.mktemp("small")))
    data = load_dataset(spec)
    return build_signature(spec, data), data


@pytest.fixture(scope="module")
def figures(small: tuple[Signature, Dataset]) -> Figures:
    signature, data = small
    return build_figures(signature, data, predict, predict(data.inputs[data.test_rows]))


def test_histograms_count_every_training_row(small: tuple[Signature, Dataset], figures: Figures) -> None:
    _, data = small
    width, kind = figures.inputs["width"].histogram, figures.inputs["kind"].histogram
    assert (len(width.edges), len(width.counts)) == (25, 24)
    assert sum(width.counts) == sum(kind.counts) == sum(figures.output.counts) == len(data.train_rows)
    values = data.inputs[data.train_rows]
    assert (width.edges[0], width.edges[-1]) == pytest.approx((values[:, 0].min(), values[:, 0].max()))
    assert kind.edges == (0, 1, 5)
    assert kind.counts == tuple(int(np.sum(values[:, 1] == code)) for code in kind.edges)


def test_labels_that_differ_in_the_last_digit_alone_have_a_histogram(small: tuple[Signature, Dataset]) -> None:
    signature, data = small
    label = np.where(np.arange(len(data.label)) % 2, 0.3, 0.30000000000000004)
    figures = build_figures(signature, replace(data, label=label), predict, predict(data.inputs[data.test_rows]))
    assert sum(figures.output.counts) == len(data.train_rows)


def test_a_number_has_its_quantiles_and_a_category_codes(small: tuple[Signature, Dataset], figures: Figures) -> None:
    _, data = small
    widths = np.sort(data.inputs[data.train_rows, 0])
    width, kind = figures.inputs["width"], figures.inputs["kind"]
    below, above = np.searchsorted(widths, width.mostly)
    assert (below, len(widths) - above) == (5, 5)  # a tenth of 48 rows
    assert width.median == pytest.approx(float((widths[23] + widths[24]) / 2))
    assert {*kind.mostly, kind.median} <= {0, 1, 5}


def test_dependence_is_the_mean_over_the_training_rows(small: tuple[Signature, Dataset], figures: Figures) -> None:
    _, data = small
    training = data.inputs[data.train_rows]  # fewer than the background may have
    width, kind = figures.inputs["width"], figures.inputs["kind"]
    assert len(width.x) == 41
    assert (width.x[0], width.x[-1]) == pytest.approx((training[:, 0].min(), training[:, 0].max()))
    means = [np.mean([x**2 * (1 + code) + code for code in training[:, 1]]) for x in width.x]
    assert width.y == pytest.approx(means, rel=1e-6)
    assert kind.x == (0, 1, 5)
    means = [np.mean([x**2 * (1 + code) + code for x in training[:, 0]]) for code in kind.x]
    assert kind.y == pytest.approx(means, rel=1e-6)


def test_few_background_rows_stand_for_all_and_better_than_drawn_ones() -> None:
    values = np.linspace(-3, 3, 41)
    errors: dict[str, list[float]] = {"even": [], "drawn": []}
    for seed in range(60):
        generator = np.random.default_rng(seed)
        rows = generator.uniform(-3, 3, (5000, 2))
        deviation = float(np.std(predict(rows)))
        even = rows[evenly(np.argsort(predict(rows)), 256)]
        assert np.mean(predict(even)) == pytest.approx(np.mean(predict(rows)), abs=0.001 * deviation)
        for column in (0, 1):
            expected = partial_dependence(predict, rows, column, values)
            for name, sample in (("even", even), ("drawn", generator.choice(rows, 256, replace=False))):
                few = partial_dependence(predict, sample, column, values)
                errors[name].append(float(np.max(np.abs(few - expected))) / deviation)
    assert np.mean(errors["even"]) <= min(0.05, 0.7 * np.mean(errors["drawn"]))


@pytest.mark.parametrize(("rows", "count"), [(3, 500), (500, 500), (501, 500), (999, 500), (100_000, 500)])
def test_rows_are_picked_evenly_and_none_twice(rows: int, count: int) -> None:
    picked = evenly(np.arange(rows), count)
    assert len(picked) == min(rows, count)
    steps = np.diff(picked)
    assert steps.min() >= 1
    assert steps.max() - steps.min() <= 1
    assert picked[0] + picked[-1] == pytest.approx(rows - 1, abs=1)  # as far from the first row as from the last


def test_test_rows_are_in_the_order_of_test_csv(small: tuple[Signature, Dataset], figures: Figures) -> None:
    _, data = small
    assert figures.actual == pytest.approx(data.label[data.test_rows], rel=1e-6)
    assert figures.predicted == pytest.approx(predict(data.inputs[data.test_rows]), rel=1e-6)
    assert figures.half_width == ()


@pytest.mark.parametrize("level", [0.9, 0.5])
def test_half_widths_are_those_of_the_intervals(small: tuple[Signature, Dataset], level: float) -> None:
    signature, data = small
    (low, high), codes = signature.inputs[0].training, signature.inputs[1].categories
    terms = (NumberTerm(low, high, 0.5, 0.0), CategoryTerm(codes, (0.0, 1.0, 0.0)))
    interval = Interval({level: 2.0}, rows=48, intercept=0.0, terms=terms)
    test_rows = data.inputs[data.test_rows]
    figures = build_figures(replace(signature, interval=interval), data, predict, predict(test_rows))
    position = np.clip((test_rows[:, 0] - (low + high) / 2) / ((high - low) / 2), -1, 1)
    expected = 2 * np.exp(0.5 * position + (test_rows[:, 1] == codes[1]))
    assert figures.half_width == pytest.approx(tuple(expected) if level == 0.9 else (), rel=1e-5)


def test_figures_are_read_back_from_json_as_they_were(figures: Figures) -> None:
    text = json.dumps({"figures": figures.to_json()}, allow_nan=False)
    assert Figures.from_card(json.loads(text)) == figures
    assert "missing" not in text
    assert all(len(str(value)) <= 13 for value in figures.predicted)  # float32, not float64


def test_missing_values_are_counted_and_nowhere_else(small: tuple[Signature, Dataset]) -> None:
    signature, data = small
    width, kind = signature.inputs
    inputs = replace(width, missing=Missing(-30, 0)), replace(kind, missing=Missing(6, 0, indicator=True))
    rows = data.inputs.copy()
    rows[data.train_rows[:6], 0] = -30
    rows[data.train_rows[3:7], 1] = 6
    data, present = replace(data, inputs=rows), data.inputs[data.train_rows]
    figures = build_figures(replace(signature, inputs=inputs), data, predict, predict(rows[data.test_rows]))
    found, codes = figures.inputs["width"], figures.inputs["kind"]
    assert (found.missing, codes.missing) == (6, 4)
    assert (sum(found.histogram.counts), sum(codes.histogram.counts)) == (42, 44)
    assert found.histogram.edges[0] >= -10
    assert found.x[0] >= -10
    assert codes.x == codes.histogram.edges == (0, 1, 5)
    assert found.median == pytest.approx(float(np.median(present[6:, 0])))
    assert Figures.from_card(json.loads(json.dumps({"figures": figures.to_json()}))) == figures


@pytest.mark.slow
def test_published_figures_fit_the_metrics_and_are_small(published: Path) -> None:
    store = VersionStore(published, "boston")
    for number in (1, 3):
        card = store.card(number)
        figures = Figures.from_card(card)
        assert figures is not None
        assert list(figures.inputs) == list(store.signature(number).names)
        errors = np.array(figures.actual) - np.array(figures.predicted)
        assert np.sqrt(np.mean(errors**2)) == pytest.approx(card["metrics"]["rmse"], rel=1e-5)
        assert (store.folder / str(number) / "card.json").stat().st_size < 40_000


@pytest.mark.slow
def test_dependence_of_a_linear_model_has_the_slope_of_its_predictions(published: Path) -> None:
    store = VersionStore(published, "boston")
    version = store.open(1)
    assert version.figures is not None
    for column, (name, item) in enumerate(version.figures.inputs.items()):
        low, high = (list(version.signature.example) for _ in range(2))
        low[column], high[column] = item.x[0], item.x[-1]
        ends = version.predictor.predict(np.array([low, high], dtype=np.float32)).reshape(2)
        assert item.y[-1] - item.y[0] == pytest.approx(float(ends[1] - ends[0]), abs=1e-3), name


@pytest.mark.slow
@pytest.mark.usefixtures("diabetes")
def test_figures_of_ten_inputs_have_the_categories_of_one(published: Path) -> None:
    figures = VersionStore(published, "diabetes").open(1).figures
    assert figures is not None
    assert len(figures.inputs) == 10
    assert figures.inputs["sex"].x == figures.inputs["sex"].histogram.edges == (1, 2)
