"""The life of a request: each protocol's errors, also where the path is written in another way."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("path", "status", "member"),
    [
        ("//v1/models/boston:predict", 400, "error"),
        ("//v2/models/boston/infer", 400, "error"),
        ("//invocations", 400, "message"),
    ],
)
def test_a_doubled_slash_leaves_an_error_to_the_protocol_of_its_path(
    client: FlaskClient, path: str, status: int, member: str
) -> None:
    # The test client takes a path that begins with two slashes for a host.
    reply = client.post("/", json={}, environ_overrides={"PATH_INFO": path})
    assert reply.status_code == status
    assert member in reply.json
    assert "success" not in reply.json
