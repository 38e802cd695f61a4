"""Numbers as people type them: with a decimal comma, with spaces or marks between thousands.

What can be read in two ways is refused, never guessed. The scripts of the pages read the same numbers, by
app/static/typed_number.js.
"""

from __future__ import annotations

import re

from csv_dialect import DialectError, parse_decimal, read_decimal

# Between thousands: spaces as keyboards, word processors and locales write them, and the apostrophe of the Swiss.
_SPACES = re.compile("[ \u00a0\u2007\u2009\u202f'\u2019]")
_SPACED = re.compile(r"[+-]?[1-9][0-9]{0,2}( [0-9]{3})+([.,][0-9]*)?")
# One mark parts thousands and the other one decimals, or the only one stands there twice.
_MARKED = re.compile(
    r"[+-]?[1-9][0-9]{0,2}((,[0-9]{3})+\.[0-9]*|(\.[0-9]{3})+,[0-9]*|(,[0-9]{3}){2,}|(\.[0-9]{3}){2,})"
)


def parse_typed(text: str) -> float | str | DialectError:
    """Return a number as a person types it; the text, if it is none; or why it can't be read in one way.

    "1 234,5", "1.234,5" and "1,234.5" are 1234.5, and "1,234,567" is a whole number. A comma alone is decimal, unless
    it may part thousands too: "1,234" is refused. A point alone is always decimal, as in JSON.
    """
    text = text.replace("\u2212", "-")  # a true minus
    number = _SPACES.sub(" ", text.strip())
    if _SPACED.fullmatch(number):
        return parse_decimal(number.replace(" ", "").replace(",", "."))
    if _MARKED.fullmatch(number):
        thousands = next(mark for mark in number if mark in ",.")
        return parse_decimal(number.replace(thousands, "").replace(",", "."))
    try:
        return parse_decimal(read_decimal(text, "" if "," in text else "."))
    except DialectError as error:
        return error
