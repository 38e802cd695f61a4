"""Changed requests on raw sockets. `python -m tests.campaigns.fuzz_http` sends 100,000 of them."""

from __future__ import annotations

from pathlib import Path

from tests.campaigns.fuzz_http import run
from tests.campaigns.mutations import WIDE
from tests.conftest import publish
from tests.e2e.server import serving


def test_no_changed_request_fails_hangs_or_divides_the_protocols(tmp_path: Path) -> None:
    publish(tmp_path / "models", WIDE)
    with serving(tmp_path / "models", workers=2) as server:
        fuzzer = run(server, 3000, seed=7)
        assert (fuzzer.failures, fuzzer.hangs, fuzzer.disagreements) == ([], [], [])
        assert fuzzer.unlogged() == 0
        assert len(fuzzer.answered) > 300
