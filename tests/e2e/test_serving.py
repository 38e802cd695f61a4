"""The service as people run it: gunicorn with four workers, asked from outside."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bad_inputs import BAD
from tests.conftest import publish
from tests.e2e.server import ROOT, ROW, Server, free_port, serving, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serving")
    publish(folder / "models")
    with serving(folder / "models", folder / "logs") as running:
        yield running


def test_the_curl_line_of_the_readme_is_answered(server: Server) -> None:
    text = (ROOT / "README.md").read_text()
    (line,) = re.findall(r"^curl .*predict_json(?:.|\n)*?'\[.*\]'$", text, re.MULTILINE)
    words = shlex.split(line.replace("\\\n", " ").replace("127.0.0.1:5000", f"127.0.0.1:{server.port}"))
    done = subprocess.run([*words, "--silent", "--show-error"], capture_output=True, text=True, check=True)
    assert re.match(r'\{"success":true,"prediction":\d+\.\d+,"request_id":"', done.stdout)


def test_the_curl_line_that_the_server_prints_is_answered(server: Server) -> None:
    (line,) = re.findall(r"^  (curl .*)$", server.output.read_text(), re.MULTILINE)
    done = subprocess.run([*shlex.split(line), "--silent"], capture_output=True, text=True, check=True)
    assert '"success":true' in done.stdout


def test_every_bad_request_is_answered_with_its_reason_and_has_its_row(server: Server) -> None:
    for number, bad in enumerate(BAD):
        request_id = f"bad-{number}"
        status, reply = server.request("POST", bad.path, bad.body, {**bad.headers, "X-Request-ID": request_id})
        assert status == bad.status, bad.name
        assert bad.says in (reply if isinstance(reply, str) else reply["error"]), bad.name
    rows = {row["request_id"]: row for row in server.rows("requests")}
    for number, bad in enumerate(BAD):
        assert rows[f"bad-{number}"]["status"] == str(bad.status), bad.name
        assert rows[f"bad-{number}"]["error"], bad.name


def test_a_chunked_body_is_read_and_has_the_same_bound(server: Server) -> None:
    def chunked(body: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(
                b"POST /predict_json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            )
            for start in range(0, len(body), 65536):
                part = body[start : start + 65536]
                connection.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            connection.sendall(b"0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b""))

    assert b" 200 OK" in chunked(ROW)
    assert b" 413 " in chunked(b"[" + b" " * (1 << 20) + b"]")


UNREAD = [
    ("/predict_json", "application/json", 2 << 20, 413),
    ("/nowhere", "application/json", 300_000, 404),
    ("/nowhere", "application/json", 10, 404),
    ("/v2/models/other/infer", "application/json", 300_000, 404),
    ("/predict_csv", "application/json", 300_000, 415),
    ("/predict_csv", "text/csv", 800_000, 422),
]


@pytest.mark.parametrize(("path", "media_type", "size", "status"), UNREAD)
def test_a_reply_to_what_was_not_read_to_its_end_says_that_the_connection_ends(
    server: Server, path: str, media_type: str, size: int, status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(connection):
        connection.request("POST", path, b"rm,tax\n" + b"1,2\n" * (size // 4), {"Content-Type": media_type})
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("Connection")) == (status, "close")
        reply.read()
        connection.request("POST", "/predict_json", ROW, {"Content-Type": "application/json"})  # connects once more
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("Connection")) == (200, "keep-alive")


def test_a_refusal_of_what_was_read_keeps_the_connection(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(connection):
        for body in (b"[6, 250]", iter([b"[6, ", b"250]"])):  # the second in chunks
            connection.request("POST", "/predict_json", body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            assert (reply.status, reply.getheader("Connection")) == (422, "keep-alive")
            reply.read()


def test_a_refused_client_that_never_sends_its_body_is_not_waited_for(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        reply = b"".join(iter(lambda: connection.recv(65536), b""))  # to the end of the connection
    assert b" 404 " in reply
    assert b"Connection: close" in reply


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"-1\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"])
def test_chunks_that_are_none_are_refused_and_have_their_row(server: Server, chunks: bytes) -> None:
    request_id = f"chunks-{chunks.hex()}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(
            b"POST /predict_json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\nX-Request-ID: " + request_id.encode() + b"\r\n\r\n" + chunks
        )
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 400 " in reply
    assert b"its chunks are wrong" in reply
    (row,) = [row for row in server.rows("requests") if row["request_id"] == request_id]
    assert row["status"] == "400"


def test_a_client_that_hangs_up_in_its_body_has_a_row_and_costs_nobody_else(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /predict_json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"X-Request-ID: hung-up\r\nContent-Length: 100\r\n\r\n[6, "
        )
    wait_until(lambda: [row for row in server.rows("requests") if row["request_id"] == "hung-up"], "its row")
    (row,) = [row for row in server.rows("requests") if row["request_id"] == "hung-up"]
    assert (row["status"], row["error"]) == ("400", "the body ends after 4 of 100 bytes")
    assert server.ask()[0] == 200


@pytest.mark.parametrize(
    "begun", ["POST /predict_json HT", "POST /predict_json HTTP/1.1\r\nContent-Length: 14\r\n\r\n[6"]
)
def test_clients_that_stand_still_do_not_keep_the_others_waiting_for_ever(tmp_path: Path, begun: str) -> None:
    publish(tmp_path / "models")
    with serving(tmp_path / "models", tmp_path / "logs", workers=1, SERVE_THREADS="2") as server:
        still = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
        for connection in still:
            connection.sendall(begun.encode())
        assert server.ask()[0] == 200
        for connection in still:
            connection.settimeout(30)
            assert connection.recv(100)[9:12] in (b"", b"400")
            connection.close()
    assert "Traceback" not in server.output.read_text()


def test_the_workers_share_nothing_of_tensorflow(server: Server) -> None:
    workers = server.workers()
    assert len(workers) == 4
    for pid in workers:
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "ai_edge_litert" in maps
        assert "libtensorflow" not in maps
    assert "ai_edge_litert" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_a_worker_without_a_champion_recovers_when_the_file_is_repaired(tmp_path: Path) -> None:
    publish(tmp_path / "models")
    file = tmp_path / "models" / "boston" / "1" / "model.tflite"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    with serving(tmp_path / "models", tmp_path / "logs", workers=2, wait=False) as server:
        wait_until(lambda: _status(server, "/health/live") == 200, "a living server")
        status, ready = server.request("GET", "/health/ready")
        assert (status, ready["ready"]) == (503, False)
        assert "model.tflite was changed" in ready["reason"]
        status, reply = server.ask()
        assert status == 503
        assert "model.tflite was changed" in reply["error"]
        assert server.rows("requests")[0]["status"] == "503"
        file.write_bytes(content)
        wait_until(server.ready, "a ready server")
        wait_until(lambda: server.ask()[0] == 200, "an answer")


def _status(server: Server, path: str) -> int:
    try:
        return server.request("GET", path)[0]
    except OSError:
        return 0


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_a_runtime_that_cannot_open_the_model_is_a_reason_not_a_crash(tmp_path: Path, runtime: str) -> None:
    publish(tmp_path / "models")
    env = {"SERVE_RUNTIME": runtime}
    with serving(tmp_path / "models", tmp_path / "logs", workers=1, wait=False, **env) as server:
        wait_until(lambda: _status(server, "/health/live") == 200, "a living server")
        status, ready = server.request("GET", "/health/ready")
        assert (status, ready.get("reason", "")) == ((200, "") if runtime == "litert" else (503, ready["reason"]))
        assert runtime == "litert" or "has no model.keras" in ready["reason"]


def run(**env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SERVE_")}
    command = [sys.executable, "-m", "app", "serve"]
    return subprocess.run(
        command, cwd=ROOT, env={**clean, **env}, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_busy_port_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(SERVE_BIND=bind)
    assert done.returncode == 1
    assert done.stderr == (
        f"SERVE_BIND={bind}: can't be bound (Address already in use); choose another with SERVE_BIND=HOST:PORT\n"
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SERVE_THREADS", "many", "SERVE_THREADS='many': expected a whole number of at least 1\n"),
        ("SERVE_BIND", "nowhere.invalid:80", "SERVE_BIND=nowhere.invalid:80: can't be bound ("),
    ],
)
def test_a_wrong_setting_is_one_clear_sentence(name: str, value: str, sentence: str) -> None:
    done = run(**{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_gunicorn_by_its_own_name_serves_the_same(tmp_path: Path) -> None:
    publish(tmp_path / "models")
    gunicorn = Path(sys.executable).with_name("gunicorn")
    assert shutil.which(gunicorn)
    port = free_port()
    env = {"SERVE_BIND": f"127.0.0.1:{port}", "SERVE_MODELS": str(tmp_path / "models"), "SERVE_LOGS": str(tmp_path)}
    process = subprocess.Popen([gunicorn], cwd=ROOT, env={**os.environ, **env}, stderr=subprocess.DEVNULL)
    try:
        server = Server(process, port, tmp_path / "models", tmp_path, tmp_path / "none")
        wait_until(server.ready, "a ready server")
        assert server.ask()[0] == 200
    finally:
        process.terminate()
        process.wait()
