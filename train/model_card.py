"""model_card.md: what a version is, what it is for, and how well it predicts; written for people.

The sections are those of Mitchell et al., Model Cards for Model Reporting (FAT* 2019, doi:10.1145/3287560.3287596).
The author's words come from the spec's ``about``, all figures from card.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry import Input, Signature, plain
from train.spec import Spec

MISSING = "Not described yet; add it to `[about]` in the spec."


def model_card(spec: Spec, signature: Signature, card: Mapping[str, Any]) -> str:
    """Return the page, in Markdown with tables.

    Args:
        card: the content of card.json.
    """
    about, output = spec.about, signature.output
    unit = f" in {output.unit}" if output.unit else ""
    network = f"{spec.fit.architecture}, {card['parameters']} parameters"
    interval = card["intervals"]["rmse"]
    sliced = dict.fromkeys(item["column"] for item in card["slices"])
    blocks = [
        f"# Model card: {signature.title}",
        "## Model details",
        f"{about.details or signature.title}. It predicts {output.label}{unit} from {len(signature.inputs)} inputs.",
        _table(
            ("", ""),
            [
                ("Model", f"`{signature.model}`"),
                ("Network", network),
                ("Trained", f"{card['created']} by {card['by']}, in {card['training_seconds']:g} s"),
                ("Code", f"commit `{card['commit']}`" if card["commit"] else "unknown commit"),
                ("Packages", ", ".join(f"{name} {version}" for name, version in card["packages"].items())),
                ("Weights", f"SHA-256 `{card['weights_sha256']}`"),
            ],
        ),
        "## Intended use",
        about.intended_use or MISSING,
        f"Not for: {about.out_of_scope}" if about.out_of_scope else "",
        "## Factors",
        about.factors,
        "Inputs, with the values that are accepted and the range of the training rows:",
        _table(
            ("input", "meaning", "accepted", "in training"),
            [(f"`{item.name}`", _meaning(item), _span(item.limits), _span(item.training)) for item in signature.inputs],
        ),
        f"Tested slices: {', '.join(f'`{name}`' for name in sliced)}.",
        "## Metrics",
        "Root mean squared error (RMSE), mean absolute error (MAE) and the coefficient of determination (R²), with the "
        "95 % interval of a percentile bootstrap over the test rows; and the RMSE in cross-validation.",
        "## Evaluation data",
        f"{card['split']['test_rows']} rows of `{card['data']['file']}`, drawn with seed {card['split']['seed']}. "
        "The model was not trained on them.",
        "## Training data",
        f"{card['split']['training_rows']} rows of `{card['data']['file']}` (SHA-256 `{card['data']['sha256']}`).",
        about.data,
        "## Quantitative analyses",
        f"On the test rows, RMSE is {card['metrics']['rmse']:.4g} ({interval[0]:.4g} to {interval[1]:.4g}), MAE "
        f"{card['metrics']['mae']:.4g}, R² {card['metrics']['r2']:.3f}. In {card['cv']['folds']}-fold cross-validation "
        f"RMSE is {card['cv']['rmse']:.4g}.",
        _table(
            ("baseline", "test RMSE", "cross-validated RMSE"),
            [
                (name.replace("_", " "), f"{baseline['metrics']['rmse']:.4g}", f"{baseline['cv']['rmse']:.4g}")
                for name, baseline in card["baselines"].items()
            ],
        ),
        "By slice:",
        _table(
            ("column", "slice", "rows", "cross-validated RMSE"),
            [
                (f"`{item['column']}`", item["slice"], str(item["cv_rows"]), f"{item['cv_rmse']:.4g}")
                for item in card["slices"]
            ],
        ),
        "Gates:",
        _table(
            ("gate", "value", "at most"),
            [(gate["name"], f"{gate['value']:.4g}", f"{gate['limit']:g}") for gate in card["gates"]],
        ),
        "## Ethical considerations",
        about.ethics or MISSING,
        "## Caveats and recommendations",
        about.caveats,
        "The service adds a warning to its answer if an input is outside the range of the training rows. It never "
        f"sends a prediction outside {_span(output.plausible)}{unit}.",
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _meaning(item: Input) -> str:
    return f"{item.label} ({item.unit})" if item.unit else item.label


def _span(limits: tuple[float, float]) -> str:
    return " to ".join(map(plain, limits))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
