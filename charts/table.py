"""The numbers of a chart as a table, one key away from it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from charts.scale import number
from charts.svg import drawn, words


def numbers(caption: str, headings: Sequence[str], rows: Sequence[Sequence[float | str | None]]) -> Markup:
    """Return a table that opens below a chart; numbers are written as :func:`charts.number` does.

    The first cell of a row is its heading. A column with a number in any cell stands right, one of words left.
    """
    right = [i > 0 and any(_has_digit(row[i]) for row in rows if i < len(row)) for i in range(len(headings))]
    kinds = [' class="n"' if each else "" for each in right]
    head = "".join(f'<th scope="col"{kind}>{words(text)}</th>' for kind, text in zip(kinds, headings, strict=True))
    body = "".join(f"<tr>{_row(row, kinds)}</tr>" for row in rows)
    named = words(caption)
    return drawn(
        "<details><summary>Numbers of this chart</summary>"
        f'<div class="wide" role="group" aria-label="{named}" tabindex="0">'
        f"<table><caption>{named}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _row(row: Sequence[float | str | None], kinds: Sequence[str]) -> str:
    first, *rest = row
    cells = (f"<td{kind}>{_cell(value)}</td>" for kind, value in zip(kinds[1:], rest, strict=True))
    return f'<th scope="row">{_cell(first)}</th>{"".join(cells)}'


def _cell(value: float | str | None) -> str:
    return words(value if isinstance(value, str) else number(value))


def _has_digit(value: float | str | None) -> bool:
    return not isinstance(value, str) or any(map(str.isdigit, value))
