"""The texts of a category, as messages and schemas name them, and which of them a text or a number is meant for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

from app.codecs.json_strict import excerpt, is_utf_8
from csv_dialect import parse_decimal
from registry import Input, plain

_MAX_LEVELS = 8  # that a message names
# Of a text that is compared with the levels, and how many of these it is compared with: that takes a while.
_MAX_CHARACTERS, _MAX_CANDIDATES = 40, 400


def texts_of_numbers(item: Input) -> dict[float, str]:
    """Return the numbers that a client may send for a category of texts, with the text of each; none for most.

    Of several texts that read as the same number it stands for the one that people write, as 1 for "1" and not "01"; if
    that is none of them, it stands for none.
    """
    read = [(number, text) for text in item.codes if isinstance(number := parse_decimal(text), float)]
    counts = Counter(number for number, _ in read)
    unique = {number: text for number, text in read if counts[number] == 1}
    return unique | {number: plain(number) for number in counts if plain(number) in item.codes}


def name_levels(item: Input) -> str:
    """Return the texts that a client may send for a category of texts, as they can stand in a message."""
    names = [*map(quote, item.levels[:_MAX_LEVELS]), *(("true", "false") if item.boolean else ())]
    more = f" and {len(item.levels) - _MAX_LEVELS} more" if len(item.levels) > _MAX_LEVELS else ""
    return ", ".join(names) + more


def find_like(levels: Sequence[str], text: str) -> str:
    """Return the level that is most like a text; empty if none is, or the text is long."""
    if len(text) > _MAX_CHARACTERS:
        return ""
    same = [level for level in levels if level.casefold() == text.casefold()]
    return next(iter(same or get_close_matches(text, levels[:_MAX_CANDIDATES], 1, 0.7)), "")


def remark_on_encoding(text: str) -> str:
    """Return what to add of a text that is perhaps a known one, in another encoding; empty of any other."""
    return "" if is_utf_8(text) else "; it is not UTF-8: save the file as UTF-8"


def quote(text: str) -> str:
    """Return a text in quotes, shortened, as it can stand in a message."""
    return f"'{excerpt(text)}'"
