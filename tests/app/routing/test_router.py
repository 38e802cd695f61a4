"""Which version answers: canaries, shadows, fallbacks and changes of champion, in an application with real models."""

from __future__ import annotations

import fcntl
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.inference.shadow import MAX_WAITING
from app.routing import circuit_breaker
from app.routing.canary import FALSE_ALARM_RATE, CanaryAnalysis
from app.routing.table import bucket
from app.settings import Settings
from registry import Actor, VersionStore, aliases
from registry.promotion import canary, clear, promote, rollback, shadow
from tests.app.logs import logged
from tests.conftest import TRICKY, WORSE, Keys, publish
from tests.e2e.server import wait_until

ANN = Actor("ann", "because")
ROW = [6, 250, 66.5]
SLOW, NAN, RAISES = [10.5, 250, 66.5], [11.5, 250, 66.5], [12.5, 250, 66.5]  # to tricky.tflite, see tests/models
IMPLAUSIBLE = [1, 700, 100]


@pytest.fixture
def store(settings: Settings) -> VersionStore:
    """Version 1 is champion; 2 answers 10 more."""
    publish(settings.models, model_file=WORSE)
    return VersionStore(settings.models, "boston")


def make_champion(store: VersionStore, number: int) -> None:
    promote(store, number, "champion", ANN, override=True)


def ask(client: FlaskClient, row: Any = ROW, **headers: str) -> Any:
    return client.post(
        "/predict_json", json=row, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def version(client: FlaskClient, row: Any = ROW, **headers: str) -> int:
    reply = ask(client, row, **headers)
    assert reply.status_code == 200, reply.json
    number: int = reply.json["version"]
    assert reply.headers["X-Model-Version"] == str(number)
    return number


def test_a_new_champion_answers_the_next_request_without_a_restart(
    client: FlaskClient, store: VersionStore, settings: Settings
) -> None:
    assert version(client) == 1
    make_champion(store, 2)
    assert version(client) == 2
    assert client.get("/health/ready").json["version"] == 2
    rollback(store, ANN)
    assert version(client) == 1
    assert {row["role"] for row in logged(Settings(logs=store.folder.parent.parent / "logs"), "predictions")} == {
        "champion"
    }


def test_a_champion_that_cannot_be_opened_leaves_the_old_one_serving_and_says_why(
    client: FlaskClient, store: VersionStore
) -> None:
    assert version(client) == 1
    make_champion(store, 2)
    file = store.folder / "2" / "model.tflite"
    content = file.read_bytes()
    rollback(store, ANN)
    file.write_bytes(content[:-1])
    # As a command of before the damage would have left it:
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
    client: FlaskClient, store: VersionStore, aliases: str | None
) -> None:
    assert version(client) == 1
    path = store.folder / "aliases.json"
    path.unlink() if aliases is None else path.write_text(aliases)
    wait_until(lambda: client.get("/health/ready").json.get("faults"), "the fault", 2)
    assert version(client) == 1


def test_a_canary_gets_its_share_and_a_client_always_the_same_version(
    client: FlaskClient, store: VersionStore, settings: Settings
) -> None:
    canary(store, 2, 0.3, ANN)
    wait_until(lambda: 2 in {version(client) for _ in range(20)}, "the canary")
    seen = {f"client {number}": version(client, X_Client_ID=f"client {number}") for number in range(60)}
    assert 5 < Counter(seen.values())[2] < 35
    for name, number in seen.items():
        assert version(client, X_Client_ID=name) == number
        assert (bucket(name, 2) < 0.3) == (number == 2)
    rows = logged(settings, "predictions")
    assert {(row["role"], row["version"]) for row in rows} == {("champion", "1"), ("canary", "2")}
    clear(store, "canary", ANN)
    wait_until(lambda: {version(client) for _ in range(20)} == {1}, "the end of the canary")


def test_a_canary_that_fails_more_often_is_withdrawn_and_its_clients_are_answered(
    client: FlaskClient, store: VersionStore
) -> None:
    number = publish(store.folder.parent, model_file=TRICKY)
    canary(store, number, 0.5, ANN)
    wait_until(lambda: number in {version(client) for _ in range(20)}, "the canary")
    replies = [ask(client, RAISES) for _ in range(200)]  # about a hundred for the canary
    assert {reply.status_code for reply in replies} == {200}
    assert {reply.json["version"] for reply in replies} == {1}
    wait_until(lambda: "canary" not in store.aliases.read(), "the end of the canary")
    line = store.history.entries()[-1].content
    assert line["action"] == "clear"
    assert (line["by"], line["version"], line["alias"]) == ("service", number, "canary")
    assert "it failed" in line["reason"]
    assert {version(client) for _ in range(20)} == {1}
    canary(store, number, 0.5, ANN)
    wait_until(lambda: number in {version(client) for _ in range(20)}, "the canary again")


