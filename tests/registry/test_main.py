"""``python -m registry``, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry import VersionStore, find_inconsistencies
from tests.conftest import publish

pytestmark = pytest.mark.slow


def run(models: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "registry", *arguments]
    environ = {**os.environ, "SERVE_MODELS": str(models), **environ}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_list_and_show_a_sound_version(tmp_path: Path) -> None:
    publish(tmp_path)
    listed = run(tmp_path, "list")
    assert listed.returncode == 0
    assert listed.stdout.startswith("1  ")
    assert "champion" in listed.stdout
    shown = json.loads(run(tmp_path, "show", "champion").stdout)
    assert shown["aliases"] == ["champion"]
    assert shown["signature"]["inputs"][0]["name"] == "rm"


@pytest.mark.parametrize("command", [["registry", "list"], ["audit", "check"]])
def test_an_output_that_nobody_reads_to_its_end_is_no_traceback(tmp_path: Path, command: list[str]) -> None:
    publish(tmp_path)
    (tmp_path / "boston" / "requests-2026-11-23.csv").write_text("time,request_id\n")
    environ = {**os.environ, "SERVE_MODELS": str(tmp_path), "SERVE_LOGS": str(tmp_path)}
    unread, written = os.pipe()
    os.close(unread)
    try:
        done = subprocess.run([sys.executable, "-m", *command], env=environ, stdout=written, stderr=subprocess.PIPE)
    finally:
        os.close(written)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_nothing_published_is_a_sentence_and_a_failure(tmp_path: Path) -> None:
    for arguments in (["list"], ["show", "champion"]):
        done = run(tmp_path, *arguments)
        assert done.returncode == 1
        assert "`make train` publishes the first one" in done.stderr
        assert "Traceback" not in done.stderr


def test_promote_canary_shadow_clear_rollback_and_retire_are_a_command_each(tmp_path: Path) -> None:
    for _ in range(3):
        publish(tmp_path)
    promoted = run(tmp_path, "promote", "2", "--by", "ann", "--reason", "two\nlines \x1b[2J").stdout
    assert "passed  test_vs_champion" in promoted
    assert promoted.endswith("boston version 2 is champion\n")
    assert "answers 5% of the requests" in run(tmp_path, "canary", "3", "--share", "5%").stdout
    assert "sees every request" in run(tmp_path, "shadow", "3").stdout
    assert run(tmp_path, "clear", "shadow").returncode == 0
    assert run(tmp_path, "clear", "canary").returncode == 0
    assert "version 1 is champion again" in run(tmp_path, "rollback", "--reason", "urgent").stdout
    assert run(tmp_path, "clear", "challenger").returncode == 0
    assert "version 3 is retired" in run(tmp_path, "retire", "3").stdout
    history = run(tmp_path, "history").stdout.splitlines()
    assert history[3].endswith(r"ann  promote, version 2, alias champion: two\nlines \x1b[2J")  # stays one line
    assert len(history) == 11
    assert "11 lines, as they were written" in run(tmp_path, "history", "--verify").stdout
    assert list(find_inconsistencies(VersionStore(tmp_path, "boston").aliases)) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["promote", "2"], "--reason"),
        (["promote", "2", "--reason", " "], "expected a name and a reason"),
        (["promote", "2", "--reason", "\udcff"], "--by and --reason: expected text in UTF-8"),
        (["promote", "9", "--reason", "x"], "version 9 is not published"),
        (["canary", "2", "--share", "101%"], "expected more than 0 and at most 1"),
        *((["canary", "2", f"--share={x}"], "expected") for x in ("much", "1", "100", "5%%", "-5%", "0%", "1.5")),
        (["clear", "shadow"], "no version is shadow"),
        (["rollback"], "no other version was champion before"),
        (["retire", "1"], "version 1 is champion"),
        (["sign", "1", "--key", "no.key"], "no.key: no private key in PEM"),
    ],
)
def test_what_can_not_be_done_is_a_sentence_and_changes_nothing(
    store: VersionStore, words: list[str], message: str
) -> None:
    done = run(store.folder.parent, *words)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(store.history.entries()) == 2


def test_history_names_a_line_that_was_edited(tmp_path: Path) -> None:
    publish(tmp_path)
    path = tmp_path / "boston" / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"tests", b"texts"))
    for words in (["history", "--verify"], ["history"]):
        done = run(tmp_path, *words)
        assert (done.returncode, "history.jsonl, line 1: was changed" in done.stderr) == (1, True)


def test_a_digest_that_was_kept_elsewhere_shows_that_a_history_was_rewritten(tmp_path: Path) -> None:
    publish(tmp_path)
    kept = run(tmp_path, "history", "--verify").stdout.split()[-1]
    publish(tmp_path)
    assert run(tmp_path, "history", "--contains", kept).stdout == "line 1 of 2\n"
    for name in ("history.jsonl", "history.head"):
        (tmp_path / "boston" / name).unlink()
    aliases = VersionStore(tmp_path, "boston").aliases
    assert list(find_inconsistencies(aliases)) != []
    assert run(tmp_path, "adopt", "--by", "mallory", "--reason", "nothing happened").returncode == 0
    assert list(find_inconsistencies(aliases)) == []
    anew = run(tmp_path, "history", "--contains", kept)
    assert (anew.returncode, "the history was rewritten" in anew.stderr) == (1, True)
