"""The champion's error is compared with its card: worse only if it surely is, and not judged without enough truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.accuracy import judge_accuracy
from monitor.profiles.profile import Profile
from monitor.profiles.reference import Column, load_reference
from monitor.profiles.window import profile_window
from monitor.window import Window
from registry import CHAMPION, Actor, Signature, VersionStore
from registry.promotion import promote
from tests.conftest import HOUSES, HOUSES_INTERVAL, LINEAR, publish, write_version
from tests.monitor.logs_of_truth import Logs

NOVEMBER = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
CARD = {"cv": {"rmse": 3.0}, "intervals": {"rmse": [2.5, 3.5]}}


@dataclass
class Service:
    """A published version, whose card promises an RMSE of 3 (2.5 to 3.5), and its logs."""

    store: VersionStore
    logs: Logs

    def publish(self, signature: Signature = HOUSES) -> int:
        with self.store.staging() as folder:
            write_version(folder, signature, LINEAR)
            card = json.loads((folder / "card.json").read_text())
            (folder / "card.json").write_text(json.dumps(card | CARD))
            return self.store.publish(folder, Actor("tests"))[0]

    def answer(
        self,
        name: str,
        requests: int,
        sd: float,
        *,
        told: object = True,
        version: int = 1,
        role: str = "champion",
        day: int = 20,
        client: str = "192.0.2.1",
    ) -> np.ndarray:
        """Answer requests of three rows, and tell the truth of those that ``told`` has. Return all residuals."""
        random = np.random.default_rng([requests, version, day])
        low, high = np.array([item.training for item in HOUSES.inputs]).T
        residuals = []
        for number in range(requests):
            rows = random.uniform(low, high, (3, 3))
            errors = random.normal(0, sd, 3)
            time = f"2026-11-{day}T08:00:00.{number:06}Z"
            self.logs.predict(f"{name}{number}", 40 + errors, rows=rows, version=version, role=role, time=time)
            for row in range(3):
                if told is True or (callable(told) and told(rows[row])):
                    self.logs.tell(f"{name}{number}", 40, row=row, client=client, time=f"2026-11-{day + 1}T08:00:00Z")
            residuals.append(errors)
        return np.array(residuals)

    def judge(self) -> dict[str, Any]:
        """Return the section of the report."""
        reference = load_reference(self.store, self.store.number_of(CHAMPION))
        cache = self.logs.folder / "cache"
        profile = profile_window(self.logs.folder, reference, NOVEMBER, cache).total.answered(reference)
        return judge_accuracy(self.logs.folder, NOVEMBER, self.store, reference, profile, cache)[0]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    made = Service(VersionStore(tmp_path / "models", "boston"), Logs(tmp_path / "logs", HOUSES.names))
    made.publish()
    return made


def test_an_error_as_on_the_card_is_calm_and_its_figures_are_those_of_the_rows(service: Service) -> None:
    residuals = service.answer("a", 100, 3)
    section = service.judge()
    assert section["verdict"] == "calm"
    assert section["expected"] == {"rmse": 3, "low": 2.5, "high": 3.5}
    overall = section["overall"]
    assert (overall["rows"], overall["requests"]) == (300, 100)
    assert overall["rmse"] == pytest.approx(np.sqrt(np.mean(residuals**2)), rel=1e-5)
    assert overall["mae"] == pytest.approx(np.abs(residuals).mean(), rel=1e-5)
    assert overall["bias"] == pytest.approx(residuals.mean(), rel=1e-4)  # prediction less truth
    assert overall["low"] < overall["rmse"] < overall["high"]
    assert (section["share"], section["truths"], section["matched"], section["unknown"]) == (1, 300, 300, 0)
    assert (section["newest"], section["median_delay_seconds"]) == ("2026-11-21T08:00:00Z", pytest.approx(86400))
    assert section["intervals"] is None


def test_a_larger_error_is_told_once_its_interval_lies_above_that_of_the_card(service: Service) -> None:
    service.answer("a", 40, 3.6)
    assert service.judge()["verdict"] == "calm"  # it may be as on the card
    service.answer("b", 200, 4.5, day=21)
    worse = service.judge()
    assert worse["verdict"] == "accuracy"
    assert worse["overall"]["low"] > 3.5
    assert worse["reason"].startswith("the champion's error is larger than expected: RMSE 4.")
    days = worse["days"]
    assert [(day["day"], day["requests"], day["too_few"]) for day in days] == [
        ("2026-11-20", 40, False),
        ("2026-11-21", 200, False),
    ]
    assert days[0]["rmse"] < 4 < days[1]["rmse"]


def test_less_than_thirty_requests_are_not_judged(service: Service) -> None:
    service.answer("a", 29, 30)
    few = service.judge()
    assert (few["verdict"], few["requests_missing"], few["overall"]["rows"]) == ("cannot_judge", 1, 87)
    assert "so 1 are missing" in few["reason"]


def test_without_any_truth_or_an_error_on_the_card_nothing_is_judged(service: Service) -> None:
    service.answer("a", 40, 3, told=False)
    section = service.judge()
    assert (section["verdict"], section["overall"], section["newest"], section["share"]) == (
        "cannot_judge",
        None,
        None,
        0,
    )
    assert section["representative"] == {"verdict": "cannot_judge", "columns": []}
    promote(service.store, publish(service.store.folder.parent), CHAMPION, Actor("tests"))
    service.answer("b", 40, 3, version=2, day=21)
    bare = service.judge()
    assert (bare["verdict"], bare["expected"]) == ("cannot_judge", None)
    assert "card names no error" in bare["reason"]


def test_a_bad_shadow_or_an_earlier_version_is_shown_and_does_not_fail_the_champion(service: Service) -> None:
    service.answer("a", 50, 9)
    promote(service.store, service.publish(), CHAMPION, Actor("tests"))
    service.answer("b", 50, 3, version=2, day=21)
    service.answer("c", 50, 9, version=1, role="shadow", day=22)
    judged = service.judge()
    assert judged["verdict"] == "calm"
    assert [(of["version"], of["role"], of["requests"], of["verdict"]) for of in judged["versions"]] == [
        (1, "champion", 50, "accuracy"),
        (1, "shadow", 50, "accuracy"),
        (2, "champion", 50, "calm"),
    ]


def test_each_version_is_held_to_its_own_intervals(service: Service) -> None:
    service.answer("a", 40, 3)
    number = service.publish(replace(HOUSES, interval=HOUSES_INTERVAL))  # about 8 either way
    service.answer("s", 40, 3, version=number, role="shadow")
    before = service.judge()
    promote(service.store, number, CHAMPION, Actor("tests"))
    service.answer("b", 100, 3, version=number, day=21)
    good = service.judge()
    service.answer("c", 300, 30, version=number, day=22)
    bad = service.judge()
    assert [of["intervals"] is None for of in before["versions"]] == [True, False]
    assert before["intervals"] is None
    assert [of["intervals"] is None for of in good["versions"]] == [True, False, False]
    assert (good["intervals"]["rows"], good["intervals"]["verdict"]) == (300, "calm")
    assert good["intervals"]["share"] > 0.95
    assert (bad["intervals"]["rows"], bad["intervals"]["verdict"]) == (1200, "below")
    assert bad["intervals"]["high"] < 0.6


def test_predictions_that_were_not_sent_or_are_no_number_are_left_out(service: Service) -> None:
    service.answer("a", 40, 3)
    for number in range(40):
        service.logs.predict(f"b{number}", [500], rows=[[6, 250, 66]], flags=["output:implausible"])
        service.logs.predict(f"c{number}", [float("nan")], rows=[[6, 250, 66]])
        service.logs.tell(f"b{number}", 20)
        service.logs.tell(f"c{number}", 20)
    assert service.judge()["overall"]["requests"] == 40


def test_an_error_in_one_slice_shows_there(service: Service) -> None:
    service.answer("a", 60, 3)
    path = service.logs.folder / "feedback-2026-11-21.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    predictions = (service.logs.folder / "predictions-2026-11-20.csv").read_text().splitlines()[1:]
    high = {tuple(line.split(",")[1:3]) for line in predictions if float(line.split(",")[6]) > 7}
    changed = [[*row[:3], "50", *row[4:]] if tuple(row[1:3]) in high else row for row in rows]
    path.write_text("".join(",".join(row) + "\n" for row in changed))
    slices = service.judge()["slices"]
    assert len(slices) == 9
    by_rooms = [figures for figures in slices if figures["slice"].startswith("rm ")]
    assert [figures["rmse"] > 6 for figures in by_rooms] == [False, False, True]
    assert by_rooms[2]["bias_interval"][1] < -5
    assert sum(figures["rows"] for figures in by_rooms) == 180


def test_truths_of_some_rows_only_are_seen_not_to_represent_the_others(service: Service) -> None:
    service.answer("a", 150, 3, told=lambda row: row[0] > 6)
    chosen = service.judge()
    assert chosen["share"] == pytest.approx(0.52, abs=0.06)
    section = chosen["representative"]
    assert section["verdict"] == "differs"
    assert {column["name"]: column["verdict"] for column in section["columns"]} == {
        "rm": "differs",
        "tax": "calm",
        "age": "calm",
        "prediction": "calm",
    }


def test_truths_of_a_random_sample_represent_the_others(service: Service) -> None:
    random = np.random.default_rng(5)
    service.answer("a", 150, 3, told=lambda _: random.random() < 0.3)
    representative = service.judge()["representative"]
    assert representative["verdict"] == "calm"
    assert len(representative["columns"]) == 4


def test_a_profile_of_another_reference_is_refused(service: Service) -> None:
    reference = load_reference(service.store, 1)
    rows = reference.rows[:7]
    columns = tuple(Column.of(of.name, of.kind, rows[:, place]) for place, of in enumerate(reference.columns))
    other = Profile.empty(replace(reference, rows=rows, columns=columns))
    with pytest.raises(ValueError, match="another reference"):
        judge_accuracy(service.logs.folder, NOVEMBER, service.store, reference, other)


def test_the_client_of_wrong_truths_is_named(service: Service) -> None:
    for client in range(6):
        service.answer(f"c{client}-", 30, 3, client=f"192.0.2.{client}")
    service.answer("eve", 120, 3, day=22, client="198.51.100.7")
    path = service.logs.folder / "feedback-2026-11-23.csv"
    path.write_text(path.read_text().replace(",40,", ",52,"))  # 30 % too much
    first = service.judge()["sources"][0]
    assert (first["source"], first["kind"], first["verdict"]) == ("198.51.100.7", "client", "differs")
    assert first["share"] == 0.4
    assert [source["verdict"] for source in service.judge()["sources"]].count("differs") == 1
