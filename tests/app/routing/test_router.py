"""Following the aliases: changes of champion, versions that cannot be loaded, signed and retired ones."""

from __future__ import annotations

import threading

import pytest

from app.routing import router
from registry import VersionStore
from registry.promotion import canary, clear, rollback
from registry.signing import sign
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, ROW, ask, make_champion, version
from tests.conftest import Keys
from tests.e2e.server import wait_until


def test_a_new_champion_answers_the_next_request_without_a_restart(client: Service, store: VersionStore) -> None:
    assert version(client) == 1
    make_champion(store, 2)
    assert version(client) == 2
    assert client.get("/health/ready").json["version"] == 2
    rollback(store, ANN)
    assert version(client) == 1
    assert {row["role"] for row in client.new_rows("predictions")} == {"champion"}


def test_a_champion_that_cannot_be_loaded_leaves_the_old_one_serving_and_says_why(
    client: Service, store: VersionStore
) -> None:
    assert version(client) == 1
    make_champion(store, 2)
    file = store.folder / "2" / "model.tflite"
    content = file.read_bytes()
    rollback(store, ANN)
    file.write_bytes(content[:-1])
    # As a command from before the damage would have left it:
    (store.folder / "aliases.json").write_text('{"champion": 2}')
    wait_until(lambda: client.get("/health/ready").json.get("faults"), "the fault", 2)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["version"]) == (200, 1)
    assert "model.tflite was changed" in ready.json["faults"]["champion"]
    assert version(client) == 1
    file.write_bytes(content)
    wait_until(lambda: version(client) == 2, "the repaired champion", 3)
    assert "faults" not in client.get("/health/ready").json


@pytest.mark.parametrize("aliases", ["{}", '{"champion": 9}', "[]", "{", '{"champion": "1"}', None])
def test_aliases_that_name_no_version_leave_the_old_one_serving(
    client: Service, store: VersionStore, aliases: str | None
) -> None:
    assert version(client) == 1
    path = store.folder / "aliases.json"
    path.unlink() if aliases is None else path.write_text(aliases)
    wait_until(lambda: client.get("/health/ready").json.get("faults"), "the fault", 2)
    assert version(client) == 1


def test_the_other_aliases_are_followed_beside_a_champion_that_cannot_be_loaded(
    client: Service, store: VersionStore
) -> None:
    canary(store, 2, 1, ANN)
    assert version(client) == 2
    (store.folder / "aliases.json").write_text('{"canary": 2, "champion": 9}')
    wait_until(lambda: "champion" in client.get("/health/ready").json.get("faults", {}), "the fault")
    assert version(client) == 2
    (store.folder / "aliases.json").write_text('{"champion": 9}')
    wait_until(lambda: version(client) == 1, "the end of the canary")


def test_an_unsigned_version_is_refused_where_signatures_are_required(
    store: VersionStore, make_client: MakeClient, keys: Keys
) -> None:
    client = make_client(require_signature=str(keys.public))
    reply = ask(client)
    assert (reply.status_code, "is not signed" in reply.json["error"]) == (503, True)
    sign(store.folder, 1, store.check(1).sums, keys.private)
    wait_until(lambda: ask(client).status_code == 200, "the signed version", 3)
    assert client.post("/v1/models/boston/versions/2:predict", json={"instances": [ROW]}).status_code == 503


def test_a_retired_version_is_not_served_any_more(client: Service, store: VersionStore) -> None:
    path = "/v1/models/boston/versions/2:predict"
    assert client.post(path, json={"instances": [ROW]}).status_code == 200
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    wait_until(lambda: client.post(path, json={"instances": [ROW]}).status_code == 404, "404", 1)


def test_a_champion_that_stalls_at_the_start_keeps_no_request_waiting(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, open_version = threading.Event(), VersionStore.open
    monkeypatch.setattr(VersionStore, "open", lambda *what: answers.wait(30) and open_version(*what))
    monkeypatch.setattr(router, "_LOAD_TIMEOUT", 0.0)
    client = make_client()
    assert "version 1 is being opened" in ask(client).json["error"]
    assert client.get("/health/ready").status_code == 503
    answers.set()
    wait_until(lambda: ask(client).status_code == 200, "the champion", 3)
