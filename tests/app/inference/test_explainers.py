"""The explainer of a version: made once, with an interpreter of its own, and dropped with the version."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from app.codecs.batch import InputBatch
from app.errors import NotReady
from app.inference.explainer import Explainer
from app.inference.explainers import Explainers
from app.inference.pipeline import InferencePipeline
from app.routing.router import ModelRouter
from app.settings import Settings
from registry import Float32Array, Predictor, VersionStore
from tests.app.requests import ROW, make_champion
from tests.registry.conftest import edit


@pytest.fixture
def router(settings: Settings) -> Iterator[ModelRouter]:
    with closing(ModelRouter(settings, lambda _: None)) as router:
        router.refresh()
        yield router


def test_an_explainer_is_made_once_however_many_ask_for_it(router: ModelRouter, settings: Settings) -> None:
    explainers, model = Explainers(settings.store(), "litert"), router.champion().model
    assert model.kept == {}
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: explainers.of(model), range(16)))
    assert len(set(map(id, made))) == 1


def test_an_explainer_goes_with_its_version(store: VersionStore, router: ModelRouter, settings: Settings) -> None:
    explainers = Explainers(settings.store(), "litert")
    made = weakref.ref(explainers.of(router.champion().model))
    make_champion(store, 2)
    router.refresh()
    gc.collect()
    assert router.champion().model.number == 2
    assert made() is None


def test_a_version_whose_files_were_changed_since_it_was_loaded_is_not_explained(
    router: ModelRouter, settings: Settings
) -> None:
    model = router.champion().model
    edit(settings.store().folder / "1" / "reference.csv", b"187", b"188")
    with pytest.raises(NotReady, match=r"version 1 can't be explained now: .*reference.csv was changed"):
        Explainers(settings.store(), "litert").of(model)
    assert model.kept == {}


class Gated:
    """A predictor that waits, once its gate is shut."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.gate = threading.Event()
        self.reached = threading.Event()

    def predict(self, rows: Float32Array) -> Float32Array:
        self.reached.set()
        assert self.gate.wait(60)
        return self._predictor.predict(rows)


def test_predictions_go_on_while_a_row_is_being_explained(router: ModelRouter, settings: Settings) -> None:
    explainers, champion = Explainers(settings.store(), "litert"), router.champion()
    own = settings.store().open(1).predictor
    gated = Gated(own)
    gated.gate.set()
    explainer = Explainer(gated, np.array([ROW, [7, 300, 10]], np.float32))
    champion.model.kept["explainer"] = explainer
    gated.gate.clear()
    gated.reached.clear()
    with ThreadPoolExecutor(1) as pool:
        explained = pool.submit(explainers.of(champion.model).explain, np.array([ROW], np.float32))
        assert gated.reached.wait(60)
        pipeline = InferencePipeline(router)
        for _ in range(50):
            assert not pipeline.predict(champion, InputBatch(np.array([ROW], np.float64))).errors
        assert not explained.done()
        gated.gate.set()
        (explanation,) = explained.result(60)
    assert explanation.background == 2


def test_predictions_and_explanations_have_two_interpreters(router: ModelRouter, settings: Settings) -> None:
    """The one of the predictions is held, and a row is explained all the same."""
    model = router.champion().model
    with model.predictor._lock:  # type: ignore[attr-defined]  # as a prediction holds it
        (explanation,) = Explainers(settings.store(), "litert").of(model).explain(np.array([ROW], np.float32))
    assert explanation.method == "exact"
