"""The explanations of an answer: each row's by the version that answered it, as the reply and the log have them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.inference.explainer import Explanation
from app.inference.explainers import Explainers
from app.results import ExplainedRows, PredictionResult
from app.routing.cache import LoadedModel
from app.routing.table import Route


def explain_answer(
    explainers: Explainers, route: Route, result: PredictionResult, first: int = 0
) -> tuple[list[Explanation | None], list[ExplainedRows]]:
    """Explain what a route answered.

    Args:
        first: which row of the request is the first of the result.

    Returns:
        the explanation of each row, None for those without an answer; and the rows for the log.

    Raises:
        TooLarge: if these are too many rows.
        ServingError: if a version can't be explained.
    """
    models: dict[int, LoadedModel] = {}
    step: Route | None = route
    while step is not None:
        models[step.model.number] = step.model
        step = step.fallback
    unanswered = {first + error.row for error in result.errors}
    answered: dict[int, int] = {}  # by which attempt: a later one is of the fallback, for what was left
    for place, attempt in enumerate(result.attempts):
        answered |= dict.fromkeys(attempt.row_numbers, place)
    explanations: list[Explanation | None] = [None] * len(result.predictions)
    logged = []
    for place, attempt in enumerate(result.attempts):
        rows = [row for row in attempt.row_numbers if answered[row] == place and row not in unanswered]
        if not rows:
            continue
        explainer = explainers.of(models[attempt.version])
        explainer.check_row_count(len(rows))
        positions = {row: position for position, row in enumerate(attempt.row_numbers)}
        found = explainer.explain(attempt.inputs[[positions[row] for row in rows]])
        for row, explanation in zip(rows, found, strict=True):
            explanations[row - first] = explanation
        logged.append(explained_rows(attempt.model, attempt.version, found, rows))
    return explanations, logged


def explained_rows(model: str, version: int, found: Sequence[Explanation], rows: Sequence[int]) -> ExplainedRows:
    """Return explanations by one version as the log has them; ``rows`` says of which rows of the request."""
    values = np.array([[item.base, *item.contributions] for item in found])
    return ExplainedRows(model, version, values, rows, found[0].method)
