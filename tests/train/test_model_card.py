"""The model card: its sections, and the author's words in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry import VersionStore


@pytest.mark.slow
def test_it_has_the_sections_of_the_paper_and_the_words_of_the_spec(published: Path) -> None:
    text = VersionStore(published, "boston").model_card(1)
    sections = (
        "Model details, Intended use, Factors, Metrics, Evaluation data, Training data, Quantitative analyses, "
        "Ethical considerations, Caveats and recommendations"
    )
    assert re.findall("^## (.*)$", text, re.MULTILINE) == sections.split(", ")
    assert "This is a teaching set and nothing more" in text
    assert "variable `b`" in text
    assert "Tested slices: `rm`, `tax`, `age`, `chas`, `lstat`." in text
    assert text.count("\n| `lstat` |") == 4
