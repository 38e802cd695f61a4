"""Tests of the routing do not wait for the pauses that spare a real disk."""

from __future__ import annotations

import pytest

from app.routing import cache, file_watcher, router


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_watcher, "POLL_INTERVAL", 0.02)
    for module in (cache, file_watcher):
        monkeypatch.setattr(module, "RETRY_INTERVAL", 0.02)
    monkeypatch.setattr(router, "_CLEAR_TIMEOUT", 0.02)
