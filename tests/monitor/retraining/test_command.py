"""``dataset`` and ``retrain`` where they can't work."""

from __future__ import annotations

import sys

import pytest

from monitor.__main__ import main


@pytest.mark.parametrize("command", ["dataset", "retrain"])
def test_where_training_is_not_installed_a_sentence_says_so(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "monitor.retraining.run", None)
    monkeypatch.setattr(sys, "argv", ["monitor", command])
    assert main() == 1
    assert "`make install` has them" in capsys.readouterr().err
