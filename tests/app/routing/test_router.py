"""Following the aliases: changes of champion, versions that cannot be loaded, signed and retired ones."""

from __future__ import annotations

import logging
import shutil
import threading

import pytest

from app.routing import router
from registry import Actor, VersionStore
from registry.promotion import canary, clear, rollback
from registry.signing import sign
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, ROW, TENSOR, ask, make_champion, version
from tests.conftest import Keys
from tests.e2e.server import wait_until
from tests.registry.conftest import FORGERIES, forge


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
    file = store.folder / "2" / "model.tflite"
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    make_damaged_champion(store, 2)
    wait_until(lambda: client.get("/health/ready").json.get("faults"), "the fault", 2)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json["version"]) == (200, 1)
    assert "model.tflite was changed" in ready.json["faults"]["champion"]
    assert version(client) == 1
    file.write_bytes(content)
    wait_until(lambda: version(client) == 2, "the repaired champion", 3)
    assert "faults" not in client.get("/health/ready").json


def test_the_faults_are_those_of_the_table_that_answers(client: Service, store: VersionStore) -> None:
    router, seen = client.application.extensions["router"], []

    class Watch(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            seen.append((router._table.champion.model.number, list(router.faults)))

    logging.getLogger("app.routing.router").addHandler(watch := Watch())
    make_damaged_champion(store, 2, shadow=9)
    router.refresh()
    logging.getLogger("app.routing.router").removeHandler(watch)
    assert seen == [(2, ["shadow"])]


@pytest.mark.parametrize("aliases", ["{}", '{"champion": 9}', "[]", "{", '{"champion": "1"}', None])
def test_aliases_that_name_no_version_leave_the_old_one_serving(
    client: Service, store: VersionStore, aliases: str | None
) -> None:
    assert version(client) == 1
    path = store.folder / "aliases.json"
    path.unlink() if aliases is None else path.write_text(aliases)
    wait_until(lambda: client.get("/health/ready").json.get("faults"), "the fault", 2)
    assert version(client) == 1
    assert open_by_number(client, "labels/champion")[0] == 200


def make_damaged_champion(store: VersionStore, number: int, **others: int) -> None:
    """Leave the history and the aliases as a promotion from before the damage would have left them."""
    with store.aliases.write_lock():
        store.aliases.change("promote", {**others, "champion": number}, ANN, version=number, alias="champion")


def test_the_other_aliases_are_followed_beside_a_champion_that_cannot_be_loaded(
    client: Service, store: VersionStore
) -> None:
    canary(store, 2, 1, ANN)
    assert version(client) == 2
    make_damaged_champion(store, 9, canary=2)
    wait_until(lambda: "champion" in client.get("/health/ready").json.get("faults", {}), "the fault")
    assert version(client) == 2
    make_damaged_champion(store, 9)
    wait_until(lambda: version(client) == 1, "the end of the canary")


def open_by_number(client: Service, path: str = "versions/2") -> tuple[int, str]:
    """Return the status and the error of a request that names a version."""
    reply = client.post(f"/v1/models/boston/{path}:predict", json={"instances": [ROW]})
    return reply.status_code, reply.json.get("error", "")


def fault(client: Service) -> str:
    text: str = client.get("/health/ready").json.get("faults", {}).get("champion", "")
    return text


@pytest.mark.parametrize("name", FORGERIES)
def test_what_the_history_does_not_vouch_for_is_not_opened_and_is_named_once(
    client: Service, store: VersionStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    forgery, words = FORGERIES[name]
    words = "lacks lines that this process has read before" if name == "neither" else words
    files = {path: path.read_bytes() for path in store.folder.iterdir() if path.is_file()}
    assert version(client) == 1
    forgery(store.folder)
    wait_until(lambda: words in fault(client), words)
    assert version(client) == 1
    assert open_by_number(client, "labels/champion")[0] == 200
    if name != "aliases":  # the history knows of version 2
        status, error = open_by_number(client)
        assert (status, words in error) == (503, True)
    client.application.extensions["router"]._reload()
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("champion: ")]
    assert sum(words in text for text in said) == 1
    for path, content in files.items():
        path.write_bytes(content)
    wait_until(lambda: fault(client) == "", "the repaired files")


@pytest.mark.parametrize("name", FORGERIES)
def test_a_service_that_starts_on_what_it_cannot_verify_opens_no_champion(
    make_client: MakeClient, store: VersionStore, name: str
) -> None:
    forgery, words = FORGERIES[name]
    forgery(store.folder)
    client = make_client()
    ready = client.get("/health/ready")
    assert (ready.status_code, words in ready.json["reason"]) == (503, True)
    reply = ask(client)
    assert (reply.status_code, words in reply.json["error"]) == (503, True)
    assert open_by_number(client, "labels/champion")[0] == 503


def test_an_old_folder_without_a_history_is_served_after_adopt(make_client: MakeClient, store: VersionStore) -> None:
    FORGERIES["neither"][0](store.folder)
    client = make_client()
    assert ask(client).status_code == 503
    VersionStore(store.folder.parent, "boston").aliases.import_existing(Actor("ann", "older than its history"))
    wait_until(lambda: ask(client).status_code == 200, "the adopted versions")


def test_a_history_that_was_put_back_to_an_older_state_is_noticed(client: Service, store: VersionStore) -> None:
    files = [path for path in store.folder.iterdir() if path.is_file()]
    older = {path: path.read_bytes() for path in files}
    make_champion(store, 2)
    assert version(client) == 2
    for path, content in older.items():
        path.write_bytes(content)
    wait_until(lambda: "lacks lines that this process has read before" in fault(client), "the fault")
    assert version(client) == 2


def test_a_version_that_the_history_does_not_name_is_not_opened_by_its_number(
    client: Service, store: VersionStore
) -> None:
    shutil.copytree(store.folder / "2", store.folder / "3")
    forge(store, 3)
    words = "version 3 is not in the history; if you trust it, `registry adopt` adds it"
    status, error = open_by_number(client, "versions/3")
    assert (status, words in error) == (503, True)
    assert (
        words in client.get("/v1/models/boston/versions/3").json["model_version_status"][0]["status"]["error_message"]
    )
    reply = client.post("/v2/models/boston/versions/3/infer", json={"inputs": [TENSOR]})
    assert (reply.status_code, words in reply.json["error"]) == (503, True)
    assert fault(client) == ""


def test_a_change_that_its_command_did_not_finish_leaves_the_old_champion_even_after_a_restart(
    client: Service, store: VersionStore, make_client: MakeClient
) -> None:
    path = store.folder / "aliases.json"
    before = path.read_text()
    assert version(client) == 1
    router = client.application.extensions["router"]
    router.close()  # it does not look before the command has died
    make_champion(store, 2)
    path.write_text(before)
    router.refresh()
    for service in (client, make_client()):
        assert "a command has not finished this change" in fault(service)
        assert version(service) == 1
    canary(VersionStore(store.folder.parent, "boston"), 1, 0.5, ANN)
    wait_until(lambda: version(service, X_Client_ID="a") in (1, 2) and fault(service) == "", "the finished change")


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
