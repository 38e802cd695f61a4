"""The worker's configuration says what gunicorn's says."""

from __future__ import annotations

import pytest
from gunicorn.config import Config

from app.server.config import CachedConfig


class CountingConfig(Config):  # type: ignore[misc]  # gunicorn is untyped
    """A configuration that counts how often a setting is looked up."""

    lookups = 0

    def __getattr__(self, name: str) -> object:
        if name != "settings":
            CountingConfig.lookups += 1
        return super().__getattr__(name)


def test_every_setting_is_gunicorns() -> None:
    cfg = Config()
    cached = CachedConfig(cfg)
    for name in [*cfg.settings, "is_ssl", "address", "worker_class_str"]:
        assert getattr(cached, name) == getattr(cfg, name)
    assert cached.forwarded_allow_networks() == cfg.forwarded_allow_networks()


def test_a_setting_of_its_own_comes_first_and_leaves_gunicorns_alone() -> None:
    cfg = Config()
    assert CachedConfig(cfg, sendfile=False).sendfile is False
    assert cfg.sendfile is True


def test_a_setting_is_looked_up_once() -> None:
    cached = CachedConfig(CountingConfig())
    before = CountingConfig.lookups
    assert [cached.keepalive, cached.keepalive, cached.keepalive] == [2, 2, 2]
    assert CountingConfig.lookups == before + 1


def test_what_is_no_setting_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="No configuration setting for: nothing"):
        _ = CachedConfig(Config()).nothing
