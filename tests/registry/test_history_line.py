"""The words for what a line of the history says."""

from __future__ import annotations

from typing import Any

import pytest

from registry.history_line import MEMBERS, describe


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"action": "publish", "version": 4, "alias": "challenger"}, "published version 4 as challenger"),
        ({"action": "publish", "version": 4}, "published version 4"),
        ({"action": "adopt", "version": 4}, "took in version 4, which had no line here"),
        ({"action": "promote", "version": 2, "alias": "fallback"}, "made version 2 fallback"),
        ({"action": "rollback", "version": 1, "alias": "champion"}, "rolled back: made version 1 champion again"),
        ({"action": "retire", "version": 3}, "retired version 3"),
        ({"action": "canary", "version": 3, "share": 0.125}, "gave version 3 12.5 % of the requests, as canary"),
        ({"action": "shadow", "version": 3}, "made version 3 shadow"),
        ({"action": "clear", "version": 3, "alias": "canary"}, "took canary away from version 3"),
        ({"action": "clear"}, "took an alias away from version ?"),
        ({"action": "seal", "file": "requests-1.csv"}, "sealed the log file requests-1.csv"),
        ({"action": "pin", "version": 3}, "pinned the rows that reports on version 3 compare with"),
        ({"action": "retrain", "step": "declined"}, "retraining: declined"),
        ({"action": "something new"}, "something new"),
        ({"action": "seal", "file": "{action}\n\x1b[2J"}, r"sealed the log file {action}\n\x1b[2J"),
    ],
)
def test_a_line_is_told_in_words(content: dict[str, Any], words: str) -> None:
    assert {*content} <= {*MEMBERS}
    assert describe(content) == words
