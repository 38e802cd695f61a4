"""Accuracy where inputs are texts or may be missing, and versions differ in their levels."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from journal import FEEDBACK_COLUMNS, timestamp
from monitor.accuracy import judge_accuracy
from monitor.profiles.reference import load_reference
from monitor.profiles.window import profile_window
from monitor.window import Window
from registry import CategoryTerm, Interval, NumberTerm, Signature, VersionStore
from registry.promotion import promote
from tests.conftest import FLATS, publish
from tests.monitor.logs_of_flats import NOON, append, rows_of_training, write_flats
from tests.registry.conftest import ANN

WINDOW = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))
ROOMS, DISTRICT, BALCONY = FLATS.inputs


def with_interval(signature: Signature, wide: str) -> Signature:
    """A signature with intervals of 1 either way, and of 100 for one level of the district."""
    district, balcony = signature.inputs[1:]
    terms = (
        NumberTerm(2, 8, 0, 0),
        CategoryTerm(district.categories, tuple(np.log(100) * (text == wide) for text in district.levels)),
        CategoryTerm(balcony.categories, (0.0, 0.0)),
    )
    return replace(signature, interval=Interval({0.9: 1.0}, rows=500, intercept=0.0, terms=terms))


def judge(store: VersionStore, logs: Path, cache: Path | None = None) -> dict[str, Any]:
    reference = load_reference(store, store.number_of("champion"))
    profile = profile_window(logs, reference, WINDOW, logs / "profiles").total.answered(reference)
    return judge_accuracy(logs, WINDOW, store, reference, profile, cache)[0]


def tell(logs: Path, name: str, errors: np.ndarray) -> None:
    """Tell the truth of each request of this name: its prediction, and so much less."""
    lines = (logs / f"predictions-{NOON:%Y-%m-%d}.csv").read_text().splitlines()[1:]
    found = {line.split(",")[1]: float(line.split(",")[-2]) for line in lines}
    for place, error in enumerate(errors):
        time = timestamp(NOON + timedelta(hours=1, seconds=place))
        line = f"{time},{name}{place},0,{found[f'{name}{place}'] - error},,survey,,192.0.2.1"
        append(logs, "feedback", time, FEEDBACK_COLUMNS, line)


@pytest.mark.parametrize("cached", [True, False])
def test_each_version_is_held_to_the_interval_of_its_own_code_for_a_text(tmp_path: Path, cached: bool) -> None:
    turned = replace(DISTRICT, levels=tuple(reversed(DISTRICT.levels)), other=3)
    older = with_interval(replace(FLATS, inputs=(ROOMS, turned, BALCONY)), "Höchst")
    for signature in (older, with_interval(FLATS, "Höchst")):
        publish(tmp_path, signature)
    store, logs = VersionStore(tmp_path, "flats"), tmp_path / "logs"
    promote(store, 2, "champion", ANN, override=True)
    rows = rows_of_training(80, seed=2)
    rows[:, 1] = np.arange(80) % 4
    write_flats(logs, rows, version=2, name="b")
    tell(logs, "b", np.where(rows[:, 1] == 3, 50, 0.5))  # Höchst is 3 to version 2, and 0 to version 1
    write_flats(logs, np.column_stack([rows[:, 0], 3 - rows[:, 1], rows[:, 2]]), signature=older, name="a")
    tell(logs, "a", np.where(rows[:, 1] == 3, 50, 0.5))
    for _ in range(2):
        judged = judge(store, logs, tmp_path / "cache" if cached else None)
        shares = {of["version"]: of["intervals"]["share"] for of in judged["versions"]}
        assert shares == {1: 1.0, 2: 1.0}
        assert judged["intervals"]["rows"] == 80  # those without a number of rooms have an interval too


def test_truths_of_rows_with_gaps_do_not_represent_those_without(tmp_path: Path) -> None:
    publish(tmp_path, FLATS)
    store, logs = VersionStore(tmp_path, "flats"), tmp_path / "logs"
    rows = rows_of_training(600, seed=2)
    rows[:120, 2] = np.nan
    write_flats(logs, rows)
    tell(logs, "r", np.zeros(150))
    columns = {item["name"]: item["verdict"] for item in judge(store, logs)["representative"]["columns"]}
    assert columns == {"rooms": "calm", "district": "calm", "balcony": "differs", "prediction": "calm"}
