"""Who gets which alias, and what the history says of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from registry import Actor, NotPublishedError, RegistryError, ReleaseError, VersionStore, find_inconsistencies
from registry.history_queries import canary_share
from registry.promotion import canary, clear, promote, rollback, shadow
from tests.conftest import WORSE, publish
from tests.registry.conftest import ANN, BOB, forge, last


def test_a_version_that_passes_its_gates_becomes_champion_and_the_history_says_why(store: VersionStore) -> None:
    gates = promote(store, 2, "champion", ANN)
    assert store.aliases.read() == {"champion": 2}
    assert [gate.name for gate in gates] == ["parity", "test_vs_champion", "latency", "reference_data"]
    entry = last(store)
    assert (entry["action"], entry["version"], entry["by"], entry["reason"]) == ("promote", 2, "ann", "looks good")
    assert entry["gates"] == [{"name": gate.name, "held": True, "detail": gate.detail} for gate in gates]
    assert "override" not in entry


def test_an_override_is_marked_for_ever_if_it_was_needed(store: VersionStore) -> None:
    publish(store.folder.parent, model_file=WORSE)
    promote(store, 2, "champion", ANN, override=True)
    promote(store, 3, "champion", BOB, override=True)
    promote(store, 1, "champion", ANN)
    marked = [entry.content for entry in store.history.entries() if entry.content.get("override")]
    assert [(entry["version"], entry["by"], entry["reason"]) for entry in marked] == [(3, "bob", "urgent")]


def test_where_two_persons_are_required_nobody_promotes_what_they_trained(store: VersionStore) -> None:
    for override in (False, True):
        with pytest.raises(ReleaseError, match="tests trained this version: somebody else has to sign it off"):
            promote(store, 2, "champion", Actor("tests", "mine"), two_person=True, override=override)
    promote(store, 2, "champion", ANN, two_person=True)
    assert store.aliases.read()["champion"] == 2


def test_rollback_goes_to_the_champion_before(store: VersionStore) -> None:
    with pytest.raises(ReleaseError, match="no other version was champion before"):
        rollback(store, BOB)
    promote(store, 2, "champion", ANN)
    assert rollback(store, BOB) == 1
    assert store.aliases.read() == {"champion": 1}
    entry = last(store)
    assert (entry["action"], entry["version"], entry["by"]) == ("rollback", 1, "bob")
    with pytest.raises(ReleaseError, match="no other version was champion before"):  # and not to the one just left
        rollback(store, BOB)


def test_rollbacks_go_back_step_by_step_and_pass_over_the_retired(store: VersionStore) -> None:
    for _ in range(2):
        publish(store.folder.parent)
    for number in (2, 3, 4):
        promote(store, number, "champion", ANN)
    store.aliases.retire(3, ANN)
    assert [rollback(store, BOB), rollback(store, BOB)] == [2, 1]
    promote(store, 4, "champion", ANN)
    assert rollback(store, BOB) == 1


def test_the_end_of_one_trial_of_a_canary_is_not_the_end_of_the_next(store: VersionStore) -> None:
    digests = []
    for share in (0.05, 0.2):
        canary(store, 2, share, ANN)
        digests.append(store.history.entries()[-1].digest)
    assert not clear(store, "canary", BOB, entry=digests[0])
    assert store.aliases.read()["canary"] == 2
    assert clear(store, "canary", BOB, entry=digests[1])


def test_where_two_persons_are_required_a_rollback_needs_an_approval_by_another(store: VersionStore) -> None:
    publish(store.folder.parent)
    promote(store, 2, "champion", ANN)
    promote(store, 3, "champion", ANN)
    assert rollback(store, Actor("tests", "urgent"), two_person=True) == 2  # trained by tests, signed off by ann
    with pytest.raises(ReleaseError, match="tests trained this version"):
        rollback(store, Actor("tests", "urgent"), two_person=True)
    assert rollback(store, BOB, two_person=True) == 1


def test_a_rollback_to_a_damaged_version_is_refused(store: VersionStore) -> None:
    promote(store, 2, "champion", ANN)
    (store.folder / "1" / "model.tflite").write_bytes(b"")
    with pytest.raises(RegistryError, match="model.tflite was changed"):
        rollback(store, BOB)
    assert store.aliases.read()["champion"] == 2


def test_a_canary_has_a_share_until_it_is_cleared_or_promoted(store: VersionStore) -> None:
    canary(store, 2, 0.05, ANN)
    assert store.aliases.read() == {"canary": 2, "challenger": 2, "champion": 1}
    entries = store.history.entries()
    assert canary_share(entries, 2) == (0.05, entries[-1].digest)
    assert canary_share(entries, 1) == (0, "")
    assert clear(store, "canary", BOB)
    assert not clear(store, "canary", BOB)
    assert "canary" not in store.aliases.read()
    canary(store, 2, 1, ANN)
    promote(store, 2, "champion", ANN)
    assert store.aliases.read() == {"champion": 2}


def test_a_shadow_and_a_fallback_need_no_gate(store: VersionStore) -> None:
    publish(store.folder.parent, model_file=WORSE)
    shadow(store, 2, ANN)
    promote(store, 3, "fallback", ANN)
    assert store.aliases.read() == {"challenger": 3, "champion": 1, "fallback": 3, "shadow": 2}


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_a_share_is_more_than_nothing_and_at_most_all(store: VersionStore, share: float) -> None:
    with pytest.raises(ReleaseError, match="expected more than 0 and at most 1"):
        canary(store, 2, share, ANN)


def test_the_champion_is_no_canary_no_shadow_is_not_cleared_and_not_promoted_again(store: VersionStore) -> None:
    for act in (
        lambda: canary(store, 1, 0.5, ANN),
        lambda: shadow(store, 1, ANN),
        lambda: clear(store, "champion", ANN),
        lambda: promote(store, 1, "champion", ANN),
        lambda: promote(store, 2, "latest", ANN),
    ):
        before = len(store.history.entries())
        with pytest.raises(ReleaseError):
            act()
        assert len(store.history.entries()) == before


def test_a_damaged_or_missing_version_gets_no_alias(store: VersionStore) -> None:
    (store.folder / "2" / "card.json").write_text("{}")
    with pytest.raises(RegistryError, match="card.json was changed"):
        canary(store, 2, 0.5, ANN)
    with pytest.raises(NotPublishedError, match="version 9 is not published"):
        promote(store, 9, "fallback", ANN)
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_version_whose_files_and_sums_were_changed_gets_no_alias_is_not_opened_and_stays_a_fault(
    store: VersionStore,
) -> None:
    forge(store, 2)
    for act in (promote, canary, shadow):
        with pytest.raises(RegistryError, match="is not what was published as version 2"):
            act(store, 2, *({promote: ["champion"], canary: [0.5]}.get(act, [])), ANN)  # type: ignore[operator]
    with pytest.raises(RegistryError, match="is not what was published as version 2"):
        store.open(2)
    (fault,) = find_inconsistencies(store.aliases)
    assert fault.endswith("is not what was published as version 2")


@pytest.mark.slow
def test_two_promotions_at_once_are_one_after_the_other(store: VersionStore) -> None:
    command = [sys.executable, "-m", "registry", "promote", "2", "--reason", "race"]
    environ = {**os.environ, "SERVE_MODELS": str(store.folder.parent)}
    both = [
        subprocess.Popen([*command, "--by", name], env=environ, stderr=subprocess.PIPE, text=True)
        for name in ("ann", "bob")
    ]
    errors = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert "version 2 is champion already" in "".join(errors)
    assert [entry.content["action"] for entry in store.history.entries()] == ["publish", "publish", "promote"]
