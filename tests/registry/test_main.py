"""``python -m registry``, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from app.settings import Settings
from registry import DatePart, VersionStore, find_inconsistencies
from tests.conftest import HOUSES, publish
from tests.e2e.server import environment
from tests.registry.conftest import edit, publish_changed, publish_versions, run

pytestmark = pytest.mark.slow


def test_list_and_show_a_sound_version(settings: Settings) -> None:
    listed = run(settings, "registry", "list")
    assert listed.returncode == 0
    assert listed.stdout.startswith("1  ")
    assert "champion" in listed.stdout
    shown = json.loads(run(settings, "registry", "show", "champion").stdout)
    assert shown["aliases"] == ["champion"]
    assert shown["signature"]["inputs"][0]["name"] == "rm"


@pytest.mark.parametrize("words", [["registry", "list"], ["audit", "verify"]])
def test_an_output_that_nobody_reads_to_its_end_is_no_traceback(settings: Settings, words: list[str]) -> None:
    unread, written = os.pipe()
    os.close(unread)
    with open(written, "wb") as pipe:
        environ = environment(SERVE_MODELS=str(settings.models))
        done = subprocess.run([sys.executable, "-m", *words], env=environ, stdout=pipe, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_nothing_published_is_a_sentence_and_a_failure(settings: Settings) -> None:
    for words in (["list"], ["show", "champion"]):
        done = run(settings, "registry", *words, SERVE_MODELS=str(settings.logs))
        assert done.returncode == 1
        assert "`make train` publishes the first one" in done.stderr
        assert "Traceback" not in done.stderr


def test_promote_canary_shadow_clear_rollback_and_retire_are_a_command_each(settings: Settings) -> None:
    store = publish_versions(settings.models, 2)
    done = run(settings, "registry", "promote", "2", "--by", "ann", "--reason", "two\nlines \x1b[2J")
    promoted = done.stdout
    assert "warning" not in done.stderr
    assert "passed  test_vs_champion" in promoted
    assert promoted.endswith("boston version 2 is champion\n")
    assert "any more" not in promoted
    assert "answers 5% of the requests" in run(settings, "registry", "canary", "3", "--share", "5%").stdout
    assert "sees every request" in run(settings, "registry", "shadow", "3").stdout
    assert run(settings, "registry", "clear", "shadow").returncode == 0
    assert run(settings, "registry", "clear", "canary").returncode == 0
    assert run(settings, "registry", "shadow", "1").returncode == 0
    rolled_back = run(settings, "registry", "rollback", "--reason", "urgent").stdout
    assert rolled_back == "boston: no version is shadow any more\nboston version 1 is champion again\n"
    assert run(settings, "registry", "clear", "challenger").returncode == 0
    assert "version 3 is retired" in run(settings, "registry", "retire", "3").stdout
    history = run(settings, "registry", "history").stdout.splitlines()
    assert history[3].endswith(r"ann  promote, version 2, alias champion: two\nlines \x1b[2J")  # stays one line
    assert len(history) == 12
    assert "12 lines, as they were written" in run(settings, "registry", "history", "--verify").stdout
    assert list(find_inconsistencies(store.aliases)) == []


def test_whoever_gives_a_version_an_alias_is_warned_if_it_refuses_the_dates_of_the_champions_clients(
    settings: Settings, store: VersionStore
) -> None:
    age = replace(HOUSES.inputs[-1], date=DatePart("Built on", "%Y-%m-%d", "days"))
    dated = replace(HOUSES, inputs=(*HOUSES.inputs[:-1], age))
    publish_changed(store, {"signature.json": json.dumps(dated.to_json())})

    def warnings(*words: str, returncode: int = 0) -> list[str]:
        done = run(settings, "registry", *words)
        assert done.returncode == returncode
        return [line for line in done.stderr.splitlines() if line.startswith("warning: ")]

    warning = (
        "warning: boston version {} takes no dates in 'Built on', unlike version 3: "
        "it refuses clients that send them, or answers without them"
    )
    assert warnings("promote", "3", "--reason", "takes dates") == []
    assert warnings("canary", "2", "--share", "5%") == [warning.format(2)]
    assert warnings("canary", "2", "--share", "0%", returncode=1) == []
    assert warnings("shadow", "2") == [warning.format(2)]
    assert warnings("promote", "2", "--reason", "simpler") == [warning.format(2)]
    assert warnings("rollback") == []
    assert warnings("promote", "3", "--reason", "again", returncode=1) == []
    assert warnings("retire", "2") == []
    assert warnings("rollback") == [warning.format(1)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["promote", "2"], "--reason"),
        (["promote", "2", "--reason", " "], "expected a name and a reason"),
        (["promote", "2", "--reason", "\udcff"], "--by and --reason: expected text in UTF-8"),
        (["canary", "2", "--share", "101%"], "expected more than 0 and at most 1"),
        *((["canary", "2", f"--share={x}"], "expected") for x in ("much", "1", "100", "5%%", "-5%", "0%", "1.5")),
        (["clear", "shadow"], "no version is shadow"),
        (["retire", "1"], "version 1 is champion"),
        (["sign", "1", "--key", "no.key"], "no.key: no private key in PEM"),
    ],
)
def test_what_can_not_be_done_is_a_sentence_and_changes_nothing(
    settings: Settings, store: VersionStore, words: list[str], message: str
) -> None:
    done = run(settings, "registry", *words)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(store.history.entries()) == 2


def test_a_changed_version_is_not_promoted(settings: Settings, store: VersionStore) -> None:
    (store.folder / "2" / "card.json").write_text("{}")
    done = run(settings, "registry", "promote", "2", "--reason", "better")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{store.folder / '2'}: card.json was changed; restore the published files\n"


def test_history_names_a_line_that_was_edited(settings: Settings) -> None:
    edit(settings.models / "boston" / "history.jsonl", b"tests", b"texts")
    for words in (["history", "--verify"], ["history"]):
        done = run(settings, "registry", *words)
        assert (done.returncode, "history.jsonl, line 1: was changed" in done.stderr) == (1, True)


def test_a_digest_that_was_kept_elsewhere_shows_that_a_history_was_rewritten(settings: Settings) -> None:
    kept = run(settings, "registry", "history", "--verify").stdout.split()[-1]
    publish(settings.models)
    assert run(settings, "registry", "history", "--contains", kept).stdout == "line 1 of 2\n"
    for name in ("history.jsonl", "history.head"):
        (settings.models / "boston" / name).unlink()
    aliases = VersionStore(settings.models, "boston").aliases
    assert list(find_inconsistencies(aliases)) != []
    assert run(settings, "registry", "adopt", "--by", "mallory", "--reason", "nothing happened").returncode == 0
    assert list(find_inconsistencies(aliases)) == []
    anew = run(settings, "registry", "history", "--contains", kept)
    assert (anew.returncode, "the history was rewritten" in anew.stderr) == (1, True)
