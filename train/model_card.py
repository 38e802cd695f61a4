"""model_card.md: what a version is, what it is for, and how well it predicts; written for people.

The sections are those of Mitchell et al., Model Cards for Model Reporting (FAT* 2019, doi:10.1145/3287560.3287596).
templates/model_card.md.jinja has the page; the author's words come from the spec's ``about``, all figures from
card.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from registry import Signature, plain
from registry.detectable_shift import smallest_shift_sentence
from train.metadata import REFERENCE_ROWS
from train.spec import Spec


def model_card(spec: Spec, signature: Signature, card: Mapping[str, Any]) -> str:
    """Return the page, in Markdown with tables.

    Args:
        card: the content of card.json.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # noqa: S701 - Markdown; whoever shows it as HTML escapes it
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters["span"] = lambda limits: " to ".join(map(plain, limits))
    environment.filters["part"] = lambda part: (
        f"{part['name']} ({part['coverage']:.1%} of {part['rows']} rows)".replace("%", " %")
    )
    template = environment.get_template("model_card.md.jinja")
    reference_rows = min(card["split"]["training_rows"], REFERENCE_ROWS)
    return template.render(
        about=spec.about,
        architecture=spec.fit.architecture,
        signature=signature,
        card=card,
        detectable=smallest_shift_sentence(reference_rows, len(signature.inputs)),
    )
