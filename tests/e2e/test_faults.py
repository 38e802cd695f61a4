"""Faults that are really done to a running service: what its clients see meanwhile, and what the history says."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry import Actor, VersionStore, find_inconsistencies
from registry.promotion import canary, promote, shadow
from tests.conftest import TRICKY, WORSE, publish
from tests.e2e.server import Server, serving, wait_until

pytestmark = pytest.mark.slow

ANN = Actor("ann", "because")
# To tricky.tflite, see tests/models: what takes seconds, gives NaN, and fails.
SLOW, NAN, RAISES = b"[10.5, 250, 66.5]", b"[11.5, 250, 66.5]", b"[12.5, 250, 66.5]"


@dataclass
class House:
    """A running service of two workers over its models: 1 is champion, 2 is as good, 3 answers 10 more."""

    server: Server
    store: VersionStore

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One of the registry's commands, or the audit's."""
        environ = {**os.environ, "SERVE_MODELS": str(self.store.folder.parent), "SERVE_LOGS": str(self.server.logs)}
        command = [sys.executable, "-m", "audit" if words[0] in ("trace", "verify") else "registry", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)

    def seen(self, body: bytes = b"[6, 250, 66.5]", count: int = 12) -> set[tuple[int, int]]:
        """Statuses and versions of some replies, of both workers."""
        found = set()
        for _ in range(count):
            status, reply = self.server.ask(body)
            found.add((status, reply.get("version", 0)))
        return found

    def faults(self) -> dict[str, str]:
        """What the service says about its aliases; of whichever worker answers."""
        found: dict[str, str] = self.server.request("GET", "/health/ready")[1].get("faults", {})
        return found

    def said(self) -> list[str]:
        """The actions in the history."""
        return [line.content["action"] for line in self.store.history.entries()]


PUBLISHED = ["publish"] * 3


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(tmp_path / "models", tmp_path) as house:
        yield house


@contextmanager
def running(models: Path, folder: Path) -> Iterator[House]:
    for file in (None, None, WORSE):
        publish(models, **({"model_file": file} if file else {}))
    with serving(models, folder / "logs", workers=2) as server:
        yield House(server, VersionStore(models, "boston"))


def test_a_corrupted_file_gets_no_promotion_and_the_champion_goes_on(house: House) -> None:
    file = house.store.folder / "2" / "model.tflite"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    done = house.run("promote", "2", "--reason", "better")
    assert (done.returncode, "model.tflite was changed" in done.stderr) == (1, True)
    assert house.seen() == {(200, 1)}
    status, reply = house.server.ask(
        path="/v1/models/boston/versions/2:predict", body=b'{"instances": [[6, 250, 66.5]]}'
    )
    assert (status, "model.tflite was changed" in reply["error"]) == (503, True)
    assert house.said() == PUBLISHED


def test_a_file_of_the_champion_that_is_corrupted_while_it_serves_is_found_by_verify_and_by_a_new_worker(
    house: House,
) -> None:
    file = house.store.folder / "1" / "model.tflite"
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    assert house.seen() == {(200, 1)}  # what was checked when it was opened serves on
    assert "model.tflite was changed" in house.run("verify").stderr
    before = house.server.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(set(house.server.workers()) - set(before)) == 2, "new workers")
    wait_until(lambda: house.seen() == {(503, 0)}, "refusals")
    assert "model.tflite was changed" in house.server.ask()[1]["error"]
    assert house.run("rollback").returncode == 1  # there was none before
    promoted = house.run("promote", "2", "--by", "ann", "--reason", "the champion is broken")
    assert (promoted.returncode, "there is nothing to compare with" in promoted.stderr) == (1, True)
    done = house.run("promote", "2", "--by", "ann", "--reason", "the champion is broken", "--override")
    assert done.returncode == 0, done.stderr
    assert house.seen() == {(200, 2)}
    assert house.said() == [*PUBLISHED, "promote"]
    assert house.store.history.entries()[-1].content["override"] is True


