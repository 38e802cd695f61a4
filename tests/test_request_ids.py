"""Request ids: what can be one, and a new one."""

from __future__ import annotations

import uuid

import pytest

from request_ids import is_request_id, new_request_id


@pytest.mark.parametrize("text", ["a", "order-4711", "A_b.9-", "x" * 128])
def test_what_headers_logs_and_file_names_hold_as_it_is_can_be_an_id(text: str) -> None:
    assert is_request_id(text)


@pytest.mark.parametrize("text", ["", "x" * 129, "a b", "a\n", "é", "a/b", "a,b", "٣"])
def test_any_other_text_can_not(text: str) -> None:
    assert not is_request_id(text)


def test_a_new_id_is_a_uuid_of_version_4() -> None:
    ids = {new_request_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(is_request_id(text) for text in ids)
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in ids} == {(4, uuid.RFC_4122)}
