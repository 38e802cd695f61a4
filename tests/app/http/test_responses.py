"""Every response has its request's id; one to HEAD has no body."""

from __future__ import annotations

import pytest

from tests.app.conftest import Service


def test_pages_and_health_have_an_id_but_no_row(service: Service) -> None:
    for path in ("/", "/form", "/form_async", "/health/live", "/health/ready", "/nowhere"):
        assert service.get(path, headers={"X-Request-ID": "p"}).headers["X-Request-ID"] == "p"
    assert service.new_rows("requests") == []


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_head_has_the_same_status_and_no_body(service: Service, path: str) -> None:
    reply = service.head(path)
    assert (reply.status_code, reply.data) == (200, b"")
