"""What Granian's worker refuses before it is started. tests/e2e/ shows the rest, with real servers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from app.server.granian import GranianWorker


def check(**config: object) -> None:
    defaults = {"address": [("127.0.0.1", 80)], "is_ssl": False, "certfile": None, "keyfile": None}
    GranianWorker.check_config(SimpleNamespace(**{**defaults, **config}), None)


def test_one_address_without_tls_can_be_served() -> None:
    check()


def test_several_addresses_are_refused() -> None:
    with pytest.raises(RuntimeError, match="one address"):
        check(address=[("127.0.0.1", 80), ("127.0.0.1", 81)])


def test_a_certificate_that_is_missing_or_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    for certificate, key in ((tmp_path / "missing", tmp_path / "missing"), (tmp_path / "text", None), (None, "key")):
        with pytest.raises(RuntimeError, match="certfile and keyfile can't be used: "):
            check(is_ssl=True, certfile=certificate, keyfile=key)
