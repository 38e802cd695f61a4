"""Comparisons of versions, as a command over real files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from monitor.compare import compare_versions
from monitor.truth import join_truths
from monitor.window import Window
from registry import VersionStore
from registry.promotion import shadow
from tests.app.requests import logged
from tests.conftest import TRICKY, WORSE, publish
from tests.e2e.server import wait_until
from tests.monitor.logs_of_truth import Logs
from tests.registry.conftest import ANN, run

pytestmark = pytest.mark.slow


def test_two_versions_are_compared_on_the_requests_that_both_saw(
    settings: Settings, client: FlaskClient, tmp_path: Path
) -> None:
    publish(settings.models, model_file=WORSE)
    shadow(VersionStore(settings.models, "boston"), 2, ANN)
    for rooms in (5, 6, 7):
        client.post("/predict_json", json=[[rooms, 250, 66.5]] * 10)
    wait_until(lambda: len(logged(settings, "predictions")) == 60, "the shadow's rows")
    svg = tmp_path / "difference.svg"
    done = run(settings, "monitor", "compare", "1", "2", "--over", "9.5", "--plot", str(svg))
    assert done.returncode == 0, done.stderr
    assert "30 rows of version 1 and version 2" in done.stdout
    assert "2 less 1: mean 10, standard deviation" in done.stdout
    assert "100.00% differ by more than 9.5" in done.stdout
    assert "<svg" in svg.read_text()
    assert "0.00% differ by more than 10.5" in run(settings, "monitor", "compare", "1", "2", "--over", "10.5").stdout
    nothing = run(settings, "monitor", "compare", "1", "3")
    assert (nothing.returncode, "no request was seen by both" in nothing.stderr) == (1, True)


def test_rows_without_a_number_are_counted_apart_in_a_comparison(settings: Settings, client: FlaskClient) -> None:
    shadow(VersionStore(settings.models, "boston"), publish(settings.models, model_file=TRICKY), ANN)
    for row in ([6, 250, 66.5], [11.5, 250, 66.5]):  # the second gets NaN of the shadow
        assert client.post("/predict_json", json=row).status_code == 200
    wait_until(lambda: len([row for row in logged(settings, "predictions") if row["role"] == "shadow"]) == 2, "both")
    done = run(settings, "monitor", "compare", "1", "2")
    assert done.returncode == 0, done.stderr
    assert (
        "1 rows of version 1 and version 2 for the same requests; on 1 more, one of them gave no number" in done.stdout
    )


def test_with_truth_the_errors_of_both_are_compared(settings: Settings) -> None:
    logs = Logs(settings.log_folder)
    for number in range(40):
        for version, prediction in ((1, 20 + number % 3), (2, 24)):
            logs.predict(f"r{number}", [prediction], version=version, role="champion" if version == 1 else "shadow")
        logs.tell(f"r{number}", 20)
    done = run(settings, "monitor", "compare", "1", "2")
    assert done.returncode == 0, done.stderr
    assert "40 rows of version 1 and version 2 for the same requests" in done.stdout
    assert "RMSE 4 of version 2, 1.275 of version 1, on 40 rows of 40 requests with truth\n" in done.stdout
    assert done.stdout.rstrip().endswith(": version 2 is worse")


def test_a_canary_answers_other_requests_which_is_said(settings: Settings) -> None:
    logs = Logs(settings.log_folder)
    for number in range(20):
        for version, role in ((1, "champion"), (2, "canary")):
            logs.predict(f"{role}{number}", [20 + version * (-1) ** number], version=version, role=role)
            logs.tell(f"{role}{number}", 20)
    logs.add("predictions", "2026-11-21", "", b"nothing of the kind\n")
    done = run(settings, "monitor", "compare", "1", "2")
    assert (done.returncode, done.stderr) == (
        0,
        "predictions-2026-11-21.csv: has no header, so its 1 lines are not compared\n",
    )
    assert done.stdout.splitlines() == [
        "RMSE 2 of version 2, 1 of version 1, on 20 rows of 20 requests with truth",
        "difference +1, 95 % interval +1 to +1: not judged, because that takes truth for 30 requests",
        "they answered different requests, so this is not a comparison on the same rows",
    ]


def test_the_report_s_comparisons_are_of_each_shadow_and_canary_with_the_champion(tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    groups = {(1, "champion"), (2, "shadow"), (3, "canary"), (1, "shadow"), (4, "shadow")}
    for number in range(30):
        logs.predict(f"r{number}", [20])
        logs.predict(f"r{number}", [20 + number], version=2, role="shadow")
        logs.predict(f"c{number}", [20 + number % 2], version=3, role="canary")
        for name in "rc":
            logs.tell(f"{name}{number}", 20)
    window = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    shadow_, canary = compare_versions(tmp_path, window, 1, groups, join_truths(tmp_path).rows)
    assert (shadow_["second"], shadow_["role"], shadow_["rows"], shadow_["paired"]) == (2, "shadow", 30, True)
    assert shadow_["difference"]["mean"] == 14.5
    assert shadow_["difference"]["quantiles"]["0.5"] == 14.5
    assert (shadow_["truth"]["verdict"], shadow_["truth"]["paired"]) == ("worse", True)
    assert (canary["second"], canary["role"], canary["rows"], canary["paired"]) == (3, "canary", 0, False)
    assert canary["difference"] == {"mean": None, "sd": None, "quantiles": {}}
    assert (canary["truth"]["verdict"], canary["truth"]["paired"]) == ("worse", False)
