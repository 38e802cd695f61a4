"""``/predict_csv`` on a real server: a million rows in bounded memory, faults on the way, and slow or many clients."""

from __future__ import annotations

import csv
import os
import re
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from journal import LogReader, daily_files
from tests.conftest import publish
from tests.e2e.server import Server, serving, wait_until

pytestmark = pytest.mark.slow

MILLION = 1_000_000
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bulk")
    publish(folder / "models")
    return folder / "models"


@pytest.fixture
def server(models: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(models, tmp_path / "logs", workers=1, SERVE_THREADS="3") as server:
        yield server


def memory(pid: int, what: str) -> float:
    """VmRSS or VmHWM of a process, in MB."""
    return int(re.findall(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0]) / 1000


def write_rows(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.write("town,rm,tax,age\n" if path.stem == "towns" else "rm,tax,age\n")
        for number in range(count):
            town = f"Town {number}," if path.stem == "towns" else ""
            file.write(f"{town}{4 + number % 4000 / 1000},{200 + number % 500},{number % 900 / 10 + 5}\n")


@pytest.mark.parametrize("name", ["plain", "towns"])
def test_a_million_rows_go_through_in_bounded_memory_and_are_all_in_the_log(
    server: Server, tmp_path: Path, name: str
) -> None:
    sent, back = tmp_path / f"{name}.csv", tmp_path / "back.csv"
    write_rows(sent, MILLION)
    (pid,) = server.workers()
    server.ask()
    idle = memory(pid, "VmRSS")
    curl = ["curl", "--silent", "--show-error", "--fail", "--data-binary", f"@{sent}", "--output", str(back)]
    done = subprocess.run(
        [*curl, "-H", "Content-Type: text/csv", "-w", "%{time_total}", f"{server.url}/predict_csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    grown = memory(pid, "VmHWM") - idle
    print(f"{name}: {MILLION / float(done.stdout):.0f} rows/s, {grown:.0f} MB over idle")  # noqa: T201
    assert grown < 150
    with back.open(newline="") as file:
        predictions = [row["prediction"] for row in csv.DictReader(file)]
    assert len(predictions) == MILLION
    (log,) = daily_files(server.logs / "boston", "predictions")
    logged = [row["prediction"] for row in LogReader(log)][1:]  # the first is of the question before
    assert logged == predictions


def test_other_requests_are_answered_meanwhile_and_one_file_too_many_is_429(server: Server) -> None:
    waiting = [begun(server) for _ in range(2)]

    def one_is_too_many() -> bool:
        if server.request("POST", "/predict_csv", b"rm,tax,age\n6,250,66.5\n", CSV)[0] == 429:
            return True
        for place, connection in enumerate(waiting):
            if select.select([connection], [], [], 0)[0]:  # it came beside the question before, and was one too many
                connection.close()
                waiting[place] = begun(server)
        return False

    wait_until(one_is_too_many, "429", 8)
    assert server.ask()[0] == 200
    for connection in waiting:
        connection.sendall(b"6,250,66.5\n" * 10)
        assert b"200 OK" in connection.recv(100)
        connection.close()
    wait_until(lambda: server.request("POST", "/predict_csv", b"rm,tax,age\n6,250,66.5\n", CSV)[0] == 200, "200")


def test_clients_that_take_their_time_to_read_leave_a_thread_for_the_others(server: Server) -> None:
    body = b"rm,tax,age\n" + b"6,250,66.5\n" * 400_000
    reading = []
    for _ in range(2):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(head(len(body)) + body)
        connection.recv(1)  # the reply has begun, and is not read
        reading.append(connection)
    assert server.request("POST", "/predict_csv", b"rm,tax,age\n6,250,66.5\n", CSV)[0] == 429
    assert server.ask()[0] == 200
    for connection in reading:
        connection.close()
    wait_until(lambda: server.request("POST", "/predict_csv", b"rm,tax,age\n6,250,66.5\n", CSV)[0] == 200, "200")


def head(length: int) -> bytes:
    """What stands before a body of this length."""
    lines = ["POST /predict_csv HTTP/1.1", "Host: x", "Content-Type: text/csv", f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


def begun(server: Server) -> socket.socket:
    """A connection on which the header of a file was sent, and ten rows are to come."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(head(121) + b"rm,tax,age\n")
    return connection


def test_a_client_that_hangs_up_in_the_middle_leaves_its_row_and_no_file(server: Server) -> None:
    connection = begun(server)
    connection.sendall(b"6,250,66.5\n")
    connection.close()
    wait_until(lambda: any(row["status"] == "400" for row in server.rows("requests")), "the refused request's row")
    assert server.ask()[0] == 200
    assert held(server) == []


def test_a_client_that_does_not_stay_for_its_reply_holds_no_file(server: Server) -> None:
    body = b"rm,tax,age\n" + b"6,250,66.5\n" * 400_000
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(head(len(body)) + body)
    connection.recv(10)
    connection.close()
    wait_until(lambda: held(server) == [], "the file to be closed")


def held(server: Server) -> list[str]:
    """The files without a name that the worker has open in the log folder."""
    (pid,) = server.workers()
    targets = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            targets.append(str(descriptor.readlink()))
    return [target for target in targets if str(server.logs) in target and "(deleted)" in target]


def test_a_kill_in_the_middle_leaves_no_file_and_a_log_that_can_be_read(server: Server) -> None:
    (pid,) = server.workers()
    body = b"rm,tax,age\n" + b"6,250,66.5\n" * 2_000_000
    failed = threading.Event()

    def send() -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head(len(body)) + body)
            connection.recv(10)
        failed.set()

    threading.Thread(target=send, daemon=True).start()
    log = server.logs / "boston"
    wait_until(
        lambda: any(path.stat().st_size > 10_000_000 for path in daily_files(log, "predictions")), "rows in the log"
    )
    os.kill(pid, signal.SIGKILL)
    wait_until(failed.is_set, "the client to notice")
    wait_until(lambda: server.workers() not in ([], [pid]) and server.ask()[0] == 200, "a new worker")
    assert sorted(path.name.split("-")[0] for path in log.iterdir()) == ["predictions", "requests"]
    (path,) = daily_files(log, "predictions")
    reading = LogReader(path)
    assert sum(1 for _ in reading) > 50_000
    assert reading.torn <= 1
    assert {row["status"] for row in server.rows("requests")} == {"200"}  # the killed one has none
