"""The image as its README runs it: built from this tree, hardened, asked on its published port, stopped while it works.

Wants a Docker engine. Without one these tests are skipped, and fail instead if REQUIRE_DOCKER=1.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from journal import LogReader, daily_files
from tests.e2e.server import ROOT, ROW, Client, head, wait_until

BASE = "python:3.13-slim"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=256m", "--memory-swap=256m"]


def docker(*words: str, timeout: float = 120) -> str:
    """Run docker. Return what it prints; fail with its errors."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout.strip()


@dataclass
class Container(Client):
    """A running container of the image, by its id."""

    id: str

    def run(self, *command: str) -> tuple[int, str]:
        """Run a command in the container. Return its exit code and what it prints."""
        done = subprocess.run(["docker", "exec", self.id, *command], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def state(self) -> Any:
        return json.loads(docker("inspect", "--format", "{{json .State}}", self.id))

    def output(self) -> str:
        done = subprocess.run(["docker", "logs", self.id], capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def rows(self, stream: str, into: Path) -> list[dict[str, str]]:
        """All rows of a stream of its log, copied out of the volume."""
        docker("cp", f"{self.id}:/srv/logs", str(into / stream))
        return [row for path in daily_files(into / stream / "boston", stream) for row in LogReader(path)]


@pytest.fixture(scope="module")
def image() -> str:
    """The id of the service's image, built from the working tree."""
    try:
        answer = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=60)
        fault = answer.stderr.strip().splitlines()[-1] if answer.returncode else ""
    except OSError as error:
        fault = str(error)
    if fault:
        reason = f"THE IMAGE WAS NOT TESTED: no Docker engine answers ({fault})"
        (pytest.fail if os.environ.get("REQUIRE_DOCKER") == "1" else pytest.skip)(reason)
    return build("flask-model-service-test")


def build(name: str, *options: str) -> str:
    """Build an image from the working tree. Return its id."""
    argument = f"SOURCE_COMMIT={COMMIT}"
    docker("build", "-t", name, "--build-arg", argument, *options, str(ROOT), timeout=1800)
    return docker("image", "inspect", "--format", "{{.Id}}", name)


@contextmanager
def new_volume() -> Iterator[str]:
    volume = docker("volume", "create")
    try:
        yield volume
    finally:
        docker("volume", "rm", volume)


@contextmanager
def running(image: str, *options: str, words: tuple[str, ...] = (), volume: str = "") -> Iterator[Container]:
    """A hardened container, until the end of the block; with a logs volume of its own, if it is given none."""
    with ExitStack() as stack:
        logs = volume or stack.enter_context(new_volume())
        publish = ["-p", "127.0.0.1::5000", "-v", f"{logs}:/srv/logs"]
        name = docker("run", "-d", *HARDENED, *publish, "--health-interval", "1s", *options, image, *words)
        stack.callback(docker, "rm", "-f", "-v", name)
        port = int(docker("port", name, "5000/tcp").splitlines()[0].rpartition(":")[2])
        container = Container(port, name)
        wait_until(lambda: container.ready() or not container.state()["Running"], "a ready container")
        assert container.state()["Running"], container.output()
        yield container


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[Container]:
    """A container that several tests ask; run with the word that others give."""
    with running(image, words=("serve",)) as container:
        yield container


def test_it_adds_less_than_160_mb_to_its_base(image: str) -> None:
    sizes = [int(docker("image", "inspect", "--format", "{{.Size}}", name)) for name in (image, BASE)]
    assert sizes[0] - sizes[1] < 160_000_000


def test_it_answers_on_the_published_port(container: Container) -> None:
    status, reply = container.ask()
    assert (status, reply["success"]) == (200, True)
    assert 0 < reply["prediction"] < 100
    assert reply["version"] == 1


def test_both_logs_are_in_the_volume_although_the_root_is_read_only(container: Container, tmp_path: Path) -> None:
    answered = container.ask()[1]["request_id"]
    for stream in ("requests", "predictions"):
        rows = [row for row in container.rows(stream, tmp_path) if row["request_id"] == answered]
        assert len(rows) == 1, stream


def test_it_can_write_nowhere_but_in_its_logs(container: Container) -> None:
    writable = container.run("sh", "-c", "find / -xdev -type d -writable 2>/dev/null")[1].split()
    assert writable == ["/srv/logs"]


def test_it_does_not_run_as_root(container: Container, image: str) -> None:
    assert container.run("id", "-u") == (0, "10001\n")
    assert docker("image", "inspect", "--format", "{{.Config.User}}", image) == "10001:0"


def test_any_other_user_of_group_0_goes_on_in_the_same_log(image: str, tmp_path: Path) -> None:
    with new_volume() as volume:
        for number, user in enumerate(("10001:0", "1000770000:0", "1000880000:0"), 1):
            with running(image, "--user", user, volume=volume) as container:
                assert container.ask()[0] == 200
                (tmp_path / str(number)).mkdir()
                assert len(container.rows("requests", tmp_path / str(number))) == number


def test_its_healthcheck_finds_it_healthy_and_says_nothing(container: Container) -> None:
    wait_until(lambda: container.state()["Health"]["Status"] == "healthy", "health")
    assert container.state()["Health"]["Log"][-1]["Output"] == ""


def test_its_healthcheck_fails_with_a_reason_where_nothing_answers(container: Container) -> None:
    status, output = container.run("env", "SERVE_BIND=0.0.0.0:9", "python", "-I", "-S", "deploy/healthcheck.py")
    assert (status, output.count("\n")) == (1, 1)
    assert output.startswith("0.0.0.0:9 does not answer")


def test_neither_training_nor_monitor_nor_what_they_need_is_in_it(container: Container) -> None:
    names = "tensorflow", "keras", "train", "pip", "monitor", "duckdb", "pandas", "scipy", "sklearn"
    look = f"import importlib.util as u; print([n for n in {names} if u.find_spec(n)])"
    assert container.run("python", "-c", look) == (0, "[]\n")


def test_its_model_is_sound_and_names_the_commit_it_was_built_from(container: Container) -> None:
    status, output = container.run("python", "-m", "registry", "show", "champion")
    assert status == 0, output
    assert COMMIT in output


def test_the_memory_limit_holds_for_the_largest_request(container: Container) -> None:
    status, reply = container.ask(b"[" + b",".join([ROW] * 10_000) + b"]")
    assert (status, len(reply["predictions"])) == (200, 10_000)
    assert container.state()["OOMKilled"] is False


def test_docker_stop_lets_what_is_in_flight_finish_and_exits_with_0(image: str, tmp_path: Path) -> None:
    """The requests are half sent when the signal arrives, so that they surely are in flight."""
    names = [f"in-flight-{number}" for number in range(8)]  # fewer than one worker's threads: it can still answer
    with running(image, "-e", "SERVE_THREADS=16") as container, ExitStack() as opened:
        connections = []
        for name in names:
            connection = opened.enter_context(container.connect())
            connection.sendall(head(X_Request_ID=name, Connection="close", Content_Length=len(ROW)) + ROW[:5])
            connections.append(connection)
        # as many connections again were taken up and answered: those before them are in the workers' hands
        assert [container.ask()[0] for _ in names] == [200] * len(names)
        stopping = Thread(target=docker, args=("stop", "-t", "30", container.id))
        stopping.start()
        wait_until(lambda: "Handling signal: term" in container.output(), "the signal")
        for connection in connections:
            connection.sendall(ROW[5:])
        replies = [connection.recv(4096) for connection in connections]
        stopping.join()
        assert [b" 200 OK" in reply for reply in replies] == [True] * len(names)
        assert (container.state()["ExitCode"], container.state()["OOMKilled"]) == (0, False), container.output()
        assert {row["request_id"] for row in container.rows("predictions", tmp_path)} >= set(names)


def test_the_monitor_is_an_image_of_its_own_whose_reports_the_service_shows(image: str) -> None:
    monitor_image = build("flask-model-monitor-test", "--target", "monitor")
    with new_volume() as volume, running(image, volume=volume) as service:
        for _ in range(40):
            assert service.ask()[0] == 200
        options = [*HARDENED[:3], "--network=none", "-v", f"{volume}:/srv/logs", "--health-interval=1s"]
        monitor = Container(0, docker("run", "-d", *options, monitor_image))
        try:
            wait_until(lambda: monitor.state()["Health"]["Status"] == "healthy", "the first report", 120)
            status, report = service.request("GET", "/monitor.json")
            assert status == 200, report
            assert report["report"]["window"]["requests"] == 40
            assert monitor.run("id", "-u") == (0, "10002\n")
            writable = monitor.run("sh", "-c", "find / -xdev -type d -writable 2>/dev/null")[1].split()
            assert all(folder.startswith("/srv/logs") for folder in writable)
            wait_until(lambda: "] [monitor] The last 7 days: " in monitor.output(), "what it found")
            docker("stop", monitor.id)
            assert monitor.state()["ExitCode"] == 0
        finally:
            docker("rm", "-f", "-v", monitor.id)
