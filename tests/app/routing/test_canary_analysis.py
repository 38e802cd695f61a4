"""The canary: its share, its analysis, and how it is withdrawn."""

from __future__ import annotations

import fcntl
import random
from collections import Counter

from app.routing.canary_analysis import FALSE_ALARM_RATE, CanaryAnalysis
from app.routing.table import bucket
from registry import VersionStore
from registry.promotion import canary, clear
from tests.app.conftest import Service
from tests.app.requests import ANN, IMPLAUSIBLE, NAN, RAISES, ask, version
from tests.conftest import TRICKY, publish
from tests.e2e.server import wait_until


def canary_client(number: int) -> str:
    """Return a client that falls to a canary with half of the requests."""
    return next(name for name in map(str, range(100)) if bucket(name, number) < 0.5)


def wait_for_canary(client: Service, number: int) -> None:
    wait_until(lambda: number in {version(client) for _ in range(20)}, "the canary")


def canary_fault(client: Service) -> str:
    return str(client.get("/health/ready").json.get("faults", {}).get("canary", ""))


def test_a_canary_gets_its_share_and_a_client_always_the_same_version(client: Service, store: VersionStore) -> None:
    canary(store, 2, 0.3, ANN)
    wait_for_canary(client, 2)
    versions = {f"client {number}": version(client, X_Client_ID=f"client {number}") for number in range(60)}
    assert 5 < Counter(versions.values())[2] < 35
    for name, number in versions.items():
        assert version(client, X_Client_ID=name) == number
        assert (bucket(name, 2) < 0.3) == (number == 2)
    rows = client.new_rows("predictions")
    assert {(row["role"], row["version"]) for row in rows} == {("champion", "1"), ("canary", "2")}
    clear(store, "canary", ANN)
    wait_until(lambda: {version(client) for _ in range(20)} == {1}, "the end of the canary")


def test_a_canary_that_fails_more_often_is_withdrawn_and_its_clients_are_answered(
    client: Service, store: VersionStore
) -> None:
    number = publish(store.folder.parent, model_file=TRICKY)
    canary(store, number, 0.5, ANN)
    wait_for_canary(client, number)
    replies = [ask(client, RAISES, X_Client_ID=canary_client(number)) for _ in range(40)]
    assert {reply.status_code for reply in replies} == {200}
    assert {reply.json["version"] for reply in replies} == {1}
    wait_until(lambda: "canary" not in store.aliases.read(), "the end of the canary")
    line = store.history.entries()[-1].content
    assert line["action"] == "clear"
    assert (line["by"], line["version"], line["alias"]) == ("service", number, "canary")
    assert "it failed" in line["reason"]
    assert {version(client) for _ in range(20)} == {1}
    canary(store, number, 0.5, ANN)
    wait_for_canary(client, number)


def test_a_withdrawn_canary_whose_alias_cannot_be_cleared_answers_no_more_and_is_shown(
    client: Service, store: VersionStore
) -> None:
    number = publish(store.folder.parent, model_file=TRICKY)
    canary(store, number, 0.5, ANN)
    assert number in {version(client) for _ in range(20)}
    with (store.folder / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for _ in range(40):
            version(client, RAISES, X_Client_ID=canary_client(number))
        assert {version(client) for _ in range(20)} == {1}
        wait_until(lambda: "another command holds it" in canary_fault(client), "the fault", 5)
        assert f"version {number} is withdrawn: it failed" in canary_fault(client)
    wait_until(lambda: "canary" not in store.aliases.read(), "the end of the canary", 5)
    wait_until(lambda: not canary_fault(client), "the end of the fault", 5)


def test_a_canary_changes_its_share_at_once(client: Service, store: VersionStore) -> None:
    canary(store, 2, 0.001, ANN)
    assert 1 in {version(client) for _ in range(20)}
    canary(store, 2, 1, ANN)
    assert {version(client) for _ in range(20)} == {2}


def test_a_canary_is_not_blamed_for_what_the_champion_cannot_answer_either(
    client: Service, store: VersionStore
) -> None:
    canary(store, publish(store.folder.parent), 0.5, ANN)
    wait_for_canary(client, 3)
    assert {ask(client, IMPLAUSIBLE).status_code for _ in range(200)} == {500}
    assert store.aliases.read()["canary"] == 3


def test_an_analysis_rarely_withdraws_a_canary_that_is_as_good_and_soon_one_that_is_worse() -> None:
    def failures_until_withdrawn(rate: float, failures: int, seed: int) -> int:
        """Draw whose each failure is; what goes well changes no verdict."""
        random_numbers, analysis = random.Random(seed), CanaryAnalysis(0.05, workers=1)
        of_canary = 0.05 * rate / (0.05 * rate + 0.95 * 0.02)
        for count in range(1, failures + 1):
            if analysis.record(of_canary=random_numbers.random() < of_canary, failed=True):
                return count
        return 0

    false_alarms = sum(failures_until_withdrawn(0.02, 60, seed) > 0 for seed in range(1000))  # of 3,000 requests
    assert false_alarms <= 6  # binomial: 7 or more of 1,000 at the stated error have a chance of 1e-4
    assert FALSE_ALARM_RATE == 0.001
    assert all(0 < failures_until_withdrawn(0.5, 150, seed) < 85 for seed in range(50))  # of 2,000 requests


def test_a_canary_that_turns_bad_after_a_long_analysis_is_withdrawn_soon() -> None:
    analysis = CanaryAnalysis(0.05, workers=4)
    for _ in range(200):  # failures of a million requests
        for of_canary in (*[False] * 19, True):
            assert not analysis.record(of_canary=of_canary, failed=True)
    assert any(analysis.record(of_canary=True, failed=True) for _ in range(20))


def test_a_canary_is_not_blamed_for_what_only_the_fallback_can_answer(tricky: VersionStore, client: Service) -> None:
    """The canary is the champion once more; one client keeps sending it what neither can answer."""
    canary(tricky, publish(tricky.folder.parent, model_file=TRICKY), 0.5, ANN)
    name = canary_client(3)
    assert version(client, X_Client_ID=name) == 3
    for _ in range(60):
        assert version(client, NAN, X_Client_ID=name) == 1
    assert tricky.aliases.read()["canary"] == 3


def test_failures_of_a_named_version_or_of_an_earlier_canary_do_not_count(client: Service, store: VersionStore) -> None:
    router = client.application.extensions["router"]
    number = publish(store.folder.parent, model_file=TRICKY)
    canary(store, number, 0.5, ANN)
    name = canary_client(number)
    assert version(client, X_Client_ID=name) == number
    earlier = router.route(name)
    for _ in range(60):
        reply = client.post(f"/v1/models/boston/versions/{number}:predict", json={"instances": [RAISES]})
        assert reply.status_code == 503
    assert router.route(name) is earlier
    canary(store, publish(store.folder.parent), 1, ANN)
    assert version(client) == number + 1
    for _ in range(60):
        router.record_outcome(earlier, failed=True)  # as a long file that began with the earlier canary does
    assert version(client) == number + 1
