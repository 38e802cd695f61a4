"""What only Granian does: TLS, and the limits of docs/how-to/granian.md, which go away behind a proxy."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.conftest import publish
from tests.e2e.server import ROW, Client, Server, free_port, head, run, served_by, serving, wait_until
from tests.e2e.test_proxy import nginx, write_certificate

CHUNKS_CUT_OFF = b"c\r\n[6,250,66.5]\r\nzz\r\n"
STALLED = head(Content_Length=len(ROW)) + ROW[:5]


@pytest.fixture(scope="module", autouse=True)
def software() -> Iterator[str]:
    with served_by("granian") as name:
        yield name


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one worker with two threads."""
    models = tmp_path_factory.mktemp("granian") / "models"
    publish(models)
    with serving(models, workers=1, SERVE_THREADS="2", SERVE_TRUSTED_PROXIES="127.0.0.1") as server:
        yield server


@pytest.fixture(scope="module")
def proxy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Run nginx before it, which reads a request whole before it passes it on, if nobody forbids that."""
    port = free_port()
    location = f"location / {{ proxy_pass http://127.0.0.1:{server.port}; }}"
    block = f"server {{ listen 127.0.0.1:{port}; {location} }}\n"
    with nginx(tmp_path_factory.mktemp("nginx") / "nginx", block, port):
        yield Client(port)


def stall(client: Client, stack: ExitStack) -> list[socket.socket]:
    """Begin as many requests as there are threads, and more, without their ends."""
    connections = [stack.enter_context(client.connect()) for _ in range(4)]
    for connection in connections:
        connection.sendall(STALLED)
    return connections


def answers(client: Client) -> bool:
    with suppress(TimeoutError):
        return client.ask(seconds=1)[0] == 200
    return False


def test_it_serves_with_tls_and_prints_a_line_that_asks_so(models: Path, tmp_path: Path) -> None:
    certificate, key, port = tmp_path / "certificate.pem", tmp_path / "key.pem", free_port()
    write_certificate(certificate, key)
    flags = f"--certfile {certificate} --keyfile {key}"
    with serving(models, workers=1, wait=False, port=port, GUNICORN_CMD_ARGS=flags) as server:
        how = [
            "--silent",
            "--max-time",
            "5",
            "--cacert",
            str(certificate),
            "--resolve",
            f"example.org:{port}:127.0.0.1",
        ]
        url = f"https://example.org:{port}"
        ready = ["curl", *how, "--fail", f"{url}/health/ready"]
        wait_until(lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0, "a ready server")
        (line,) = re.findall(r"^  (curl .*)$", server.output.read_text(), re.MULTILINE)
        command = [*shlex.split(line.replace("https://127.0.0.1", "https://example.org")), *how]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.startswith('{"success":true,')
        page = subprocess.run(["curl", *how, url], capture_output=True, text=True, check=True).stdout
        assert f"curl {url}/predict_json" in page


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's schedulers")
def test_its_threads_do_not_interrupt_each_other(server: Server) -> None:
    assert server.ask()[0] == 200
    (worker,) = server.workers()
    threads = [int(task.name) for task in Path(f"/proc/{worker}/task").iterdir()]
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_BATCH}


def test_a_wrong_certificate_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    flags = f"--certfile {tmp_path}/key.pem --keyfile {tmp_path}/key.pem"
    bind = f"127.0.0.1:{free_port()}"
    done = run("app", SERVE_SERVER="granian", SERVE_BIND=bind, GUNICORN_CMD_ARGS=flags)
    assert done.returncode == 1
    assert "certfile and keyfile can't be used: [SSL]" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_encrypted_key_is_refused_without_a_question_on_the_terminal(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:word", "-subj", "/CN=example.org"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    flags = f"--certfile {certificate} --keyfile {key}"
    done = run("app", SERVE_SERVER="granian", SERVE_BIND=f"127.0.0.1:{free_port()}", GUNICORN_CMD_ARGS=flags)
    assert done.returncode == 1
    assert "certfile and keyfile can't be used: [SSL" in done.stderr
    assert "pass phrase" not in done.stdout + done.stderr


FAILING = """
import sys