def test_a_folder_that_was_copied_by_half_is_no_version(house: House) -> None:
    shutil.copytree(house.store.folder / "2", house.store.folder / "4", ignore=shutil.ignore_patterns("card.json"))
    done = house.run("promote", "4", "--reason", "better")
    assert (done.returncode, "card.json is missing" in done.stderr) == (1, True)
    status, reply = house.server.ask(path="/v2/models/boston/versions/4/infer", body=b'{"inputs": []}')
    assert (status, "card.json is missing" in reply["error"]) == (503, True)
    assert house.seen() == {(200, 1)}
    assert house.said() == PUBLISHED
    (fault,) = find_inconsistencies(house.store.aliases)
    assert "the history does not tell of version 4" in fault


def test_without_its_aliases_the_service_goes_on_and_the_next_command_puts_them_back(house: House) -> None:
    (house.store.folder / "aliases.json").unlink()
    wait_until(house.faults, "the fault")
    assert house.seen() == {(200, 1)}
    assert house.run("verify").returncode == 1
    assert house.run("promote", "2", "--by", "ann", "--reason", "better").returncode == 0
    assert house.seen() == {(200, 2)}
    wait_until(lambda: not house.faults(), "the end of the fault")
    assert house.said() == [*PUBLISHED, "promote"]


def test_an_alias_of_a_version_that_is_gone_leaves_the_old_champion_serving(house: House) -> None:
    promote(house.store, 2, "champion", ANN)
    assert house.seen() == {(200, 2)}
    shutil.rmtree(house.store.folder / "1")
    done = house.run("rollback", "--by", "ann")
    assert (done.returncode, "no other version was champion before" in done.stderr) == (1, True)
    (house.store.folder / "aliases.json").write_text('{"champion": 1}')
    wait_until(lambda: "champion" in house.faults(), "the fault")
    assert house.seen() == {(200, 2)}
    assert "version 1 is gone" in house.run("verify").stderr
    refused = house.run("promote", "3", "--reason", "any", "--override")
    assert (refused.returncode, "it was changed by hand" in refused.stderr) == (1, True)
    assert house.said() == [*PUBLISHED, "promote"]


def mounted(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)


def test_on_read_only_models_nothing_is_changed_and_all_are_answered(small_disk: Path, tmp_path: Path) -> None:
    with running(small_disk, tmp_path) as house:
        mounted(small_disk, "ro")
        try:
            done = house.run("promote", "2", "--reason", "better")
            assert (done.returncode, "Read-only file system); nothing was done" in done.stderr) == (1, True)
            assert house.seen() == {(200, 1)}
            assert house.run("verify").returncode == 0
        finally:
            mounted(small_disk, "rw")
        assert house.said() == PUBLISHED


def test_on_read_only_models_a_failing_canary_is_withdrawn_worker_by_worker_and_shown(
    small_disk: Path, tmp_path: Path
) -> None:
    with running(small_disk, tmp_path) as house:
        number = publish(small_disk, model_file=TRICKY)
        canary(house.store, number, 0.5, ANN)
        assert (200, number) in house.seen(count=40)
        mounted(small_disk, "ro")
        try:
            wait_until(lambda: house.seen(RAISES) and house.seen(count=40) == {(200, 1)}, "both workers without it")
            told = wait_until(lambda: house.faults().get("canary"), "the fault")
            assert f"version {number} is withdrawn: it failed" in told
        finally:
            mounted(small_disk, "rw")
        wait_until(lambda: "canary" not in house.store.aliases.read(), "its alias to go, now that it can")
        wait_until(lambda: not house.faults(), "the end of the fault")
        assert house.said() == [*PUBLISHED, "publish", "canary", "clear"]


def test_a_disk_that_is_full_refuses_the_promotion_and_the_next_one_is_whole(small_disk: Path, tmp_path: Path) -> None:
    with running(small_disk, tmp_path) as house:
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        done = house.run("promote", "2", "--by", "ann", "--reason", "x" * 5000)
        assert (done.returncode, "No space left on device" in done.stderr) == (1, True)
        assert house.seen() == {(200, 1)}
        assert house.said() == PUBLISHED
        ballast.unlink()
        assert house.run("promote", "2", "--by", "ann", "--reason", "better").returncode == 0
        assert house.seen() == {(200, 2)}
        assert house.said() == [*PUBLISHED, "promote"]
        assert list(find_inconsistencies(house.store.aliases)) == []


