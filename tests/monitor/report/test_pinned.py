"""A pinned window: a file of its rows, a line of the history with its digest, and the newest one counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

import pytest

from app.settings import Settings
from monitor.errors import MonitorError
from monitor.report.build import REPORTS, build
from monitor.report.pinned import load_newest_pin, pin
from monitor.window import Window
from registry import Actor
from registry.history_line import PIN
from registry.promotion import promote
from tests.conftest import WORSE, publish
from tests.monitor.report.conftest import NOW, WriteLogs, draw, predict
from tests.registry.conftest import ANN

WINDOW = Window(NOW - timedelta(days=7), NOW)


@pytest.fixture
def pinned(houses: Settings, write_logs: WriteLogs) -> Settings:
    """Settings over logs whose window is pinned."""
    write_logs(1500)
    built = build(houses, WINDOW)
    pin(houses.store(), houses.log_folder / REPORTS, built.answered, 1, Actor("ann", "a calm week"), override=False)
    return houses


def lines_of_pins(settings: Settings) -> Sequence[dict[str, object]]:
    return [dict(entry.content) for entry in settings.store().history.entries() if entry.content["action"] == PIN]


def test_the_file_has_the_rows_of_the_window_and_the_history_its_digest(pinned: Settings) -> None:
    (line,) = lines_of_pins(pinned)
    content = (pinned.log_folder / REPORTS / str(line["file"])).read_bytes()
    digest = sha256(content).hexdigest()
    assert (line["sha256"], line["file"]) == (digest, f"pinned-{digest[:12]}.csv")
    assert (line["rows"], line["version"], line["by"], line["reason"]) == (1500, 1, "ann", "a calm week")
    assert "override" not in line
    header, *rows = content.decode().splitlines()
    assert header == "rm,tax,age,prediction,request"
    inputs = draw(1500, 2)
    expected = {tuple(row) for row in inputs.tolist()}
    assert {tuple(map(float, row.split(",")[:3])) for row in rows} == expected
    assert len({row.rpartition(",")[2] for row in rows}) == 1500


def test_the_same_window_is_calm_against_itself(pinned: Settings) -> None:
    report = build(pinned, WINDOW, against="pinned").report
    assert (report["against"]["source"], report["against"]["rows"]) == ("pinned", 1500)
    assert report["headline"] == "Calm: the rows are like those in the pinned window"
    assert {column["effect"] for column in report["drift"]["columns"]} == {0}


def test_the_newest_pin_counts(pinned: Settings, write_logs: WriteLogs) -> None:
    write_logs(500, shift=1)
    built = build(pinned, WINDOW)
    reports = pinned.log_folder / REPORTS
    path, rows = pin(pinned.store(), reports, built.answered, 1, ANN, override=True)
    assert rows == 2000
    assert [line.get("override") for line in lines_of_pins(pinned)] == [None, True]
    reference = load_newest_pin(pinned.store(), reports, 1)
    assert len(reference.rows) == 2000
    assert path.name in {str(line["file"]) for line in lines_of_pins(pinned)}
    assert reference.rows[:, 3].mean() == pytest.approx(
        (1500 * predict(draw(1500, 2)).mean() + 500 * predict(draw(500, 2, 1)).mean()) / 2000, rel=1e-4
    )


def test_a_changed_a_removed_and_a_foreign_pin_are_refused(pinned: Settings) -> None:
    reports, store = pinned.log_folder / REPORTS, pinned.store()
    (path,) = reports.glob("pinned-*.csv")
    content = path.read_text()
    path.write_text(content.replace("6", "7", 1))
    with pytest.raises(MonitorError, match=rf"{path.name}: was changed since it was pinned on 20"):
        load_newest_pin(store, reports, 1)
    path.unlink()
    with pytest.raises(MonitorError, match=rf"{path.name}: can't be read \(No such file"):
        load_newest_pin(store, reports, 1)
    with store.aliases.write_lock():
        store.history.append(
            {"action": PIN, "by": "x", "version": 1, "file": "../../etc/passwd", "rows": 1, "sha256": "0" * 64}
        )
    with pytest.raises(MonitorError, match="which is no name of a pinned window"):
        load_newest_pin(store, reports, 1)


def test_a_pin_of_another_version_is_refused(pinned: Settings) -> None:
    publish(pinned.models, model_file=WORSE)
    promote(pinned.store(), 2, "champion", Actor("ann", "test"), override=True)
    with pytest.raises(MonitorError, match="was judged for version 1, and the champion is 2"):
        build(pinned, WINDOW, against="pinned")
