"""Who gets which alias, and what the history says of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from subprocess import CompletedProcess

import pytest

from app.settings import Settings
from registry import Actor, NotPublishedError, RegistryError, ReleaseError, VersionStore, find_inconsistencies
from registry.history_queries import canary_share
from registry.promotion import canary, clear, promote, rollback, shadow
from tests.conftest import WORSE, publish
from tests.registry.conftest import ANN, BOB, forge, last, publish_versions, run


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


@pytest.mark.parametrize(
    ("act", "message"),
    [
        *(
            (partial(canary, number=2, share=share), "expected more than 0 and at most 1")
            for share in (0, -0.1, 1.01, float("nan"))
        ),
        (partial(canary, number=1, share=0.5), "version 1 is champion: it answers everybody already"),
        (partial(shadow, number=1), "version 1 is champion: it answers everybody already"),
        (partial(clear, alias="champion"), "there is always a champion"),
        (partial(promote, number=1, alias="champion"), "version 1 is champion already"),
        (partial(promote, number=2, alias="latest"), "latest: expected champion, challenger or fallback"),
        (rollback, "no other version was champion before"),
        *(
            (
                partial(promote, number=2, alias="champion", two_person=True, override=override),
                "tests trained this version: somebody else has to sign it off",
            )
            for override in (False, True)
        ),
    ],
)
def test_what_is_not_allowed_is_refused_and_changes_nothing(
    store: VersionStore, act: Callable[..., object], message: str
) -> None:
    with pytest.raises(ReleaseError, match=message):
        act(store, actor=Actor("tests", "mine"))
    assert store.aliases.read() == {"challenger": 2, "champion": 1}
    assert len(store.history.entries()) == 2


def test_rollbacks_go_back_step_by_step_and_pass_over_the_retired(store: VersionStore) -> None:
    publish_versions(store.folder.parent, 2)
    for number in (2, 3, 4):
        promote(store, number, "champion", ANN)
    store.aliases.retire(3, ANN)
    assert [rollback(store, BOB), rollback(store, BOB)] == [2, 1]
    assert store.aliases.read() == {"champion": 1}
    entry = last(store)
    assert (entry["action"], entry["version"], entry["by"]) == ("rollback", 1, "bob")
    with pytest.raises(ReleaseError, match="no other version was champion before"):  # and not to the one just left
        rollback(store, BOB)
    promote(store, 4, "champion", ANN)
    assert rollback(store, BOB) == 1


def test_where_two_persons_are_required_a_rollback_needs_an_approval_by_another(store: VersionStore) -> None:
    publish(store.folder.parent)
    promote(store, 2, "champion", ANN, two_person=True)
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
    digests = []
    for share in (0.05, 0.2):
        canary(store, 2, share, ANN)
        entries = store.history.entries()
        digests.append(entries[-1].digest)
        assert canary_share(entries, 2) == (share, digests[-1])
        assert canary_share(entries, 1) == (0, "")
    assert not clear(store, "canary", BOB, entry=digests[0])  # the end of one trial is not the end of the next
    assert store.aliases.read() == {"canary": 2, "challenger": 2, "champion": 1}
    assert clear(store, "canary", BOB, entry=digests[1])
    assert not clear(store, "canary", BOB)
    assert "canary" not in store.aliases.read()
    canary(store, 2, 1, ANN)
    promote(store, 2, "champion", ANN)
    assert store.aliases.read() == {"champion": 2}


def test_a_shadow_and_a_fallback_need_no_gate(store: VersionStore) -> None:
    publish(store.folder.parent, model_file=WORSE)
    shadow(store, 2, ANN)
    promote(store, 3, "fallback", ANN)
    with pytest.raises(NotPublishedError, match="version 9 is not published"):
        promote(store, 9, "fallback", ANN)
    assert store.aliases.read() == {"challenger": 3, "champion": 1, "fallback": 3, "shadow": 2}


@pytest.mark.parametrize(
    ("harm", "message", "faults"),
    [
        (forge, "is not what was published as version 2", 1),
        (lambda store, _: (store.folder / "2" / "card.json").write_text("{}"), "card.json was changed", 0),
    ],
    ids=["files and sums", "a file"],
)
def test_a_changed_version_gets_no_alias_and_is_not_opened(
    store: VersionStore, harm: Callable[[VersionStore, int], object], message: str, faults: int
) -> None:
    harm(store, 2)
    for act, arguments in (
        (promote, ("champion", ANN)),
        (canary, (0.5, ANN)),
        (shadow, (ANN,)),
        (VersionStore.open, ()),
    ):
        with pytest.raises(RegistryError, match=message):
            act(store, 2, *arguments)
    assert [message in fault for fault in find_inconsistencies(store.aliases)] == [True] * faults
    assert store.aliases.read() == {"challenger": 2, "champion": 1}
    assert len(store.history.entries()) == 2


@pytest.mark.slow
def test_two_promotions_at_once_are_one_after_the_other(settings: Settings, store: VersionStore) -> None:
    def promote_2(name: str) -> CompletedProcess[str]:
        return run(settings, "registry", "promote", "2", "--reason", "race", "--by", name)

    with ThreadPoolExecutor() as pool:
        both = list(pool.map(promote_2, ("ann", "bob")))
    assert sorted(done.returncode for done in both) == [0, 1]
    assert "version 2 is champion already" in "".join(done.stderr for done in both)
    assert [entry.content["action"] for entry in store.history.entries()] == ["publish", "publish", "promote"]
