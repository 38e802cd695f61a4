"""Faults that are really done to a running service: what its clients get meanwhile, and what the history says.

A kill at each step of a promotion is in tests/registry/test_aliases.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from filesystem import replace
from registry import Actor, VersionStore
from registry.promotion import canary, promote
from tests.conftest import CRASHING, LINEAR, TRICKY, WORSE, adopt, publish
from tests.e2e.server import ROW, Server, run, serving, wait_until
from tests.registry.conftest import FORGERIES

ANN = Actor("ann", "because")
INSTANCE = b'{"instances": [[6, 250, 66.5]]}'
RAISES = b"[12.5, 250, 66.5]"  # to tricky.tflite, see tests/models
PROMOTE_2 = ("promote", "2", "--by", "ann", "--reason", "better")


@dataclass
class Deployment:
    """A running service of two workers over its models: 1 is champion, 2 is as good, 3 answers 10 more."""

    server: Server
    store: VersionStore

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the registry's commands, or the audit's."""
        folders = {"SERVE_MODELS": str(self.store.folder.parent), "SERVE_LOGS": str(self.server.logs)}
        return run("audit" if words[0] in ("verify", "trace") else "registry", *words, **folders)

    def succeed(self, *words: str) -> None:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr

    def fail(self, *words: str, reason: str) -> None:
        done = self.run(*words)
        assert (done.returncode, reason in done.stderr) == (1, True), done.stderr

    def replies(self, body: bytes = ROW, count: int = 12) -> set[tuple[int, int]]:
        """Return statuses and versions of some replies, of both workers."""
        replies = [self.server.ask(body) for _ in range(count)]
        return {(status, reply.get("version", 0)) for status, reply in replies}

    def open(self, number: int) -> tuple[int, str]:
        """Ask a version by its number. Return the status and the error."""
        status, reply = self.server.ask(INSTANCE, f"/v1/models/boston/versions/{number}:predict")
        return status, reply.get("error", "")

    def faults(self) -> dict[str, str]:
        """Return what whichever worker answers says about its aliases."""
        faults: dict[str, str] = self.server.request("GET", "/health/ready")[1].get("faults", {})
        return faults

    def actions(self) -> list[str]:
        """Return the actions in the history after the three publications."""
        actions = [entry.content["action"] for entry in self.store.history.entries()]
        assert actions[:3] == ["publish"] * 3
        return actions[3:]


def accepts(pid: int) -> bool:
    """Return whether a worker has loaded the application: then it waits for connections, with epoll."""
    with suppress(OSError):
        return any("tfd:" in file.read_text() for file in Path(f"/proc/{pid}/fdinfo").iterdir())
    return False


@contextmanager
def deploy(models: Path) -> Iterator[Deployment]:
    for file in (LINEAR, LINEAR, WORSE):
        publish(models, model_file=file)
    with serving(models, workers=2) as running:
        wait_until(lambda: sum(map(accepts, running.workers())) == 2, "both workers")
        yield Deployment(running, VersionStore(models, "boston"))


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with deploy(tmp_path / "models") as deployment:
        yield deployment


def test_a_champion_corrupted_while_it_serves_is_found_by_verify_and_new_workers(deployment: Deployment) -> None:
    file = deployment.store.folder / "1" / "model.tflite"
    file.write_bytes(file.read_bytes()[:-1])
    assert deployment.replies() == {(200, 1)}  # what was checked when it was opened serves on
    deployment.fail("verify", reason="model.tflite was changed")
    before = deployment.server.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    deployment.server.wait_for_workers(2, without=before)
    wait_until(lambda: deployment.replies() == {(503, 0)}, "refusals")
    assert "model.tflite was changed" in deployment.server.ask()[1]["error"]
    deployment.fail("rollback", reason="no other version was champion before")
    deployment.fail(*PROMOTE_2, reason="there is nothing to compare with")
    deployment.succeed(*PROMOTE_2, "--override")
    assert deployment.replies() == {(200, 2)}
    assert deployment.actions() == ["promote"]
    assert deployment.store.history.entries()[-1].content["override"] is True


