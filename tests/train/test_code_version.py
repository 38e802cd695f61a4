"""The version of the code: where the commit comes from."""

from __future__ import annotations

import pytest

from train.code_version import commit


def test_an_image_says_its_commit_itself() -> None:
    assert commit({"SOURCE_COMMIT": "abc"}) == "abc"


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert commit({}) is None
