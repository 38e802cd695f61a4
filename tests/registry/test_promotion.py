"""Which version answers: what a promotion asks for, what it writes down, and what is left if it does not end."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry import (
    Actor,
    NotPublishedError,
    RegistryError,
    ReleaseError,
    VersionStore,
    aliases,
    find_inconsistencies,
    history,
    history_queries,
    promotion_gates,
)
from registry.integrity import write_sums
from registry.promotion import canary, clear, promote, rollback, shadow
from registry.promotion_gates import difference
from tests.conftest import HOUSES, TRICKY, WORSE, publish

ANN, BOB = Actor("ann", "looks good"), Actor("bob", "urgent")


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    """Two equal versions: 1 is champion, 2 challenger."""
    for _ in range(2):
        publish(tmp_path)
    return VersionStore(tmp_path, "boston")


def last(store: VersionStore) -> dict[str, object]:
    return dict(store.history.entries()[-1].content)


def test_publishing_is_the_beginning_of_the_history(store: VersionStore) -> None:
    first, second = (line.content for line in store.history.entries())
    assert (first["action"], first["version"], first["alias"], first["by"]) == ("publish", 1, "champion", "tests")
    assert (second["version"], second["alias"], second["aliases"]) == (
        2,
        "challenger",
        {"challenger": 2, "champion": 1},
    )
    assert [first["sha256"], second["sha256"]] == [store.check(number).digest for number in (1, 2)]


def test_a_version_whose_gates_hold_becomes_champion_and_the_history_says_why(store: VersionStore) -> None:
    gates = promote(store, 2, "champion", ANN)
    assert store.aliases.read() == {"champion": 2}
    assert [gate.name for gate in gates] == ["parity", "test_vs_champion", "latency", "memory", "reference_data"]
    line = last(store)
    assert (line["action"], line["version"], line["by"], line["reason"]) == ("promote", 2, "ann", "looks good")
    assert line["gates"] == [{"name": gate.name, "held": True, "detail": gate.detail} for gate in gates]
    assert "override" not in line


def test_a_version_that_is_worse_than_the_champion_is_refused_with_the_interval(store: VersionStore) -> None:
    publish(store.folder.parent, model_file=WORSE)
    with pytest.raises(
        ReleaseError, match=r"version 3 does not become champion, because of test_vs_champion: RMSE 10"
    ) as caught:
        promote(store, 3, "champion", ANN)
    assert "95% interval +10 to +10" in str(caught.value)
    assert store.aliases.read()["champion"] == 1
    assert last(store)["action"] == "publish"


def test_an_override_is_marked_for_ever(store: VersionStore) -> None:
    publish(store.folder.parent, model_file=WORSE)
    promote(store, 3, "champion", BOB, override=True)
    promote(store, 1, "champion", ANN)
    marked = [line.content for line in store.history.entries() if line.content.get("override")]
    assert [(line["version"], line["by"], line["reason"]) for line in marked] == [(3, "bob", "urgent")]


def test_an_override_of_nothing_is_no_override(store: VersionStore) -> None:
    promote(store, 2, "champion", ANN, override=True)
    assert "override" not in last(store)


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ([], "card: the card tells of no gate"),
        ([{"name": "worst_slice", "limit": 2.5, "value": 3, "passed": False}], "worst_slice: 3, at most 2.5"),
    ],
)
def test_the_gates_of_the_card_have_to_hold(store: VersionStore, gates: list[dict[str, object]], said: str) -> None:
    publish(store.folder.parent, gates=gates)
    with pytest.raises(ReleaseError, match=said):
        promote(store, 3, "champion", ANN)


def test_reference_rows_have_to_be_what_the_signature_says(store: VersionStore) -> None:
    narrow = replace(HOUSES.inputs[0], training=(4, 5))
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        content = replace(HOUSES, inputs=(narrow, *HOUSES.inputs[1:])).to_json()
        (folder / "signature.json").write_text(json.dumps(content))
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, ANN)
    with pytest.raises(ReleaseError, match=r"reference_data: reference.csv, line 2: rm is outside its training range"):
        promote(store, 3, "champion", ANN)


def test_where_two_persons_are_asked_for_nobody_signs_off_their_own_training(store: VersionStore) -> None:
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
    line = last(store)
    assert (line["action"], line["version"], line["by"]) == ("rollback", 1, "bob")
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


def test_a_rollback_never_goes_to_the_champion_that_is_there(store: VersionStore) -> None:
    for number in (2, 1, 2):
        promote(store, number, "champion", ANN)
    store.aliases.retire(1, ANN)
    with pytest.raises(ReleaseError, match="no other version was champion before"):
        rollback(store, BOB)
    assert store.aliases.read()["champion"] == 2


def test_the_end_of_one_trial_of_a_canary_is_not_the_end_of_the_next(store: VersionStore) -> None:
    lines = []
    for share in (0.05, 0.2):
        canary(store, 2, share, ANN)
        lines.append(store.history.entries()[-1].digest)
    assert not clear(store, "canary", BOB, entry=lines[0])
    assert store.aliases.read()["canary"] == 2
    assert clear(store, "canary", BOB, entry=lines[1])


def test_where_two_persons_are_asked_for_a_rollback_is_to_what_another_one_signed_off(store: VersionStore) -> None:
    publish(store.folder.parent)
    promote(store, 2, "champion", ANN)
    promote(store, 3, "champion", ANN)
    assert rollback(store, Actor("tests", "urgent"), two_person=True) == 2  # trained by tests, signed off by ann
    with pytest.raises(ReleaseError, match="tests trained this version"):
        rollback(store, Actor("tests", "urgent"), two_person=True)
    assert rollback(store, BOB, two_person=True) == 1


def test_a_rollback_to_what_is_not_sound_is_refused(store: VersionStore) -> None:
    promote(store, 2, "champion", ANN)
    (store.folder / "1" / "model.tflite").write_bytes(b"")
    with pytest.raises(RegistryError, match="model.tflite was changed"):
        rollback(store, BOB)
    assert store.aliases.read()["champion"] == 2


def test_a_canary_has_a_share_until_it_is_cleared_or_promoted(store: VersionStore) -> None:
    canary(store, 2, 0.05, ANN)
    assert store.aliases.read() == {"canary": 2, "challenger": 2, "champion": 1}
    lines = store.history.entries()
    assert history_queries.canary_share(lines, 2) == (0.05, lines[-1].digest)
    assert history_queries.canary_share(lines, 1) == (0, "")
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


def test_a_retired_version_keeps_its_files_and_its_number_and_answers_nobody(store: VersionStore) -> None:
    with pytest.raises(ReleaseError, match="version 2 is challenger: give that to another version first"):
        store.aliases.retire(2, ANN)
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    assert store.versions() == [1]
    assert store.check(2).digest
    for act in (lambda: promote(store, 2, "champion", ANN), lambda: shadow(store, 2, ANN)):
        with pytest.raises(NotPublishedError, match="version 2 is retired"):
            act()
    assert publish(store.folder.parent) == 3


def test_what_is_unsound_or_not_there_gets_no_part(store: VersionStore) -> None:
    (store.folder / "2" / "card.json").write_text("{}")
    with pytest.raises(RegistryError, match="card.json was changed"):
        canary(store, 2, 0.5, ANN)
    with pytest.raises(NotPublishedError, match="version 9 is not published"):
        promote(store, 9, "fallback", ANN)
    assert list(find_inconsistencies(store.aliases)) == []


def test_aliases_are_kept_to_the_history_behind_a_seal_too(store: VersionStore) -> None:
    promote(store, 2, "fallback", ANN)
    store.history.append({"action": "seal", "by": "ann", "file": "x", "rows": 0, "sha256": "0"})
    path = store.folder / "aliases.json"
    path.unlink()
    shadow(store, 2, ANN)
    assert store.aliases.read() == {"challenger": 2, "champion": 1, "fallback": 2, "shadow": 2}
    store.history.append({"action": "seal", "by": "ann", "file": "y", "rows": 0, "sha256": "0"})
    path.write_text('{"champion": 2}')
    with pytest.raises(RegistryError, match="it was changed by hand"):
        promote(store, 2, "champion", ANN)


@pytest.mark.parametrize("missing", ["model.tflite", "SHA256SUMS"])
def test_a_folder_that_was_copied_by_half_gets_no_part_and_hinders_nobody(store: VersionStore, missing: str) -> None:
    shutil.copytree(store.folder / "2", store.folder / "3", ignore=shutil.ignore_patterns(missing))
    with pytest.raises(RegistryError, match=rf"3.*{missing}"):
        promote(store, 3, "champion", ANN)
    assert store.aliases.read()["champion"] == 1
    promote(store, 2, "champion", ANN)
    assert publish(store.folder.parent) == 4


def test_a_history_that_is_gone_is_a_fault_and_is_begun_anew_only_by_who_says_so(store: VersionStore) -> None:
    for name in ("history.jsonl", "history.head"):
        (store.folder / name).unlink()
    assert ["does not tell of version" in fault for fault in find_inconsistencies(store.aliases)] == [True, True]
    with pytest.raises(RegistryError, match="the history is gone; restore it, or begin another one"):
        promote(store, 2, "champion", ANN)
    assert store.aliases.import_existing(Actor("ann", "the disk failed")) == [1, 2]
    promote(store, 2, "champion", ANN)
    lines = [line.content for line in store.history.entries()]
    assert [(line["action"], line["reason"]) for line in lines] == [
        ("adopt", "the disk failed"), ("adopt", "the disk failed"), ("promote", "looks good")
    ]  # fmt: skip
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_history_that_is_begun_anew_tells_of_the_retired_too(store: VersionStore) -> None:
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    (store.folder / "history.jsonl").unlink()
    with pytest.raises(RegistryError, match="line 1: is gone.*or remove history.head and begin another one"):
        promote(store, 1, "fallback", ANN)
    (store.folder / "history.head").unlink()
    assert store.aliases.import_existing(Actor("ann", "the disk failed")) == [1, 2]
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_retired_folder_that_was_moved_back_is_a_fault(store: VersionStore) -> None:
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    (store.folder / "retired" / "2").rename(store.folder / "2")
    (fault,) = find_inconsistencies(store.aliases)
    assert "version 2 is not in the folder retired, and the history says otherwise" in fault


def test_a_folder_that_is_no_version_hinders_no_publication(store: VersionStore) -> None:
    (store.folder / "7").mkdir()
    assert publish(store.folder.parent) == 8


def test_a_line_whose_head_can_not_be_written_is_taken_back(
    store: VersionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    before = (store.folder / "history.jsonl").read_bytes()
    monkeypatch.setattr(history, "replace", fail)
    with pytest.raises(RegistryError, match=r"history\.head: can't be written"):
        promote(store, 2, "champion", ANN)
    assert (store.folder / "history.jsonl").read_bytes() == before
    monkeypatch.undo()
    assert not clear(store, "shadow", ANN)
    assert store.aliases.read()["champion"] == 1


def test_a_version_whose_publisher_died_before_its_line_is_taken_into_the_history(store: VersionStore) -> None:
    shutil.copytree(store.folder / "2", store.folder / "3")
    shadow(store, 2, ANN)
    assert [line.content["action"] for line in store.history.entries()][-2:] == ["adopt", "shadow"]
    (store.folder / "4").mkdir()
    (store.folder / "4" / "SHA256SUMS").touch()
    shadow(store, 3, ANN)
    assert last(store)["action"] == "shadow"  # what is no version is not


def forge(store: VersionStore, number: int) -> None:
    """Change a version, and write its SHA256SUMS anew."""
    folder = store.folder / str(number)
    (folder / "card.json").write_text('{"by": "mallory"}')
    (folder / "SHA256SUMS").unlink()
    write_sums(folder)


def test_a_version_that_was_changed_with_its_sums_gets_no_part_is_not_opened_and_stays_a_fault(
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


def test_a_damaged_history_keeps_nobody_from_opening_what_is_sound(store: VersionStore) -> None:
    path = store.folder / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"challenger", b"chaIIenger"))
    assert store.open(1).number == 1
    forge(store, 1)
    with pytest.raises(RegistryError, match="is not what was published as version 1"):
        store.open(1)


def test_a_champion_that_can_not_be_opened_is_nothing_to_compare_with(store: VersionStore) -> None:
    (store.folder / "1" / "extra").touch()
    with pytest.raises(ReleaseError, match=r"test_vs_champion: there is nothing to compare with: .*extra was not"):
        promote(store, 2, "champion", ANN)
    promote(store, 2, "champion", ANN, override=True)
    assert last(store)["override"] is True


def test_a_version_that_is_gone_is_a_fault_and_so_is_the_alias_that_names_it(store: VersionStore) -> None:
    shutil.rmtree(store.folder / "2")
    assert [fault.partition(": ")[2] for fault in find_inconsistencies(store.aliases)] == [
        "version 2 is gone; the history tells of it", "challenger is version 2, which is not there"
    ]  # fmt: skip
    assert publish(store.folder.parent) == 3  # its number is not given again


def test_a_retired_folder_that_was_copied_back_is_a_fault_and_hinders_nobody(store: VersionStore) -> None:
    clear(store, "challenger", ANN)
    store.aliases.retire(2, ANN)
    shutil.copytree(store.folder / "retired" / "2", store.folder / "2")
    (fault,) = find_inconsistencies(store.aliases)
    assert "version 2 is retired; take this folder away" in fault
    assert store.versions() == [1]
    with pytest.raises(NotPublishedError, match="version 2 is retired"):
        shadow(store, 2, ANN)
    assert publish(store.folder.parent) == 3


@pytest.mark.slow
def test_whoever_reads_while_others_write_sees_no_fault(store: VersionStore) -> None:
    over = threading.Event()

    def write() -> None:
        for count in range(100):
            shadow(store, 2, ANN) if count % 2 == 0 else clear(store, "shadow", ANN)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not over.is_set():
        assert list(find_inconsistencies(VersionStore(store.folder.parent, "boston").aliases)) == []
        reads += 1
    writer.join()
    assert reads > 1


def test_a_command_waits_for_another_one_but_not_for_ever(store: VersionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aliases, "TIMEOUT", 0.2)
    with (store.folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RegistryError, match=r"\.lock: another command holds it for 0\.2 s; nothing was done"):
            shadow(store, 2, ANN)
    shadow(store, 2, ANN)


def test_many_test_rows_need_no_memory_for_their_interval() -> None:
    rows = np.zeros(200_000, dtype=np.float32)
    tracemalloc.start()
    difference(rows.astype(np.float64), rows, rows + 1, resamples=20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize(
    ("name", "value", "gate"),
    [("MAX_MILLISECONDS", 0, "latency"), ("MAX_MEGABYTES", -1e6, "memory"), ("MIN_PLAUSIBLE", 1.1, "reference_data")],
)
def test_what_is_measured_now_has_to_hold_too(
    store: VersionStore, monkeypatch: pytest.MonkeyPatch, name: str, value: float, gate: str
) -> None:
    monkeypatch.setattr(promotion_gates, name, value)
    with pytest.raises(ReleaseError, match=f"because of {gate}: "):
        promote(store, 2, "champion", ANN)


def test_a_version_that_predicts_no_number_is_not_better_than_any(store: VersionStore) -> None:
    rows = "rm,tax,age,medv\n11.5,250,66.5,20\n6,250,66.5,23\n"  # tricky.tflite gives NaN for the first
    with store.staging() as folder:
        shutil.copytree(store.folder / "1", folder, dirs_exist_ok=True)
        shutil.copy(TRICKY, folder / "model.tflite")
        (folder / "test.csv").write_text(rows)
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, ANN)
    with pytest.raises(ReleaseError, match="test_vs_champion: RMSE nan"):
        promote(store, 3, "champion", ANN)


def test_aliases_that_were_changed_by_hand_are_found(store: VersionStore) -> None:
    (store.folder / "aliases.json").write_text('{"champion": 2}')
    (fault,) = find_inconsistencies(store.aliases)
    assert 'says {"champion": 2}, and the history says {"challenger": 2, "champion": 1}' in fault
    with pytest.raises(RegistryError, match="it was changed by hand"):
        promote(store, 2, "champion", ANN)


def test_a_missing_alias_file_is_written_again_by_the_next_change(store: VersionStore) -> None:
    (store.folder / "aliases.json").unlink()
    shadow(store, 2, ANN)
    assert store.aliases.read() == {"challenger": 2, "champion": 1, "shadow": 2}


def test_who_could_read_the_aliases_still_can_after_a_change_under_a_strict_umask(store: VersionStore) -> None:
    path = store.folder / "aliases.json"
    path.chmod(0o640)
    before = os.umask(0o077)
    try:
        shadow(store, 2, ANN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


STEPS = """
import os, shutil, signal, sys
from pathlib import Path
from registry import VersionStore, Actor
from registry.promotion import canary, clear, promote, rollback
origin, folder, action = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
ANN = Actor("ann", "why")
ACTIONS = {
    "promote": lambda store: promote(store, 3, "champion", ANN),
    "canary": lambda store: canary(store, 3, 0.5, ANN),
    "clear": lambda store: clear(store, "shadow", ANN),
    "rollback": lambda store: rollback(store, ANN),
    "retire": lambda store: store.aliases.retire(4, ANN),
}
def dying(real, left):
    def call(*arguments, **options):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call
