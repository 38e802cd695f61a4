"""Phrases that the sentences of a report are made of: numbers as people write them, and texts of clients made safe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from registry import printable

Json = Mapping[str, Any]
MAX_TEXT = 80  # characters of a client's text in a sentence


def amount(number: float | None, noun: str) -> str:
    """Return a count with its noun: "1 row", "18,204 rows", "no rows"."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}s"


def decimal(value: float | None) -> str:
    """Return a number with three digits that count, "?" if there is none. Below 10,000 it has no comma, like a year."""
    if value is None:
        return "?"
    size = round(abs(value))
    return f"{value:,.0f}" if size >= 10_000 else f"{value:.0f}" if size >= 1000 else f"{value:.3g}"


def signed(value: float | None) -> str:
    """Return a number with its sign and two decimals, "?" if there is none."""
    return "?" if value is None else f"{value:+.2f}".replace("-", "−")


def percent(share: float | None) -> str:
    """Return a share, 0 to 1, in percent."""
    return "?" if share is None else f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.0f} %"


def probability(p: float | None) -> str:
    """Return a p-value as people write it."""
    return "p unknown" if p is None else "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def coverage(found: Json) -> str:
    """Return how many true values were inside the intervals, and what that means, as a sentence."""
    between = f"{percent(found['low'])} to {percent(found['high'])}"
    fact = (
        f"{percent(found['share'])} ({between}) of {amount(found['rows'], 'true value')} lie inside the "
        f"{percent(found['level'])} interval of their prediction"
    )
    if found["verdict"] != "below":
        return f"{fact}."
    return (
        f"Only {fact}: the model errs more on these rows than in its training, and its intervals are too narrow for "
        "them."
    )


def quoted(text: object) -> str:
    """Return a text that a client may have sent as a part of a sentence: one line, cut, in quotation marks."""
    line = printable(str(text)).replace("`", "'")
    return f"“{line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + '…'}”"


def source_name(source: Json) -> str:
    """Return how those are called who told true values: "the source “survey”", "the client “10.0.0.7”"."""
    return f"the {source['kind']} {quoted(source['source'])}" if source["source"] else "those who name no source"


def listed(parts: Sequence[str], most: int = 3) -> str:
    """Return parts as "a, b and c"; of many, the first and how many more."""
    shown = [*parts[:most], *([f"{len(parts) - most} more"] if len(parts) > most else [])]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def where(report: Json) -> str:
    """Return what the window is compared with, as the end of a sentence."""
    return "in the pinned window" if (report["against"] or {}).get("source") == "pinned" else "in training"


def begin(text: str) -> str:
    """Return a text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def column_name(column: Json) -> str:
    """Return how a column is called in sentences."""
    return "the prediction" if column["kind"] == "prediction" else column["label"] or column["name"]


def reason(column: Json) -> str:
    """Return why a column has its verdict, with the name that people know: "Rooms is higher than in training"."""
    return re.sub(
        rf"(^|; ){re.escape(column['name'])}\b", lambda match: match[1] + column_name(column), column["reason"]
    )


def with_verdict(items: Sequence[Json] | None, verdict: str) -> list[Json]:
    """Return the items that have a verdict."""
    return [item for item in items or () if item["verdict"] == verdict]


def strongest_first(columns: Sequence[Json]) -> list[Json]:
    """Return the inputs with the largest effect first, then the prediction."""
    return sorted(columns, key=lambda column: (column["kind"] == "prediction", -abs(column["effect"] or 0)))
