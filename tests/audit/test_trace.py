"""``python -m audit trace``, as a process over real files."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from registry import VersionStore
from registry.promotion import promote
from tests.app.requests import OTHER_ROW, ROW
from tests.conftest import publish
from tests.registry.conftest import ANN, edit, run

pytestmark = pytest.mark.slow


@pytest.fixture
def answered(settings: Settings, client: FlaskClient) -> VersionStore:
    """A request with the id "mine", answered by version 2 that ann made champion."""
    publish(settings.models, by="bob")
    store = VersionStore(settings.models, "boston")
    promote(store, 2, "champion", ANN)
    reply = client.post("/predict_json", json=[ROW, OTHER_ROW], headers={"X-Request-ID": "mine"})
    assert reply.status_code == 200
    return store


@pytest.mark.parametrize("is_retired_by_now", [False, True])
def test_a_trace_tells_the_rows_the_version_and_who_signed_it_off(
    answered: VersionStore, settings: Settings, is_retired_by_now: bool
) -> None:
    if is_retired_by_now:
        promote(answered, 1, "champion", ANN, override=True)
        answered.aliases.retire(2, ANN)
    done = run(settings, "audit", "trace", "mine", "--json")
    assert done.returncode == 0, done.stderr
    (traced,) = json.loads(done.stdout)
    assert traced["request"]["body"] == "[[6, 250, 66.5], [7, 300, 10]]"
    assert [row["rm"] for row in traced["predictions"]] == ["6.0", "7.0"]
    (version,) = traced["versions"]
    assert (version["version"], version["trained_by"], version["files"]) == (2, "bob", "as published")
    assert version["sha256"] == answered.check(2).digest
    assert [(line["action"], line["by"]) for line in version["signed_off"]] == [("publish", "bob"), ("promote", "ann")]
    assert traced["faults"] == []


def test_a_trace_is_one_page_for_a_person(answered: VersionStore, settings: Settings) -> None:
    page = run(settings, "audit", "trace", "mine").stdout
    for text in ("REQUEST", "PREDICTIONS (2)", "VERSION 2", "signed off", "looks good", "as published", "No fault"):
        assert text in page
    assert "      passed  parity: 1e-06, at most 1e-05\n" in page  # of the training
    assert (
        "  ann  promote, version 2, alias champion: looks good\n      passed  parity: 1e-06, at most 1e-05, meas"
        in page
    )
    assert '{"name"' not in page


def test_a_trace_names_what_is_not_as_it_was(answered: VersionStore, settings: Settings) -> None:
    (answered.folder / "2" / "card.json").write_text("{}")
    done = run(settings, "audit", "trace", "mine")
    assert done.returncode == 1
    assert "card.json was changed" in done.stdout
    edit(answered.folder / "history.jsonl", b"looks good", b"looks fine")
    assert "line 3: was changed" in run(settings, "audit", "trace", "mine").stdout


def test_what_a_client_sent_moves_no_cursor_of_who_reads_its_trace(
    answered: VersionStore, settings: Settings, client: FlaskClient
) -> None:
    client.post("/predict_json", data="[6, \x1b[2J\nNo fault", headers={"X-Request-ID": "odd"})
    done = run(settings, "audit", "trace", "odd")
    assert r"[6, \x1b[2J\nNo fault" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_trace_shows_what_turned_out_to_be_true(
    answered: VersionStore, settings: Settings, client: FlaskClient
) -> None:
    told = {"request_id": "mine", "row": 1, "actual": 31.5, "source": "clerk\x1b"}
    for actual in (30, 31.5):
        assert client.post("/feedback", json={**told, "actual": actual}).status_code == 200
    done = run(settings, "audit", "trace", "mine")
    assert (done.returncode, "GROUND TRUTH (2)\n  time 20" in done.stdout) == (0, True)
    assert "row 1  actual 31.5  source clerk\\x1b  client 127.0.0.1\n" in done.stdout
    (traced,) = json.loads(run(settings, "audit", "trace", "mine", "--json").stdout)
    assert [row["actual"] for row in traced["feedback"]] == ["30.0", "31.5"]


def test_a_trace_shows_the_explanations_and_misses_those_that_were_sent(
    answered: VersionStore, settings: Settings, client: FlaskClient
) -> None:
    reply = client.post("/predict_json?explain=1", json=ROW, headers={"X-Request-ID": "why"}).json
    page = run(settings, "audit", "trace", "why").stdout
    assert f"EXPLANATIONS (1)\n  row 0  version 2  base {reply['explanation']['base']}  contribution_rm " in page
    (log,) = (settings.logs / "boston").glob("explanations-*.csv")
    log.unlink()
    done = run(settings, "audit", "trace", "why", "--json")
    (traced,) = json.loads(done.stdout)
    assert (done.returncode, traced["explanations"]) == (1, [])
    assert traced["faults"] == ["the request was answered with 1 explanations, and has 0 rows of them"]


def test_a_trace_shows_what_moved_a_prediction(answered: VersionStore, settings: Settings, client: FlaskClient) -> None:
    client.post("/predict_json?explain=1", json=ROW, headers={"X-Request-ID": "why"})
    assert "\nEXPLANATIONS (1)\n  row 0  version 2  base " in run(settings, "audit", "trace", "why").stdout


def test_an_unknown_id_is_told_so(answered: VersionStore, settings: Settings) -> None:
    done = run(settings, "audit", "trace", "other")
    assert (done.returncode, "no request has the id other" in done.stderr) == (1, True)