def application(environ, start_response):
    if environ["PATH_INFO"] == "/exit":
        sys.exit("as some libraries do")
    start_response("200 OK", [("Content-Length", "3")])
    if environ["PATH_INFO"] == "/broken":
        return (bytes([1 // (2 - part)]) for part in range(3))
    return [b"abc"]
"""


# Takes all descriptors, so that none is left for the listening socket.
GREEDY = """
import os
import resource

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
try:
    while True:
        os.open(os.devnull, os.O_RDONLY)
except OSError:
    pass

def application(environ, start_response):
    return []
"""


def small(module: str, port: int) -> list[str]:
    """Return the command that serves an application of a file, without this project's settings."""
    options = ["--config", os.devnull, "--worker-class", "app.server.granian.GranianWorker", "--no-control-socket"]
    options += ["--bind", f"127.0.0.1:{port}", "--pythonpath", module.rpartition("/")[0]]
    return [sys.executable, "-m", "gunicorn", *options, f"{module.rpartition('/')[2]}:application"]


def test_a_worker_whose_serving_fails_is_told_of_by_the_master(tmp_path: Path) -> None:
    (tmp_path / "greedy.py").write_text(GREEDY)
    port = free_port()
    with serving(tmp_path / "models", command=small(f"{tmp_path}/greedy", port), port=port, wait=False) as server:
        failed = re.compile(r"Worker \(pid:\d+\) exited with code 1\.")
        wait_until(lambda: failed.search(server.output.read_text()), "a worker that failed")
        assert "Too many open files" in server.output.read_text()


def test_an_application_that_fails_ends_its_reply_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    port = free_port()
    with serving(tmp_path / "models", command=small(f"{tmp_path}/failing", port), port=port) as server:
        for path, status in (("/exit", 500), ("/", 200)):
            assert server.ask(path=path)[0] == status
        with server.connect() as connection:
            connection.sendall(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
            reply = b""
            while part := connection.recv(4096):  # until the server closes it, as the reply has less than its length
                reply += part
        assert len(reply.partition(b"\r\n\r\n")[2]) < 3
        assert server.ask(path="/")[0] == 200
        text = server.output.read_text()
        assert "SystemExit: as some libraries do" in text
        assert "ZeroDivisionError" in text


def test_where_it_is_not_installed_the_start_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "granian.py").write_text("raise ModuleNotFoundError(name='granian')")
    done = run("app", SERVE_SERVER="granian", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("SERVE_SERVER=granian: Granian is not installed; `requirements/install.sh granian` ")
    assert done.stderr.count("\n") == 1


def test_the_log_has_the_path_with_its_query_percent_encoded(server: Server) -> None:
    assert server.ask(path="/predict_json?x=%C3%A4", X_Request_ID="query")[0] == 200
    assert server.ask(path="/nowhere/a%20b", X_Request_ID="space")[0] == 404
    paths = [server.rows("requests", request_id)[0]["path"] for request_id in ("query", "space")]
    assert paths == ["/predict_json?x=%C3%A4", "/nowhere/a%20b"]


def test_a_body_that_stands_still_holds_a_thread_until_its_client_leaves(server: Server) -> None:
    with ExitStack() as stack:
        stall(server, stack)
        wait_until(lambda: not answers(server), "both threads to be held")
    wait_until(lambda: answers(server), "an answer")


def test_behind_a_proxy_it_holds_nobody_up(proxy: Client) -> None:
    with ExitStack() as stack:
        connections = stall(proxy, stack)
        for _ in range(20):
            assert proxy.ask(seconds=5)[0] == 200
        for connection in connections:
            connection.sendall(ROW[5:])
            assert b" 200 OK" in connection.recv(4096)


BROKEN = {
    "chunks that break off": head(Transfer_Encoding="chunked") + CHUNKS_CUT_OFF,
    "chunks and a length": head(Transfer_Encoding="chunked", Content_Length=5) + b"c\r\n[6,250,66.5]\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_a_body_whose_end_is_doubtful_is_taken_as_whole_and_a_proxy_refuses_it(
    server: Server, proxy: Client, sent: bytes
) -> None:
    for client, status in ((server, b" 200 OK"), (proxy, b" 400 Bad Request")):
        with client.connect() as connection:
            connection.sendall(sent)
            assert status in connection.recv(4096).partition(b"\r\n")[0]


def test_an_underscore_in_a_name_counts_as_a_hyphen_and_a_proxy_drops_such_a_name(
    server: Server, proxy: Client
) -> None:
    for client, name in ((server, "direct"), (proxy, "passed")):
        with client.connect() as connection:
            headers = f"X-Request-ID: {name}\r\nX_Forwarded_For: 192.0.2.7\r\nContent-Length: {len(ROW)}\r\n\r\n"
            connection.sendall(head().removesuffix(b"\r\n") + headers.encode() + ROW)
            assert b" 200 OK" in connection.recv(4096)
    clients = [server.rows("requests", name)[0]["client"] for name in ("direct", "passed")]
    assert clients == ["192.0.2.7", "127.0.0.1"]
