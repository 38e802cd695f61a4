"""What the entries of a history answer."""

from __future__ import annotations

import pytest

from registry.history_line import Entry
from registry.history_queries import former_holders, published_digests


def entries(*contents: dict[str, object]) -> list[Entry]:
    return [Entry(number, str(number), content) for number, content in enumerate(contents, 1)]


def test_no_later_entry_changes_what_a_version_is() -> None:
    history = entries(
        {"action": "publish", "version": 1, "sha256": "a"},
        {"action": "adopt", "version": 1, "sha256": "b"},
        {"action": "promote", "version": 2, "sha256": "c"},
    )
    assert published_digests(history) == {1: "a"}


@pytest.mark.parametrize(
    ("changes", "former"),
    [
        ([], []),
        ([("publish", 1)], []),
        ([("publish", 1), ("promote", 2), ("promote", 3)], [2, 1]),
        ([("publish", 1), ("promote", 2), ("promote", 3), ("rollback", 2)], [1]),
        ([("publish", 1), ("promote", 2), ("promote", 1), ("promote", 2)], [1, 1]),
        ([("publish", 1), ("seal", None), ("promote", 2)], [1]),
    ],
)
def test_former_holders_are_the_latest_first_without_those_that_were_rolled_back_from(
    changes: list[tuple[str, int | None]], former: list[int]
) -> None:
    history = entries(
        *({"action": action, **({"aliases": {"champion": number}} if number else {})} for action, number in changes)
    )
    assert former_holders(history, "champion") == former
