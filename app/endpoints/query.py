"""What the query of the own routes asks for beside predictions: intervals and explanations, and how JSON has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import numpy as np

from app.errors import MalformedRequest
from app.inference.explainer import Explanation
from app.results import PredictionResult
from registry import Float32Array

EXTRA, INTERVAL, EXPLAIN = "extra", "interval", "explain"
_LEVEL = re.compile(r"0?\.[0-9]{1,15}", re.ASCII)


class Query(NamedTuple):
    """What is asked for.

    Attributes:
        ignores_extra: whether names that are no input are to be left out.
        level: of the intervals: 0.9 holds nine in ten; None for no intervals.
        explain: whether each prediction is to be explained.
    """

    ignores_extra: bool = False
    level: float | None = None
    explain: bool = False


@lru_cache(maxsize=64)  # nearly all requests of a client ask for the same
def parse_query(text: str, *known: str) -> Query:
    """Return what a query asks for; other parameters than the known ones are left to others.

    Args:
        text: what stands behind the question mark.

    Raises:
        MalformedRequest: naming a parameter that has another value than expected, or comes twice.
    """
    values = parse_qs(text, keep_blank_values=True)

    def take(name: str, pattern: str | re.Pattern[str], expected: str) -> str | None:
        given = values.get(name) if name in known else None
        if given is None:
            return None
        if len(given) > 1 or not re.fullmatch(pattern, given[0]):
            raise MalformedRequest(f"{name}: expected {expected}, once")
        return given[0]

    extra = take(EXTRA, "ignore", "ignore")
    level = take(INTERVAL, _LEVEL, "a share between 0 and 1, like 0.9")
    explain = take(EXPLAIN, "1", "1")
    return Query(extra is not None, None if level is None else float(level), explain is not None)


def members_beside(
    result: PredictionResult, explanations: Sequence[Explanation | None] | None, names: Sequence[str], single: bool
) -> dict[str, Any]:
    """Return the intervals of a result and its explanations, if there are any, as members of the reply in JSON.

    Args:
        names: of the inputs.
        single: whether it is the reply to one row on its own.
    """
    members: dict[str, Any] = {}
    if result.intervals is not None:
        pairs = interval_pairs(result.intervals)
        members |= {"interval": pairs[0]} if single else {"intervals": pairs}
    if explanations is not None:
        objects = explanation_objects(explanations, names)
        members |= {"explanation": objects[0]} if single else {"explanations": objects}
    return members


def interval_pairs(intervals: Float32Array) -> list[Float32Array | None]:
    """Return the ends of each row's interval, float32 (2,); None for a row without one, which has NaN in (n, 2)."""
    missing = np.isnan(intervals[:, 0]).tolist()
    return [None if lacks else pair for lacks, pair in zip(missing, intervals, strict=True)]


def explanation_objects(
    explanations: Sequence[Explanation | None], names: Sequence[str]
) -> list[dict[str, Any] | None]:
    """Return each row's explanation as an object of JSON; None for a row without one."""
    return [None if item is None else _explanation_object(item, names) for item in explanations]


def _explanation_object(explanation: Explanation, names: Sequence[str]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "base": explanation.base,
        "contributions": dict(zip(names, explanation.contributions.tolist(), strict=True)),
        "background": explanation.background,
        "method": explanation.method,
    }
    if explanation.standard_error is not None:
        content["standard_error"] = dict(zip(names, explanation.standard_error.tolist(), strict=True))
    return content