def test_a_canary_that_can_not_be_taken_off_its_alias_is_asked_no_more_and_shown(
    client: FlaskClient, store: VersionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aliases, "TIMEOUT", 0.1)
    number = publish(store.folder.parent, model_file=TRICKY)
    canary(store, number, 0.5, ANN)
    assert number in {version(client) for _ in range(20)}
    with (store.folder / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for _ in range(200):  # about a hundred for the canary
            version(client, RAISES)
        assert {version(client) for _ in range(20)} == {1}
        told = lambda: client.get("/health/ready").json.get("faults", {}).get("canary", "")  # noqa: E731
        wait_until(lambda: "another command holds it" in told(), "the fault", 5)
        assert f"version {number} is withdrawn: it failed" in told()
    wait_until(lambda: "canary" not in store.aliases.read(), "the end of the canary", 5)
    wait_until(lambda: not told(), "the end of the fault", 5)


def test_a_canary_changes_its_share_at_once(client: FlaskClient, store: VersionStore) -> None:
    canary(store, 2, 0.001, ANN)
    assert 1 in {version(client) for _ in range(20)}
    canary(store, 2, 1, ANN)
    assert {version(client) for _ in range(20)} == {2}


def test_beside_a_champion_that_can_not_be_opened_the_other_aliases_are_followed(
    client: FlaskClient, store: VersionStore
) -> None:
    canary(store, 2, 1, ANN)
    assert version(client) == 2
    (store.folder / "aliases.json").write_text('{"canary": 2, "champion": 9}')
    wait_until(lambda: "champion" in client.get("/health/ready").json.get("faults", {}), "the fault")
    assert version(client) == 2
    (store.folder / "aliases.json").write_text('{"champion": 9}')
    wait_until(lambda: version(client) == 1, "the end of the canary")


def test_a_canary_is_not_blamed_for_what_the_champion_can_not_answer_either(
    client: FlaskClient, store: VersionStore
) -> None:
    canary(store, publish(store.folder.parent), 0.5, ANN)
    wait_until(lambda: 3 in {version(client) for _ in range(20)}, "the canary")
    assert {ask(client, IMPLAUSIBLE).status_code for _ in range(200)} == {500}
    assert store.aliases.read()["canary"] == 3


def test_a_trial_rarely_condemns_a_canary_that_is_as_good_and_soon_one_that_is_not() -> None:
    def condemned(rate: float, requests: int, seed: int) -> int:
        import random

        dice = random.Random(seed)
        analysis = CanaryAnalysis(0.05, workers=1)
        for count in range(requests):
            of_canary = dice.random() < 0.05
            if analysis.record(of_canary=of_canary, failed=dice.random() < (rate if of_canary else 0.02)):
                return count
        return 0

    false = sum(condemned(0.02, 3000, seed) > 0 for seed in range(1000))
    assert false <= 6  # binomial: 7 or more of 1,000 at the stated error have a chance of 1e-4
    assert FALSE_ALARM_RATE == 0.001
    assert all(0 < condemned(0.5, 3000, seed) < 2000 for seed in range(50))


def test_a_canary_that_turns_bad_after_a_long_trial_is_found_soon() -> None:
    analysis = CanaryAnalysis(0.05, workers=4)
    for _ in range(200):  # failures of a million requests
        for of_canary in (*[False] * 19, True):
            assert not analysis.record(of_canary=of_canary, failed=True)
    assert any(analysis.record(of_canary=True, failed=True) for _ in range(20))


def test_the_share_of_a_canary_is_that_of_the_requests() -> None:
    chosen = sum(bucket(f"request {number}", 7) < 0.05 for number in range(100_000))
    assert abs(chosen - 5000) < 227  # the 99.9 % interval of a binomial distribution: 3.29 standard deviations


@pytest.fixture
def tricky(settings: Settings) -> VersionStore:
    """A champion, version 2, that fails with some rows, and a fallback, version 1."""
    store = VersionStore(settings.models, "boston")
    publish(settings.models, model_file=TRICKY)
    make_champion(store, 2)
    promote(store, 1, "fallback", ANN)
    return store


@pytest.mark.parametrize(
    ("row", "reason"), [(RAISES, "version 2: the model failed"), (NAN, "output nan is not plausible")]
)
def test_the_fallback_answers_what_the_champion_can_not(
    tricky: VersionStore, client: FlaskClient, settings: Settings, row: list[float], reason: str
) -> None:
    assert version(client) == 2
    reply = ask(client, row)
    assert (reply.status_code, reply.json["version"]) == (200, 1)
    warnings = [text for text in reply.json["warnings"] if "training range" not in text]
    assert len(warnings) == 1
    assert "answered by version 1, the fallback: version 2" in warnings[0]
    assert reason in warnings[0]
    answered = logged(settings, "predictions")[-1]
    assert (answered["version"], answered["role"]) == ("1", "fallback")
    assert answered["flags"] == "rm:outside_training instead_of:2"
    assert float(answered["prediction"]) == reply.json["prediction"]


def test_only_the_rows_that_failed_are_answered_by_the_fallback(tricky: VersionStore, client: FlaskClient) -> None:
    reply = ask(client, [ROW, NAN, ROW])
    assert (reply.status_code, reply.json["version"]) == (200, 2)
    assert [len([text for text in texts if "fallback" in text]) for texts in reply.json["warnings"]] == [0, 1, 0]
    assert reply.json["predictions"][0] == reply.json["predictions"][2] == pytest.approx(23.505, abs=1e-4)
    assert reply.json["predictions"][1] == pytest.approx(67.505, abs=1e-4)


def test_what_the_fallback_can_not_answer_either_is_500(tricky: VersionStore, client: FlaskClient) -> None:
    assert ask(client, IMPLAUSIBLE).status_code == 500


def test_every_protocol_is_answered_by_the_fallback(tricky: VersionStore, client: FlaskClient) -> None:
    tensor = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": RAISES}
    for path, body in (
        ("/v1/models/boston:predict", {"instances": [RAISES]}),
        ("/v2/models/boston/infer", {"inputs": [tensor]}),
        ("/invocations", {"instances": [RAISES]}),
    ):
        reply = client.post(path, json=body)
        assert (reply.status_code, reply.headers["X-Model-Version"]) == (200, "1"), path


def test_a_named_version_is_never_replaced(tricky: VersionStore, client: FlaskClient) -> None:
    reply = client.post("/v1/models/boston/versions/2:predict", json={"instances": [RAISES]})
    assert (reply.status_code, reply.json) == (500, {"error": "the model failed"})


def test_a_champion_that_keeps_failing_is_not_asked_for_a_while_and_then_tried_again(
    tricky: VersionStore, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "RESET_TIMEOUT", 0.5)
    for _ in range(circuit_breaker.FAILURE_THRESHOLD):
        assert version(client, RAISES) == 1
    assert client.get("/health/ready").json["failing"] is True
    reply = ask(client)
    assert reply.json["version"] == 1
    assert "is not asked for a while, because it keeps failing" in reply.json["warnings"][0]
    wait_until(lambda: version(client) == 2, "the champion again", 3)
    assert "failing" not in client.get("/health/ready").json
    assert version(client) == 2


def test_what_nobody_can_answer_closes_no_champion_off(tricky: VersionStore, client: FlaskClient) -> None:
    for _ in range(circuit_breaker.FAILURE_THRESHOLD + 1):
        assert ask(client, IMPLAUSIBLE).status_code == 500
    assert version(client) == 2
    assert "failing" not in client.get("/health/ready").json


def test_an_open_breaker_stays_open_when_another_alias_changes(tricky: VersionStore, client: FlaskClient) -> None:
    for _ in range(circuit_breaker.FAILURE_THRESHOLD):
        version(client, RAISES)
    shadow(tricky, publish(tricky.folder.parent), ANN)
    assert client.get("/health/ready").json["shadow"]["version"] == 3
    assert client.get("/health/ready").json["failing"] is True


def test_a_canary_is_not_blamed_for_what_only_the_fallback_can_answer(
    tricky: VersionStore, client: FlaskClient
) -> None:
    """The canary is the champion once more; one client keeps sending it what neither can answer."""
    canary(tricky, publish(tricky.folder.parent, model_file=TRICKY), 0.5, ANN)
    name = next(f"client {n}" for n in range(100) if bucket(f"client {n}", 3) < 0.5)
    assert version(client, X_Client_ID=name) == 3
    for _ in range(60):
        assert version(client, NAN, X_Client_ID=name) == 1
    assert tricky.aliases.read()["canary"] == 3


def test_failures_of_a_named_version_or_of_an_earlier_canary_do_not_count(
    client: FlaskClient, store: VersionStore
) -> None:
    router = client.application.extensions["router"]
    number = publish(store.folder.parent, model_file=TRICKY)
    canary(store, number, 0.5, ANN)
    tried = next(f"client {n}" for n in range(100) if bucket(f"client {n}", number) < 0.5)
    assert version(client, X_Client_ID=tried) == number
    earlier = router.route(tried)
    for _ in range(60):
        reply = client.post(f"/v1/models/boston/versions/{number}:predict", json={"instances": [RAISES]})
        assert reply.status_code == 500
    assert router.route(tried) is earlier
    canary(store, publish(store.folder.parent), 1, ANN)
    assert version(client) == number + 1
    for _ in range(60):
        router.record_outcome(earlier, failed=True)  # as a long file that began with the earlier canary does
    assert version(client) == number + 1


@pytest.mark.slow
def test_a_champion_that_sleeps_is_not_waited_for_for_ever(
    tricky: VersionStore, make_app: Callable[..., Flask]
) -> None:
    app = make_app()
    clients = [app.test_client() for _ in range(circuit_breaker.FAILURE_THRESHOLD + 1)]
    replies: list[Any] = []
    threads = [threading.Thread(target=lambda one=one: replies.append(ask(one, SLOW))) for one in clients]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status_code for reply in replies} == {200}
    assert 1 in {reply.json["version"] for reply in replies}  # those that waited for it in vain
    assert time.monotonic() - start < 20
    start = time.monotonic()
    assert version(clients[0], SLOW) == 1
    assert time.monotonic() - start < 1


