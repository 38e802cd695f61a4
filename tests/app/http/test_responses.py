"""Every response has its request's id; one to HEAD has no body. What a long one holds is released in any case."""

from __future__ import annotations

import io

import pytest

from app.http.responses import CSV, FileResponse
from tests.app.conftest import Service


class Broken(io.BytesIO):
    """A file on a disk that fails."""

    def flush(self) -> None:
        raise OSError(5, "Input/output error")

    def close(self) -> None:
        super().close()
        raise OSError(5, "Input/output error")


def test_a_long_response_that_is_not_whole_never_begins() -> None:
    with pytest.raises(OSError, match="Input/output"):
        FileResponse([b"head", Broken()], CSV)


def test_a_file_that_cannot_be_closed_keeps_nothing_else_from_being_released() -> None:
    released: list[str] = []
    response = FileResponse([b"all"], CSV)
    response.held.callback(released.append, "slot")
    for _ in range(2):
        response.held.push(lambda *_: Broken().close())
    assert list(response) == [b"all"]
    response.close()
    assert released == ["slot"]


def test_pages_and_health_have_an_id_but_no_row(service: Service) -> None:
    for path in ("/", "/form", "/form_async", "/health/live", "/health/ready", "/nowhere"):
        assert service.get(path, headers={"X-Request-ID": "p"}).headers["X-Request-ID"] == "p"
    assert service.new_rows("requests") == []


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_head_has_the_same_status_and_no_body(service: Service, path: str) -> None:
    reply = service.head(path)
    assert (reply.status_code, reply.data) == (200, b"")