def test_without_its_aliases_the_service_goes_on_and_the_next_command_puts_them_back(deployment: Deployment) -> None:
    (deployment.store.folder / "aliases.json").unlink()
    wait_until(deployment.faults, "the fault")
    assert deployment.replies() == {(200, 1)}
    assert deployment.run("verify").returncode == 1
    deployment.succeed(*PROMOTE_2)
    assert deployment.replies() == {(200, 2)}
    wait_until(lambda: not deployment.faults(), "the end of the fault")
    assert deployment.actions() == ["promote"]


def test_what_the_history_does_not_vouch_for_is_named_by_service_and_commands_and_not_opened(
    deployment: Deployment,
) -> None:
    server, folder = deployment.server, deployment.store.folder
    files = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for name, (forgery, words) in FORGERIES.items():
        forgery(folder)
        seen = "lacks lines that this process has read before" if name == "neither" else words
        wait_until(lambda words=seen: server.output.read_text().count(words) >= 2, f"{name} in both workers' log")
        assert all(seen in str(deployment.faults()) for _ in range(6))
        assert deployment.replies() == {(200, 1)}
        if name != "aliases":  # the history vouches for version 3
            # The reason of the last attempt stands for a second.
            wait_until(lambda words=seen: words in deployment.open(3)[1], "the reason")
            assert deployment.open(3)[0] == 503
        deployment.fail("verify", reason=words)
        deployment.fail("list", reason=words)
        deployment.fail(*PROMOTE_2, reason=words)
        for path, content in files.items():
            replace(path, content)
        wait_until(lambda: not any(deployment.faults() for _ in range(12)), "the end of the fault")
    assert server.output.read_text().count("it was changed by hand") == 2  # once a worker
    forgery(folder)
    before = server.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    server.wait_for_workers(2, without=before)
    wait_until(lambda: deployment.replies() == {(503, 0)}, "refusals")
    assert words in server.ask()[1]["error"]
    deployment.succeed("adopt", "--reason", "the old history is lost")
    wait_until(lambda: deployment.replies() == {(200, 1)}, "the adopted champion")


def test_an_alias_of_a_version_that_is_gone_leaves_the_old_champion_serving(deployment: Deployment) -> None:
    promote(deployment.store, 2, "champion", ANN)
    assert deployment.replies() == {(200, 2)}
    shutil.rmtree(deployment.store.folder / "1")
    deployment.fail("rollback", "--by", "ann", reason="no other version was champion before")
    (deployment.store.folder / "aliases.json").write_text('{"champion": 1}')
    wait_until(lambda: "champion" in deployment.faults(), "the fault")
    assert deployment.replies() == {(200, 2)}
    deployment.fail("verify", reason="version 1 is gone")
    deployment.fail("promote", "3", "--reason", "any", "--override", reason="it was changed by hand")
    assert deployment.actions() == ["promote"]


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


def test_on_read_only_models_nothing_is_changed_and_each_worker_withdraws_a_failing_canary(small_disk: Path) -> None:
    with deploy(small_disk) as deployment:
        number = publish(small_disk, model_file=TRICKY)
        canary(deployment.store, number, 0.5, ANN)
        assert (200, number) in deployment.replies(count=40)
        with read_only(small_disk):
            deployment.fail(*PROMOTE_2, reason="Read-only file system); nothing was done")
            deployment.succeed("verify")
            assert deployment.replies(count=40) == {(200, 1), (200, number)}
            wait_until(
                lambda: deployment.replies(RAISES) and deployment.replies(count=40) == {(200, 1)},
                "both workers without it",
            )
            fault = wait_until(lambda: deployment.faults().get("canary"), "the fault")
            assert f"version {number} is withdrawn: it failed" in fault
        wait_until(lambda: "canary" not in deployment.store.aliases.read(), "its alias to go, now that it can")
        wait_until(lambda: not deployment.faults(), "the end of the fault")
        assert deployment.actions() == ["publish", "canary", "clear"]


