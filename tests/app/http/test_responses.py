"""A response from files is sent from their beginning, and closed once."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any

import pytest

from app.http.responses import FileResponse


@pytest.mark.parametrize("is_read", [True, False])
def test_a_file_is_sent_from_its_beginning_and_closed_once(is_read: bool) -> None:
    closed: list[Any] = []
    with TemporaryFile() as file:
        file.write(b"x" * 600_000)
        response = FileResponse([b"<", file, b">"], "text/csv; charset=utf-8")
        response.on_close = lambda: closed.append(file)
        body = response({}, lambda *_: None)
        if is_read:
            assert b"".join(body) == b"<" + b"x" * 600_000 + b">"
        response.close()
        assert (file.closed, closed) == (True, [file])
