"""The service as people run it: four workers of each server, asked from outside."""

from __future__ import annotations

import http.client
import re
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.healthcheck import fault
from tests.e2e.server import ROW, Server, free_port, head, on_each_server, run, serving, wait_until


@on_each_server
def test_the_curl_line_of_the_start_is_answered(server: Server) -> None:
    (line,) = re.findall(r"^  (curl .*)$", server.output.read_text(), re.MULTILINE)
    command = [*shlex.split(line), "--silent", "--show-error"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.match(r'\{"success":true,"prediction":\d+\.\d+,"request_id":"', done.stdout)


@on_each_server
def test_a_chunked_body_is_read_and_has_the_same_bound(server: Server) -> None:
    def chunked(body: bytes) -> bytes:
        parts = [*(body[start : start + 65536] for start in range(0, len(body), 65536)), b""]
        chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
        return server.exchange(head(Transfer_Encoding="chunked", Connection="close") + chunks)

    assert b" 200 OK" in chunked(ROW)
    assert b" 413 " in chunked(b"[" + b" " * (1 << 20) + b"]")


@on_each_server
@pytest.mark.parametrize(
    ("path", "media_type", "body", "status", "closed"),
    [
        ("/predict_json", "application/json", b"1" * (2 << 20), 413, True),
        ("/nowhere", "application/json", b"1" * 300_000, 404, True),
        ("/nowhere", "application/json", b"1" * 10, 404, True),
        ("/v2/models/other/infer", "application/json", b"1" * 300_000, 404, True),
        ("/predict_csv", "application/json", b"1" * 300_000, 415, True),
        ("/predict_csv", "text/csv", b"rm,tax\n" + b"1,2\n" * 200_000, 422, True),
        ("/predict_json", "application/json", b"[6, 250]", 422, False),
        ("/predict_json", "application/json", [b"[6, ", b"250]"], 422, False),  # in chunks
    ],
)
def test_a_connection_goes_on_only_if_the_body_was_read_to_its_end(
    server: Server, path: str, media_type: str, body: Any, status: int, closed: bool
) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(client):
        client.request("POST", path, body, {"Content-Type": media_type})
        reply = client.getresponse()
        assert (reply.status, reply.will_close) == (status, closed)
        reply.read()
        assert (client.sock is None) == closed  # then the next request connects once more
        client.request("POST", "/predict_json", ROW, {"Content-Type": "application/json"})
        reply = client.getresponse()
        assert (reply.status, reply.will_close) == (200, False)


@on_each_server
def test_a_client_that_waits_to_be_asked_for_its_body_is_refused_before_it_sends_it(
    server: Server, software: str
) -> None:
    reply = server.exchange(head("/nowhere", Content_Length=100, Expect="100-continue"))
    # gunicorn asks as soon as it has read the head, and Granian when somebody wants the body.
    assert reply.startswith(b"HTTP/1.1 100 Continue" if software == "gunicorn" else b"HTTP/1.1 404 ")
    assert b" 404 " in reply
    assert b"connection: close" in reply.lower()


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"-1\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"])
def test_malformed_chunks_are_refused_and_have_their_row(server: Server, chunks: bytes) -> None:
    request_id = f"chunks-{chunks.hex()}"
    reply = server.exchange(head(Transfer_Encoding="chunked", X_Request_ID=request_id, Connection="close") + chunks)
    assert b" 400 " in reply
    assert b"its chunks are wrong" in reply
    (row,) = server.rows("requests", request_id)
    assert row["status"] == "400"


@on_each_server
def test_a_client_that_hangs_up_in_its_body_has_a_row_and_costs_nobody_else(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(head(X_Request_ID="hung-up", Content_Length=100) + b"[6, ")
    (row,) = wait_until(lambda: server.rows("requests", "hung-up"), "its row")
    assert (row["status"], row["error"]) == ("400", "the body ends after 4 of 100 bytes")
    assert server.ask()[0] == 200


def test_the_workers_share_nothing_of_tensorflow(server: Server) -> None:
    for pid in server.wait_for_workers(4):
        maps = Path(f"/proc/{pid}/maps")
        wait_until(lambda maps=maps: "ai_edge_litert" in maps.read_text(), "a worker that has opened its model")
        assert "libtensorflow" not in maps.read_text()
    assert "ai_edge_litert" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_a_worker_without_a_champion_recovers_when_the_file_is_repaired(models: Path) -> None:
    file = models / "boston" / "1" / "model.tflite"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    with serving(models, workers=2, wait=False) as server:
        wait_until(lambda: server.status("/health/live") == 200, "a living server")
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


def test_a_wrong_setting_or_a_busy_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        advice = "end the program that listens there (`ss -lp` shows it), or choose another with SERVE_BIND\n"
        for name, value, sentence in (
            ("SERVE_BIND", bind, f"SERVE_BIND={bind}: can't be bound (Address already in use); {advice}"),
            ("SERVE_BIND", "nowhere.invalid:80", "SERVE_BIND=nowhere.invalid:80: can't be bound ("),
            ("SERVE_THREADS", "many", "SERVE_THREADS='many': expected a whole number of at least 1\n"),
        ):
            done = run("app", "serve", **{name: value})
            assert done.returncode == 1
            assert done.stderr.startswith(sentence)
            assert done.stderr.count("\n") == 1


def test_gunicorn_by_its_own_name_serves_the_same(models: Path) -> None:
    with serving(models, command=[Path(sys.executable).with_name("gunicorn")]) as server:
        assert server.ask()[0] == 200


@on_each_server
def test_it_serves_on_a_unix_socket_and_prints_a_line_that_asks_there(models: Path) -> None:
    path = models.parent / "socket"
    bind = f"unix:{path}"
    with serving(models, workers=1, wait=False, SERVE_BIND=bind) as server:
        wait_until(lambda: fault(bind) is None, "a ready server")
        (printed,) = re.findall(r"^  (curl .*)$", server.output.read_text(), re.MULTILINE)
        done = subprocess.run([*shlex.split(printed), "--silent"], capture_output=True, text=True, check=True)
        assert done.stdout.startswith('{"success":true,')
        again = run("app", SERVE_BIND=bind)
        assert again.stderr.startswith(f"SERVE_BIND={bind}: can't be bound (Address already in use)")
    assert not path.exists()


@on_each_server
def test_on_every_address_the_printed_line_names_one_that_answers(models: Path) -> None:
    port = free_port()
    with serving(models, workers=1, port=port, SERVE_BIND=f"*:{port}", SERVE_PORT="tcp://10.0.0.1:80") as server:
        text = server.output.read_text()
        assert f"Open http://127.0.0.1:{port}/form in" in text
        assert "Ignored what Kubernetes sets for a Service whose name begins with serve: SERVE_PORT\n" in text


def test_tls_is_refused_with_advice(models: Path) -> None:
    bind = f"127.0.0.1:{free_port()}"
    done = run("app", SERVE_MODELS=str(models), SERVE_BIND=bind, GUNICORN_CMD_ARGS=f"--certfile={__file__}")
    assert done.returncode == 1
    assert "certfile and keyfile can't be used: this worker has no TLS; put a proxy in front of it" in done.stderr
    assert "Traceback" not in done.stderr