def test_a_shadow_sees_what_was_answered_and_only_the_log_sees_the_shadow(
    client: FlaskClient, store: VersionStore, settings: Settings
) -> None:
    shadow(store, 2, ANN)
    wait_until(lambda: client.get("/health/ready").json.get("shadow"), "the shadow")
    reply = ask(client, [ROW, [7, 300, 10]], X_Request_ID="both")
    assert reply.json["version"] == 1

    def rows() -> list[dict[str, str]]:
        return [row for row in logged(settings, "predictions") if row["role"] == "shadow"]

    wait_until(lambda: len(rows()) == 2, "the shadow's rows")
    assert [(row["request_id"], row["row"], row["version"]) for row in rows()] == [
        ("both", "0", "2"),
        ("both", "1", "2"),
    ]
    assert [float(row["prediction"]) for row in rows()] == pytest.approx([33.505, 42.7], abs=1e-4)
    assert client.get("/health/ready").json["shadow"] == {
        "version": 2, "waiting": 0, "seen": 1, "dropped": 0, "failed": 0
    }  # fmt: skip
    assert ask(client, IMPLAUSIBLE).status_code == 500


def test_a_shadow_that_hangs_or_fails_costs_nobody_anything(
    client: FlaskClient, store: VersionStore, settings: Settings
) -> None:
    shadow(store, publish(store.folder.parent, model_file=TRICKY), ANN)
    wait_until(lambda: client.get("/health/ready").json.get("shadow"), "the shadow")
    ask(client, RAISES)
    wait_until(lambda: client.get("/health/ready").json["shadow"]["failed"] == 1, "the failure")
    ask(client, SLOW)
    start = time.monotonic()
    for _ in range(MAX_WAITING + 50):
        assert version(client) == 1
    assert time.monotonic() - start < 2
    seen = client.get("/health/ready").json["shadow"]
    assert seen["dropped"] > 0
    assert seen["waiting"] <= MAX_WAITING
    assert len([row for row in logged(settings, "requests") if row["status"] == "200"]) == MAX_WAITING + 52


def test_a_version_that_is_not_signed_is_refused_where_signatures_are_asked_for(
    store: VersionStore, settings: Settings, make_app: Callable[..., Flask], keys: Keys
) -> None:
    from registry.signing import sign

    client = make_app(require_signature=str(keys.public)).test_client()
    reply = ask(client)
    assert (reply.status_code, "is not signed" in reply.json["error"]) == (503, True)
    sign(store.folder, 1, store.check(1).sums, keys.private)
    wait_until(lambda: ask(client).status_code == 200, "the signed version", 3)
    assert client.post("/v1/models/boston/versions/2:predict", json={"instances": [ROW]}).status_code == 503


def test_a_retired_version_is_not_served_any_more(client: FlaskClient, store: VersionStore) -> None:
    path = "/v1/models/boston/versions/2:predict"
    assert client.post(path, json={"instances": [ROW]}).status_code == 200
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    wait_until(lambda: client.post(path, json={"instances": [ROW]}).status_code == 404, "404", 1)