status, step = 1, 0
while status:
    models = folder / str(step)
    shutil.copytree(origin, models)
    if os.fork() == 0:  # one step later each time, until it gets to the end
        left = [step]
        for name in ("pwrite", "fsync", "ftruncate", "rename"):
            setattr(os, name, dying(getattr(os, name), left))
        ACTIONS[action](VersionStore(models, "boston"))
        os._exit(0)
    status = os.wait()[1]
    assert status in (0, signal.SIGKILL), status
    step += 1
print(step)
"""


@pytest.mark.slow
@pytest.mark.parametrize("action", ["promote", "canary", "clear", "rollback", "retire"])
def test_a_kill_at_any_step_leaves_what_was_or_what_was_asked_for_and_the_next_command_finishes_it(
    tmp_path: Path, action: str
) -> None:
    origin = tmp_path / "origin"
    for _ in range(4):
        publish(origin)
    store = VersionStore(origin, "boston")
    promote(store, 2, "champion", ANN)
    shadow(store, 3, ANN)
    clear(store, "challenger", ANN)
    command = [sys.executable, "-c", STEPS, str(origin), str(tmp_path), action]
    steps = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert steps > 5
    before, count = store.aliases.read(), len(store.history.entries())
    seen = set()
    for step in range(steps):
        store = VersionStore(tmp_path / str(step), "boston")
        lines = store.history.entries()
        said = lines[-1].content
        begun = len(lines) > count
        assert len(lines) - count == begun
        assert said["action"] == (action if begun else "clear")
        assert store.aliases.read() in (before, said["aliases"])
        assert store.open(store.aliases.read()["champion"]).number in (1, 2, 3)
        seen.add((begun, store.aliases.read() == said["aliases"], 4 in store.versions()))
        promote(store, 1, "fallback", BOB)  # finishes what was begun
        assert store.aliases.read() == {**said["aliases"], "fallback": 1}
        assert (4 in store.versions()) == (not begun or action != "retire")
        assert list(find_inconsistencies(store.aliases)) == []
    assert (False, True, True) in seen  # nothing was begun
    assert (True, True, action != "retire") in seen  # it is done
    # In between, the line is there, and what it tells is not done yet.
    assert (True, True, True) in seen if action == "retire" else (True, False, True) in seen


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
    assert [line.content["action"] for line in store.history.entries()] == ["publish", "publish", "promote"]


def full(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)


def test_a_full_disk_refuses_a_promotion_and_leaves_the_champion(small_disk: Path) -> None:
    for _ in range(2):
        publish(small_disk)
    store = VersionStore(small_disk, "boston")
    full(small_disk)
    with pytest.raises(RegistryError, match="can't be written"):
        promote(store, 2, "champion", Actor("ann", "x" * 5000))
    assert store.aliases.read()["champion"] == 1
    assert list(find_inconsistencies(store.aliases)) == []
    (small_disk / "ballast").unlink()
    promote(store, 2, "champion", ANN)
    assert list(find_inconsistencies(store.aliases)) == []


def test_a_models_folder_that_is_read_only_is_one_clear_sentence(small_disk: Path) -> None:
    for _ in range(2):
        publish(small_disk)
    remount: Callable[[str], object] = lambda mode: subprocess.run(  # noqa: E731
        ["mount", "-o", f"remount,{mode}", str(small_disk)], check=True
    )
    remount("ro")
    try:
        with pytest.raises(
            RegistryError, match=r"\.lock: can't be written \(Read-only file system\); nothing was done"
        ):
            promote(VersionStore(small_disk, "boston"), 2, "champion", ANN)
    finally:
        remount("rw")


def test_the_difference_of_two_models_has_an_interval_that_covers_it() -> None:
    random = np.random.default_rng(7)
    actual = random.normal(20, 9, 400)
    good = (actual + random.normal(0, 2, 400)).astype(np.float32)
    bad = (actual + random.normal(0, 3, 400)).astype(np.float32)
    worse, low, high = difference(actual, bad, good)
    assert low < worse < high
    assert low > 0
    better, low, high = difference(actual, good, bad)
    assert better == pytest.approx(-worse)
    assert high < 0
    same, low, high = difference(actual, good, good)
    assert (same, low, high) == (0, 0, 0)