def test_a_trace_names_the_version_that_the_fallback_stood_in_for_and_it_stays_champion(
    deployment: Deployment,
) -> None:
    promote(deployment.store, publish(deployment.server.models, model_file=TRICKY), "champion", ANN)
    promote(deployment.store, 1, "fallback", ANN)
    before = deployment.actions()
    status, reply = deployment.server.ask(RAISES, X_Request_ID="raises")
    assert (status, reply["version"]) == (200, 1)
    page = deployment.run("trace", "raises").stdout
    assert "role fallback" in page
    assert "instead_of:4" in page
    assert deployment.replies() == {(200, 4)}
    assert deployment.actions() == before


def make_champion_unprobed(models: Path, model_file: Path) -> VersionStore:
    """Make a version champion that no command has probed, as an older service would have left it."""
    store, number = VersionStore(models, "boston"), adopt(models, model_file)
    with store.aliases.write_lock():
        sha256 = store.check(number).digest
        store.aliases.change("promote", {"champion": number}, ANN, version=number, alias="champion", sha256=sha256)
    return store


def test_a_version_that_crashes_its_runtime_costs_no_worker(deployment: Deployment) -> None:
    server, before = deployment.server, deployment.server.workers()
    crashing = make_champion_unprobed(server.models, CRASHING).versions()[-1]
    wait_until(lambda: "SIGSEGV" in deployment.faults().get("champion", ""), "the fault")
    for _ in range(20):
        status, error = deployment.open(crashing)
        assert (status, "litert crashed with SIGSEGV" in error) == (503, True), error
        assert server.ask()[1]["version"] == 1  # the champion before goes on
    assert server.workers() == before


def test_a_champion_that_crashes_its_runtime_leaves_the_workers_alive_to_say_so(tmp_path: Path) -> None:
    publish(tmp_path / "models")
    make_champion_unprobed(tmp_path / "models", CRASHING)
    with serving(tmp_path / "models", workers=2, wait=False) as server:
        wait_until(lambda: server.status("/health/live") == 200, "a live server")
        before = server.wait_for_workers(2)
        for _ in range(20):
            status, reply = server.ask()
            assert (status, "litert crashed with SIGSEGV" in reply["error"]) == (503, True)
        assert server.workers() == before
        deployment = Deployment(server, VersionStore(server.models, "boston"))
        deployment.succeed("rollback", "--by", "ann")
        assert deployment.replies() == {(200, 1)}


def test_a_pipe_in_place_of_a_version_hangs_neither_the_service_nor_a_command(deployment: Deployment) -> None:
    sums = deployment.store.folder / "2" / "SHA256SUMS"
    sums.unlink()
    os.mkfifo(sums)
    for _ in range(12):
        status, error = deployment.open(2)
        assert (status, "it is a pipe" in error) == (503, True)
    assert deployment.replies() == {(200, 1)}
    deployment.fail("verify", reason="it is a pipe")
    deployment.fail(*PROMOTE_2, reason="it is a pipe")


def test_a_log_of_today_that_is_not_ours_is_said_at_the_start_and_by_each_worker(tmp_path: Path) -> None:
    publish(tmp_path / "models")
    path = tmp_path / "logs" / "boston" / f"requests-{datetime.now(UTC):%Y-%m-%d}.csv"
    path.parent.mkdir(parents=True)
    path.write_text("other,columns\n")
    with serving(tmp_path / "models", workers=2, wait=False) as server:
        wait_until(lambda: server.status("/health/live") == 200, "an answer")
        replies = [server.request("GET", "/health/ready") for _ in range(12)]
        ((status, reason),) = {(status, reply["reason"]) for status, reply in replies}
        assert (status, f"{path}: its columns are not" in reason) == (503, True)
        assert f"No prediction can be served yet: {reason}" in server.output.read_text()
        assert server.ask()[0] == 503
        path.unlink()
        wait_until(server.ready, "a ready server")
        assert server.ask()[0] == 200
