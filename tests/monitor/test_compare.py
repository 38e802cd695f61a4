"""Comparisons of versions, as a command over real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from registry import VersionStore
from registry.promotion import shadow
from tests.app.requests import logged
from tests.conftest import TRICKY, WORSE, publish
from tests.e2e.server import wait_until
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