def test_of_two_promotions_at_once_each_is_whole(house: House) -> None:
    results: list[int] = []
    commands = [("promote", "2", "--reason", "race"), ("promote", "3", "--reason", "race", "--override")]
    threads = [
        threading.Thread(target=lambda words=words: results.append(house.run(*words).returncode)) for words in commands
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert {status for status, _ in house.seen(count=4)} == {200}
    assert results == [0, 0]
    last = house.store.aliases.read()["champion"]
    assert house.seen() == {(200, last)}
    lines = [line.content for line in house.store.history.entries()][3:]
    assert [line["action"] for line in lines] == ["promote", "promote"]
    assert {line["version"] for line in lines} == {2, 3}
    assert lines[-1]["version"] == last
    assert list(find_inconsistencies(house.store.aliases)) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from registry import VersionStore, Actor
from registry.promotion import promote
from registry import aliases
def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
aliases.replace = die
promote(VersionStore(Path(sys.argv[1]), "boston"), 2, "champion", Actor("ann", "why"))
"""


def test_a_promotion_that_is_killed_behind_its_line_is_finished_by_the_next_command(house: House) -> None:
    """The other steps: tests/registry/test_promotion.py."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(house.store.folder.parent)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert house.seen() == {(200, 1)}
    assert house.said() == [*PUBLISHED, "promote"]
    assert "and the history says" in house.run("verify").stderr
    assert house.run("shadow", "3", "--by", "bob").returncode == 0
    assert house.seen() == {(200, 2)}
    assert house.said() == [*PUBLISHED, "promote", "shadow"]
    assert house.run("verify").returncode == 0


@pytest.fixture
def tricky(house: House) -> House:
    """The champion is tricky; version 1 is its fallback."""
    number = publish(house.store.folder.parent, model_file=TRICKY)
    promote(house.store, number, "champion", ANN)
    promote(house.store, 1, "fallback", ANN)
    assert house.seen() == {(200, number)}
    return house


@pytest.mark.parametrize(("body", "reason"), [(RAISES, "the model failed"), (NAN, "output nan is not plausible")])
def test_a_champion_that_raises_or_gives_nan_is_stood_in_for_and_the_history_is_not_touched(
    tricky: House, body: bytes, reason: str
) -> None:
    before = tricky.said()
    status, reply = tricky.server.ask(body, X_Request_ID="bad")
    assert (status, reply["version"]) == (200, 1)
    assert any("the fallback: version 4" in text and reason in text for text in reply["warnings"])
    assert tricky.said() == before
    traced = tricky.run("trace", "bad").stdout
    assert "role fallback" in traced
    assert "instead_of:4" in traced


def test_a_champion_that_sleeps_is_left_alone_and_comes_back(tricky: House) -> None:
    before = tricky.said()
    replies: list[Any] = []
    ask: Callable[[], None] = lambda: replies.append(tricky.server.ask(SLOW))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(16)]  # a few times over, until both workers have enough
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in replies} == {200}
    assert 1 in {reply["version"] for _, reply in replies}
    wait_until(lambda: tricky.seen() == {(200, 4)}, "the champion again", 60)
    assert tricky.said() == before


def test_a_shadow_that_hangs_costs_its_clients_nothing(house: House) -> None:
    number = publish(house.store.folder.parent, model_file=TRICKY)
    shadow(house.store, number, ANN)
    before = house.said()
    for _ in range(4):
        assert house.server.ask(SLOW)[0] == 200  # some seconds each for the shadow of the worker that got it
    assert house.seen(count=300) == {(200, 1)}
    counts = house.server.request("GET", "/health/ready")[1]["shadow"]
    assert counts["version"] == number
    assert house.said() == before
