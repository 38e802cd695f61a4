"""The words for false and true that files use: which pairs of texts are known, and which of the two is false."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

_PAIRS = {  # false, true
    frozenset(pair): pair
    for pair in (
        ("false", "true"),
        ("f", "t"),
        ("no", "yes"),
        ("n", "y"),
        ("off", "on"),
        ("nein", "ja"),
        ("n", "j"),
        ("falsch", "wahr"),
        ("non", "oui"),
        ("faux", "vrai"),
        ("no", "si"),
        ("no", "sí"),
        ("não", "sim"),
        ("falso", "vero"),
        ("nee", "ja"),
        ("nej", "ja"),
        ("nie", "tak"),
        ("нет", "да"),
    )
}


def false_first(texts: Collection[str]) -> list[str]:
    """Return two texts with the one first that means false; nothing if they are no known pair. Case does not count."""
    words = {unicodedata.normalize("NFC", text.casefold()): text for text in texts}
    pair = _PAIRS.get(frozenset(words), ()) if len(words) == len(texts) else ()
    return [words[word] for word in pair]
