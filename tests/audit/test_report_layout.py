"""What the report says of a model, as its readers see it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from audit.report import build_report
from audit.report_layout import lay_out
from audit.report_markdown import to_markdown
from registry import VersionStore
from registry.promotion import canary, promote
from tests.audit.helpers import ANN
from tests.conftest import WORSE, publish


def text(models: Path) -> str:
    return to_markdown(lay_out(build_report(models, models / "logs", datetime(2026, 11, 25, 12, tzinfo=UTC))))


def test_a_promotion_against_a_gate_is_marked(tmp_path: Path) -> None:
    publish(tmp_path)
    promote(VersionStore(tmp_path, "boston"), publish(tmp_path, model_file=WORSE), "champion", ANN, override=True)
    page = text(tmp_path)
    assert "promote to champion overriding a gate | ann | looks good |" in page
    assert "| test_vs_champion | **failed** | RMSE 10" in page


def test_a_canary_has_its_share_and_what_the_card_does_not_say_is_said(tmp_path: Path) -> None:
    publish(tmp_path)
    canary(VersionStore(tmp_path, "boston"), publish(tmp_path), 0.05, ANN)
    page = text(tmp_path)
    assert "| canary | version 2, 5 % of the requests |" in page
    assert "| now | canary by ann: looks good |" in page
    assert "| Data | the card does not say |" in page


def test_aliases_of_a_changed_history_come_with_a_warning(tmp_path: Path) -> None:
    publish(tmp_path)
    warning = "These periods rest on the lines that can still be read, and may be wrong."
    assert warning not in text(tmp_path)
    (tmp_path / "boston" / "history.head").unlink()
    page = text(tmp_path)
    assert warning in page
    assert "**1 fault**" in page
