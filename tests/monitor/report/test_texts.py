"""A report on inputs that are texts or may be missing: levels are called by their texts, and gaps are counted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.settings import Settings
from journal import FEEDBACK_COLUMNS, timestamp
from monitor.profiles.reference import load_pinned, load_reference
from monitor.report.build import REPORTS, build, to_json
from monitor.report.pinned import pin
from monitor.report.render import to_html, to_text
from monitor.window import Window
from registry import Actor, Signature, VersionStore
from registry.promotion import promote
from registry.rows import REFERENCE, write_rows
from tests.conftest import FLATS, LINEAR, write_version
from tests.monitor.logs_of_flats import NOON, append, rows_of_training, write_flats
from tests.registry.conftest import ANN

WINDOW = Window(NOON - timedelta(days=1), NOON + timedelta(days=1))
ROOMS, DISTRICT, BALCONY = FLATS.inputs


def publish_flats(models: Path, signature: Signature = FLATS) -> VersionStore:
    """Publish a version with 2,000 training rows, of which one in ten has no number of rooms, or no balcony."""
    store = VersionStore(models, "flats")
    rows = rows_of_training(2000, seed=1).astype(np.float64)
    for place, item in enumerate(signature.inputs):
        if item.missing:
            rows[np.isnan(rows[:, place]), place] = item.missing.value
    with store.staging() as folder:
        write_version(folder, signature, LINEAR)
        write_rows(folder / REFERENCE, signature, rows, 8 * rows[:, 0] - 20)
        store.publish(folder, Actor("tests"))
    return store


@pytest.fixture
def flats(tmp_path: Path) -> Settings:
    """Settings over the model, without any log."""
    publish_flats(tmp_path / "models")
    return Settings(models=tmp_path / "models", logs=tmp_path / "logs", model="flats")


def report_on(settings: Settings, rows: np.ndarray, **options: Any) -> dict[str, Any]:
    write_flats(settings.log_folder, rows, **options)
    return build(settings, WINDOW).report


def column(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in report["drift"]["columns"] if item["name"] == name)


def test_texts_and_gaps_like_those_of_training_are_calm(flats: Settings) -> None:
    report = report_on(flats, rows_of_training(1000, seed=2))
    assert (report["verdict"], report["faults"]) == ("calm", [])
    district = column(report, "district")
    assert district["levels"] == ["elsewhere", "Nordend, West", 'the "old" town', "Höchst"]
    assert district["histogram"]["window"] == pytest.approx([0.25, 0.25, 0.25, 0.25, 0], abs=0.05)
    assert [district[name] for name in ("mean", "sd", "shift_sd", "reference_mean", "wasserstein")] == [None] * 5
    assert column(report, "rooms")["missing_share"] == pytest.approx(0.1, abs=0.03)
    assert column(report, "rooms")["reference_missing_share"] == pytest.approx(0.1, abs=0.03)
    assert column(report, "rooms")["levels"] == []
    assert to_json(report)


def test_the_reference_has_no_numbers_for_what_is_missing(flats: Settings) -> None:
    reference = load_reference(flats.store(), 1)
    assert [item.missing > 100 for item in reference.columns] == [True, False, True, False]
    assert np.nanmin(reference.rows[:, 0]) == 2
    assert reference.columns[0].mean == pytest.approx(5, abs=0.2)
    # What the model was given stands for the gap, so its predictions are those that clients would get.
    assert reference.rows[np.isnan(reference.rows[:, 0]), -1].max() < -120


def test_a_level_that_comes_more_often_is_named_by_its_text(flats: Settings) -> None:
    rows = rows_of_training(1000, seed=2)
    rows[:400, 1] = 1
    report = report_on(flats, rows)
    assert report["verdict"] == "drift"
    share = round(100 * (rows[:, 1] == 1).mean(), 1)
    assert column(report, "district")["reason"].startswith(
        f"district is “Nordend, West” in {share:g} % of the rows, in training in "
    )
    text = to_text(report)
    assert f"District is “Nordend, West” in {share:g} % of the rows" in text
    assert "chance does not explain it" in text


def test_a_level_that_no_training_row_has_is_named_too(flats: Settings, tmp_path: Path) -> None:
    levels = (*DISTRICT.levels, "=1+1")
    more = replace(DISTRICT, levels=levels, categories=(*DISTRICT.categories, 4.0), limits=(0, 4))
    settings = replace(flats, models=tmp_path / "others")
    publish_flats(settings.models, replace(FLATS, inputs=(ROOMS, more, BALCONY)))
    rows = rows_of_training(1000, seed=2)
    rows[:400, 1] = 4
    write_flats(settings.log_folder, rows, signature=replace(FLATS, inputs=(ROOMS, more, BALCONY)))
    district = column(build(settings, WINDOW).report, "district")
    assert district["reason"] == "district is “=1+1” in 40 % of the rows, in training in 0 %"
    assert (district["levels"], district["histogram"]["reference"][-2:]) == (list(levels), [0, 0])


def test_more_gaps_than_in_training_are_drift(flats: Settings) -> None:
    report = report_on(flats, rows_of_training(1000, seed=2, missing=0.2))
    assert {item["name"] for item in report["drift"]["columns"] if item["verdict"] == "drift"} == {
        "rooms",
        "balcony",
        "prediction",
    }
    assert "is missing in 2" in column(report, "rooms")["reason"]
    shares = {share["name"]: share["verdict"] for share in report["drift"]["shares"]}
    assert shares["missing: rooms"] == shares["missing: balcony"] == "drift"
    assert "Rooms is missing in 2" in to_text(report)


def test_texts_that_are_no_level_are_counted(flats: Settings) -> None:
    rows = rows_of_training(1000, seed=2)
    rows[::4, 1] = 0
    flags = ["district:other rooms:missing", "", "balcony:missing", ""]
    report = report_on(flats, rows, flags=flags)
    assert report["faults"] == []
    assert report["traffic"]["versions"][0]["other"] == 250
    assert column(report, "district")["other_share"] == 0.25
    assert "25 % of the rows came with a text that is no level" in to_html(report)


def test_the_page_shows_the_levels_and_the_gaps_and_escapes_them(flats: Settings) -> None:
    page = to_html(report_on(flats, rows_of_training(600, seed=2)))
    assert "Levels of District" in page
    assert "<bdi>the &#34;old&#34; town</bdi>" in page
    assert "no level" not in page
    assert page.count("<small>missing ") == 2


def test_rows_of_a_version_with_other_levels_are_read_by_their_texts(flats: Settings) -> None:
    older = replace(
        FLATS,
        inputs=(
            ROOMS,
            replace(
                DISTRICT,
                categories=(5.0, 6.0),
                levels=("Höchst", "Bockenheim"),
                other=None,
                limits=(5, 6),
                training=(5, 6),
                example=5,
            ),
            replace(BALCONY, levels=("no", "yes")),
        ),
    )
    rows = rows_of_training(600, seed=2)
    rows[:, 1] = 5 + np.arange(600) % 2
    write_flats(flats.log_folder, rows, signature=older, version=7)
    district, balcony = (column(build(flats, WINDOW).report, name) for name in ("district", "balcony"))
    assert district["histogram"]["window"] == [0.5, 0, 0, 0.5, 0]  # Bockenheim is elsewhere to the champion
    assert balcony["histogram"]["window"][2] == 0


def test_a_pinned_window_of_texts_is_calm_against_itself(flats: Settings) -> None:
    write_flats(flats.log_folder, rows_of_training(600, seed=2))
    built = build(flats, WINDOW)
    path, _ = pin(flats.store(), flats.log_folder / REPORTS, built.answered, 1, ANN, override=False)
    report = build(flats, WINDOW, against="pinned").report
    assert report["verdict"] == "calm"
    assert {item["effect"] for item in report["drift"]["columns"]} == {0}
    assert column(report, "district")["levels"] == list(DISTRICT.levels)
    assert load_pinned(path, FLATS, 1).columns[0].missing > 30


def tell(folder: Path, count: int, actual: float) -> None:
    for place in range(count):
        time = timestamp(NOON + timedelta(hours=1, seconds=place))
        append(folder, "feedback", time, FEEDBACK_COLUMNS, f"{time},r{place},0,{actual},,survey,,192.0.2.1")


def test_the_accuracy_has_a_slice_for_each_level_and_for_gaps(flats: Settings) -> None:
    rows = rows_of_training(400, seed=2)
    write_flats(flats.log_folder, rows)
    tell(flats.log_folder, 400, 10)
    report = build(flats, WINDOW).report
    assert report["accuracy"]["matched"] == 400
    slices = {item["slice"]: item["rows"] for item in report["accuracy"]["slices"]}
    counts = [(rows[:, 1] == code).sum() for code in range(4)]
    assert [slices[f"district = {text}"] for text in DISTRICT.levels] == counts
    assert slices["rooms is missing"] == np.isnan(rows[:, 0]).sum()
    assert slices["balcony = with"] + slices["balcony = without"] + slices["balcony is missing"] == 400
    assert to_html(report)
    assert json.loads(to_json(report)) == report


def test_a_second_report_reads_nothing_of_other_levels_from_the_cache(flats: Settings) -> None:
    rows = rows_of_training(400, seed=2)
    write_flats(flats.log_folder, rows)
    tell(flats.log_folder, 400, 10)
    first = build(flats, WINDOW).report
    turned = replace(DISTRICT, levels=tuple(reversed(DISTRICT.levels)), other=3)
    publish_flats(flats.models, replace(FLATS, inputs=(ROOMS, turned, BALCONY)))
    promote(flats.store(), 2, "champion", ANN, override=True)
    write_flats(flats.log_folder, rows, version=2, name="s")
    second = build(flats, WINDOW).report
    assert column(second, "district")["levels"] == list(turned.levels)
    histograms = [column(report, "district")["histogram"]["window"][:4] for report in (first, second)]
    assert histograms[0] == pytest.approx(histograms[1][::-1])


def test_a_text_that_goes_with_another_input_is_told_without_a_correlation(flats: Settings) -> None:
    rows = rows_of_training(1000, seed=2, missing=0)
    rows[:, 1] = np.clip((rows[:, 0] - 2) // 2, 0, 3)
    rows[::10, 0] = np.nan
    report = report_on(flats, rows)
    (pair,) = (item for item in report["drift"]["joint"]["correlations"] if item["verdict"] == "drift")
    assert pair["inputs"] == ["rooms", "district"]
    assert "Rooms and District go together in another way than in training." in report["findings"]
