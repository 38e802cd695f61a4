"""Whether an address can be bound is known before gunicorn tries."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.server import sockets
from app.server.sockets import wait_until_free


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_FREE_TIMEOUT", 0.0)
    monkeypatch.setattr(sockets, "_POLL_INTERVAL", 0.0)


def test_a_free_port_can_be_bound_and_a_taken_one_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            wait_until_free(("127.0.0.1", port))
    wait_until_free(("127.0.0.1", port))


def test_a_path_is_free_if_nobody_listens_there(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    wait_until_free(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(OSError, match="in use"):
            wait_until_free(path)
    wait_until_free(path)  # left behind by a service that was killed
    assert [file.name for file in tmp_path.iterdir()] == ["socket"]


def test_a_file_in_the_place_of_a_socket_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="no socket"):
        wait_until_free(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("path", [Path("/nowhere/socket"), Path("/tmp") / ("x" * 200)])
def test_a_path_where_no_socket_can_be_made_is_refused(path: Path) -> None:
    with pytest.raises(OSError, match="No such file|too long"):
        wait_until_free(path)
