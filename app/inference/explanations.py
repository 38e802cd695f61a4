"""The explanations of an answer: each row's by the version that answered it, as the reply and the log have them."""

from __future__ import annotations

import numpy as np

from app.inference.explainer import Explanation
from app.inference.explainers import Explainers
from app.results import ExplainedRows, PredictionResult
from app.routing.cache import LoadedModel
from app.routing.table import Route

_FLAG = "explained"  # by which the audit knows that the log must have an explanation


def explain_answer(
    explainers: Explainers, route: Route, result: PredictionResult, first: int = 0
) -> tuple[list[Explanation | None], list[ExplainedRows]]:
    """Explain what a route answered, and say so in the flags of its rows.

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
    marked, logged = [], []
    for place, attempt in enumerate(result.attempts):
        positions = [
            position
            for position, row in enumerate(attempt.row_numbers)
            if answered[row] == place and row not in unanswered
        ]
        if not positions:
            continue
        rows = [attempt.row_numbers[position] for position in positions]
        explainer = explainers.of(models[attempt.version])
        explainer.check_row_count(len(rows))
        found = explainer.explain(attempt.inputs[positions])
        for row, explanation in zip(rows, found, strict=True):
            explanations[row - first] = explanation
        values = np.array([[item.base, *item.contributions] for item in found])
        logged.append(ExplainedRows(attempt.model, attempt.version, values, rows, found[0].method))
        marked.append((attempt, positions))
    for attempt, positions in marked:  # now that there is an explanation for all
        flags = list(attempt.flags or [""] * len(attempt.predictions))
        for position in positions:
            flags[position] = f"{flags[position]} {_FLAG}".lstrip()
        attempt.flags = flags
    return explanations, logged
