"""``/predict_csv`` on a real server: a million rows in bounded memory, faults on the way, and slow or many clients."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from journal import LogReader, daily_files
from tests.e2e.server import Server, head, on_each_server, serving, wait_until

MILLION = 1_000_000
ROWS = 10_000  # of a file that a thread reads while it arrives
HEADER, LINE = b"rm,tax,age\n", b"6,250,66.5\n"


@pytest.fixture
def server(software: str, models: Path) -> Iterator[Server]:
    """Run one worker: what it does can be seen from outside, and its peak of memory is that of one test."""
    with serving(models, workers=1, SERVE_THREADS="3") as server:
        yield server


def memory(pid: int, name: str) -> float:
    """Return VmRSS or VmHWM of a process, in MB."""
    return int(re.findall(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0]) / 1000


@on_each_server
@pytest.mark.parametrize(("column", "cell"), [("", ""), ("town,", "Town {},")], ids=["plain", "towns"])
def test_a_million_rows_go_through_in_bounded_memory_and_are_all_in_the_log(
    server: Server, tmp_path: Path, column: str, cell: str
) -> None:
    sent, back = tmp_path / "sent.csv", tmp_path / "back.csv"
    rows = (f"{cell.format(n)}{4 + n % 4000 / 1000},{200 + n % 500},{n % 900 / 10 + 5}\n" for n in range(MILLION))
    sent.write_text("".join([f"{column}rm,tax,age\n", *rows]))
    (pid,) = server.workers()
    server.ask()
    idle = memory(pid, "VmRSS")
    curl = ["curl", "--silent", "--show-error", "--fail", "--data-binary", f"@{sent}", "--output", str(back)]
    command = [*curl, "-H", "Content-Type: text/csv", "-w", "%{time_total}", f"{server.url}/predict_csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    growth = memory(pid, "VmHWM") - idle
    print(f"{MILLION / float(done.stdout):.0f} rows/s, {growth:.0f} MB over idle")  # noqa: T201 - for pytest -s
    assert growth < 150
    (log,) = daily_files(server.logs / "boston", "predictions")
    answers, logged = (pd.read_csv(path, usecols=["prediction"], dtype=str) for path in (back, log))
    assert len(answers) == MILLION
    assert logged["prediction"].tolist()[1:] == answers["prediction"].tolist()  # the first is of the question before


def test_megabytes_of_bad_rows_are_given_up_after_a_while_and_others_are_answered_meanwhile(server: Server) -> None:
    body = HEADER + b",,\n" * 5_000_000
    with ThreadPoolExecutor(2) as pool:
        headers = {"Content-Type": "text/csv"}
        sent = [pool.submit(server.request, "POST", "/predict_csv", body, headers, 300) for _ in range(2)]
        wait_until(lambda: len(nameless_files(server)) == 2, "both files to be worked on")
        for _ in range(200):
            assert server.ask()[0] == 200
        assert len(nameless_files(server)) == 2  # the others did not wait for the end of a file
        replies = [reply.result() for reply in sent]
    assert [(status, "bad rows took 10 s" in reply["error"]) for status, reply in replies] == [(422, True)] * 2
    assert nameless_files(server) == []


def csv_head(length: int) -> bytes:
    return head("/predict_csv", Content_Type="text/csv", Content_Length=length)


def begin(server: Server) -> socket.socket:
    """Open a connection, and send the header of a file on it that is too long to be gathered before it is read."""
    connection = server.connect()
    connection.sendall(csv_head(len(HEADER + LINE * ROWS)) + HEADER)
    return connection


def send_file(server: Server) -> int:
    """Send a small file. Return the status."""
    return server.request("POST", "/predict_csv", HEADER + LINE, {"Content-Type": "text/csv"})[0]


def nameless_files(server: Server) -> list[str]:
    """Return the files without a name that the worker has open in the log folder."""
    (pid,) = server.workers()
    targets = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            targets.append(str(descriptor.readlink()))
    return [target for target in targets if str(server.logs) in target and "(deleted)" in target]


@on_each_server
def test_other_requests_are_answered_meanwhile_and_one_file_too_many_is_429(server: Server) -> None:
    waiting = [begin(server) for _ in range(2)]

    def one_is_too_many() -> bool:
        if send_file(server) == 429:
            return True
        for place, connection in enumerate(waiting):
            connection.setblocking(False)
            with suppress(BlockingIOError):  # else it came beside the file before, and was one too many
                connection.recv(1)
                connection.close()
                waiting[place] = begin(server)
        return False

    wait_until(one_is_too_many, "429", 8)
    assert server.ask()[0] == 200
    for connection in waiting:
        connection.settimeout(30)
        connection.sendall(LINE * ROWS)
        assert b"200 OK" in connection.recv(100)
        connection.close()
    wait_until(lambda: send_file(server) == 200, "200")


@on_each_server
def test_clients_that_take_their_time_to_read_leave_a_thread_for_the_others_and_no_file(server: Server) -> None:
    body = HEADER + LINE * 400_000
    reading = [server.connect() for _ in range(2)]
    for connection in reading:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(csv_head(len(body)) + body)
        connection.recv(1)  # the reply has begun, and is not read
    assert send_file(server) == 429
    assert server.ask()[0] == 200
    for connection in reading:
        connection.close()
    wait_until(lambda: send_file(server) == 200, "200")
    wait_until(lambda: nameless_files(server) == [], "the files to be closed")


@on_each_server
def test_a_client_that_hangs_up_in_the_middle_leaves_its_row_and_no_file(server: Server) -> None:
    with begin(server) as connection:
        connection.sendall(LINE)
    wait_until(lambda: any(row["status"] == "400" for row in server.rows("requests")), "the refused request's row")
    assert server.ask()[0] == 200
    assert nameless_files(server) == []


@on_each_server
def test_a_kill_in_the_middle_leaves_no_file_and_a_log_that_can_be_read(server: Server) -> None:
    (pid,) = server.workers()
    body = HEADER + LINE * 2_000_000
    failed = threading.Event()

    def send() -> None:
        with suppress(OSError):
            server.exchange(csv_head(len(body)) + body)
        failed.set()

    threading.Thread(target=send, daemon=True).start()
    log = server.logs / "boston"
    wait_until(lambda: any(path.stat().st_size > 10_000_000 for path in daily_files(log, "predictions")), "rows")
    os.kill(pid, signal.SIGKILL)
    wait_until(failed.is_set, "the client to notice")
    server.wait_for_workers(1, without=[pid])
    wait_until(lambda: server.ask()[0] == 200, "an answer of the new worker")
    assert sorted(path.name.split("-")[0] for path in log.iterdir()) == ["predictions", "requests"]
    (path,) = daily_files(log, "predictions")
    reader = LogReader(path)
    assert sum(1 for _ in reader) > 50_000
    assert reader.torn <= 1
    assert {row["status"] for row in server.rows("requests")} == {"200"}  # the killed one has none
