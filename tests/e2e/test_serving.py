"""The service as people run it: gunicorn with four workers, asked from outside."""

from __future__ import annotations

import http.client
import re
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.bad_inputs import BAD
from tests.e2e.server import ROOT, ROW, Server, head, run, serving, wait_until

pytestmark = pytest.mark.slow


def test_the_curl_lines_of_the_readme_and_of_the_start_are_answered(server: Server) -> None:
    (readme,) = re.findall(r"^curl .*predict_json(?:.|\n)*?'\[.*\]'$", (ROOT / "README.md").read_text(), re.MULTILINE)
    (printed,) = re.findall(r"^  (curl .*)$", server.output.read_text(), re.MULTILINE)
    for line in (readme.replace("\\\n", " ").replace("127.0.0.1:5000", f"127.0.0.1:{server.port}"), printed):
        command = [*shlex.split(line), "--silent", "--show-error"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert re.match(r'\{"success":true,"prediction":\d+\.\d+,"request_id":"', done.stdout)


def test_every_bad_request_is_answered_with_its_reason_and_has_its_row(server: Server) -> None:
    for number, bad in enumerate(BAD):
        headers = {**bad.headers, "X-Request-ID": f"bad-{number}"}
        status, reply = server.request("POST", bad.path, bad.body, headers)
        assert status == bad.status, bad.name
        assert bad.says in (reply if isinstance(reply, str) else reply["error"]), bad.name
    rows = {row["request_id"]: row for row in server.rows("requests")}
    for number, bad in enumerate(BAD):
        assert rows[f"bad-{number}"]["status"] == str(bad.status), bad.name
        assert rows[f"bad-{number}"]["error"], bad.name


def test_a_chunked_body_is_read_and_has_the_same_bound(server: Server) -> None:
    def chunked(body: bytes) -> bytes:
        parts = [*(body[start : start + 65536] for start in range(0, len(body), 65536)), b""]
        chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
        return server.exchange(head(Transfer_Encoding="chunked", Connection="close") + chunks)

    assert b" 200 OK" in chunked(ROW)
    assert b" 413 " in chunked(b"[" + b" " * (1 << 20) + b"]")


@pytest.mark.parametrize(
    ("path", "media_type", "size", "status"),
    [
        ("/predict_json", "application/json", 2 << 20, 413),
        ("/nowhere", "application/json", 300_000, 404),
        ("/nowhere", "application/json", 10, 404),
        ("/v2/models/other/infer", "application/json", 300_000, 404),
        ("/predict_csv", "application/json", 300_000, 415),
        ("/predict_csv", "text/csv", 800_000, 422),
    ],
)
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
    reply = server.exchange(head("/nowhere", Content_Length=100))
    assert b" 404 " in reply
    assert b"Connection: close" in reply


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"-1\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"])
def test_malformed_chunks_are_refused_and_have_their_row(server: Server, chunks: bytes) -> None:
    request_id = f"chunks-{chunks.hex()}"
    reply = server.exchange(head(Transfer_Encoding="chunked", X_Request_ID=request_id, Connection="close") + chunks)
    assert b" 400 " in reply
    assert b"its chunks are wrong" in reply
    (row,) = server.rows("requests", request_id)
    assert row["status"] == "400"


def test_a_client_that_hangs_up_in_its_body_has_a_row_and_costs_nobody_else(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(head(X_Request_ID="hung-up", Content_Length=100) + b"[6, ")
    (row,) = wait_until(lambda: server.rows("requests", "hung-up"), "its row")
    assert (row["status"], row["error"]) == ("400", "the body ends after 4 of 100 bytes")
    assert server.ask()[0] == 200


def test_clients_that_stop_in_their_head_or_body_do_not_keep_the_others_waiting_for_ever(
    models: Path, tmp_path: Path
) -> None:
    with serving(models, tmp_path / "logs", workers=1, SERVE_THREADS="2") as server:
        with server.connect() as in_head, server.connect() as in_body:
            in_head.sendall(b"POST /predict_json HT")
            in_body.sendall(b"POST /predict_json HTTP/1.1\r\nContent-Length: 14\r\n\r\n[6")
            assert server.ask()[0] == 200
            for connection in (in_head, in_body):
                assert connection.recv(100)[9:12] in (b"", b"400")
        assert "Traceback" not in server.output.read_text()


def test_the_workers_share_nothing_of_tensorflow(server: Server) -> None:
    for pid in server.wait_for_workers(4):
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "ai_edge_litert" in maps
        assert "libtensorflow" not in maps
    assert "ai_edge_litert" not in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_a_worker_without_a_champion_recovers_when_the_file_is_repaired(models: Path, tmp_path: Path) -> None:
    file = models / "boston" / "1" / "model.tflite"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    with serving(models, tmp_path / "logs", workers=2, wait=False) as server:
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


def test_a_runtime_that_cannot_open_the_model_is_a_reason_not_a_crash(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs", workers=1, wait=False, SERVE_RUNTIME="keras") as server:
        wait_until(lambda: server.status("/health/live") == 200, "a living server")
        status, ready = server.request("GET", "/health/ready")
        assert (status, "has no model.keras" in ready["reason"]) == (503, True)


def test_a_wrong_setting_or_a_busy_port_is_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        advice = "choose another with SERVE_BIND=HOST:PORT\n"
        for name, value, sentence in (
            ("SERVE_BIND", bind, f"SERVE_BIND={bind}: can't be bound (Address already in use); {advice}"),
            ("SERVE_BIND", "nowhere.invalid:80", "SERVE_BIND=nowhere.invalid:80: can't be bound ("),
            ("SERVE_THREADS", "many", "SERVE_THREADS='many': expected a whole number of at least 1\n"),
        ):
            done = run("app", "serve", **{name: value})
            assert done.returncode == 1
            assert done.stderr.startswith(sentence)
            assert done.stderr.count("\n") == 1


def test_gunicorn_by_its_own_name_serves_the_same(models: Path, tmp_path: Path) -> None:
    with serving(models, tmp_path / "logs", command=[Path(sys.executable).with_name("gunicorn")]) as server:
        assert server.ask()[0] == 200
