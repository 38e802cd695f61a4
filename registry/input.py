"""One input of a model: what clients may send for it, and the one float32 that stands for it in the model's rows.

A number stands for itself. A category of texts stands as the code of its text, and a value that a client leaves out
as a number that no value has. So rows are numbers everywhere; only the edges, which read and write texts, ask here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.date_part import DatePart
from registry.errors import SignatureError
from registry.float32 import check_range, is_float32, pair, to_float32
from registry.formatting import plain
from registry.missing import Missing, to_number

# The texts that stand for false and true, whatever their case, beside the two levels of a boolean.
_FALSE, _TRUE = ("false", "no", "0"), ("true", "yes", "1")

# The keys of an input in signature.json, in their order, those that only a category has, and those that only some have.
_KEYS = ("name", "label", "unit", "aliases", "kind", "limits", "training", "example")
_CATEGORY_KEYS = ("categories", "category_labels")


@dataclass(frozen=True)
class Input:
    """One input of the model: a number, or a category that stands in the rows as a numeric code.

    Args:
        limits: the smallest and largest value that is accepted, in ``unit``; of a category, the first and last code.
        training: the smallest and largest value in the training rows, without those that were missing.
        example: a typical value, for forms and documentation; of a category, its code.
        categories: the codes of a category, ascending; empty for a number.
        category_labels: a word for each code, in the same order; may be empty.
        levels: of a category of texts, the text of each code: what clients send and files hold. Empty if these send
            the codes.
        other: the code of every text that is no level; None if such texts are refused.
        boolean: whether the two levels mean false and true, so that clients may write them so too.
        missing: what happens if the value is missing; None if that is refused.
        date: the part of a date that the number is, if clients may send the date in its place.
    """

    name: str
    label: str
    unit: str
    aliases: tuple[str, ...]
    limits: tuple[float, float]
    training: tuple[float, float]
    example: float
    categories: tuple[float, ...] = ()
    category_labels: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    other: float | None = None
    boolean: bool = False
    missing: Missing | None = None
    date: DatePart | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name, then the aliases: all names that a client may use for this input's own value."""
        return (self.name, *self.aliases)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names, then the column of dates that the value may come from: it is sent under exactly one of them."""
        return self.names if self.date is None else (*self.names, self.date.column)

    @property
    def kind(self) -> str:
        """Which kind of input it is: "number", "category" or "boolean"."""
        return "boolean" if self.boolean else "category" if self.categories else "number"

    @property
    def words(self) -> dict[float, str]:
        """What each code of a category is called: its label, else its text, else the code itself."""
        words = self.category_labels or self.levels or map(plain, self.categories)
        return dict(zip(self.categories, words, strict=True))

    @cached_property
    def no_value(self) -> frozenset[str | float]:
        """The texts and numbers that mean that the value is missing; none if that is refused."""
        return frozenset() if self.missing is None else self.missing.no_value

    @cached_property
    def codes(self) -> dict[str, float]:
        """The code of each text that a client may send for a category of texts, without those that become ``other``."""
        codes = dict(zip(self.levels, self.categories, strict=True)) if self.levels else {}
        if self.boolean:
            words = {word: code for code, same in zip(self.categories, (_FALSE, _TRUE), strict=True) for word in same}
            # A level that is such a word keeps its meaning in capitals too.
            words |= {text.lower(): code for text, code in codes.items() if text.lower() in words}
            codes = {form: code for word, code in words.items() for form in (word, word.title(), word.upper())} | codes
        return {text: code for text, code in codes.items() if text not in self.no_value}

    @cached_property
    def texts(self) -> dict[float, str]:
        """The text of each value that is written as one: the codes of texts, and the empty text of a missing value."""
        texts = dict(zip(self.categories, self.levels, strict=True)) if self.levels else {}
        return texts if self.missing is None else {**texts, self.missing.value: ""}

    def is_missing(self, value: float) -> bool:
        """Return whether a value of the rows stands for none."""
        return self.missing is not None and value == self.missing.value

    def is_no_value(self, text: str) -> bool:
        """Return whether a text means that the value is missing: as a word, or as the number that a word is."""
        return text in self.no_value or (not self.levels and to_number(text) in self.no_value)

    def parse(self, text: str) -> float:
        """Return the value of a cell of the prediction log, of reference.csv or of test.csv.

        Raises:
            ValueError: if it is none.
        """
        if self.missing is not None and self.is_no_value(text):
            return self.missing.value
        if not self.levels:
            return float(text)
        if not text:
            raise ValueError(f"{self.name} has no value")
        code = self.codes.get(text, self.other)
        if code is None:
            raise ValueError(f"{text[:40]!r} is no level of {self.name}")
        return code

    def format(self, value: float) -> str:
        """Return the cell of a value: what :meth:`parse` reads back as the same float32."""
        text = self.texts.get(float(value))
        return plain(value) if text is None else text

    def to_json_value(self, value: float) -> float | str | None:
        """Return a value of the rows as a client would write it in JSON; a missing one is None."""
        text = self.texts.get(float(value))
        return float(value) if text is None else text or None

    def to_json(self) -> dict[str, Any]:
        """Return the member of signature.json."""
        keys = (*_KEYS, *(_CATEGORY_KEYS if self.categories else ()))
        content = {key: getattr(self, key) for key in keys}
        if self.levels:
            content |= {"levels": self.levels, "other": self.other}
        if self.missing:
            content["missing"] = self.missing.to_json()
        if self.date:
            content["date"] = self.date.to_json()
        return content

    @classmethod
    def from_json(cls, item: Mapping[str, Any]) -> Input:
        """Return the input that a member of signature.json describes.

        Raises:
            KeyError, TypeError, ValueError: naming the key that is missing or has a wrong type.
        """
        missing = item.get("missing")
        other = item.get("other")
        return cls(
            **{key: str(item[key]) for key in ("name", "label", "unit")},
            aliases=tuple(str(alias) for alias in item["aliases"]),
            limits=pair(item["limits"]),
            training=pair(item["training"]),
            example=float(item["example"]),
            categories=tuple(float(code) for code in item.get("categories", ())),
            category_labels=tuple(str(label) for label in item.get("category_labels", ())),
            levels=tuple(str(text) for text in item.get("levels", ())),
            other=None if other is None else float(other),
            boolean=item.get("kind") == "boolean",
            missing=None if missing is None else Missing.from_json(missing),
            date=DatePart.from_json(item["date"]) if "date" in item else None,
        )

    def check(self) -> None:
        """Check that the values fit each other.

        Raises:
            SignatureError: naming the input and what is wrong.
        """
        check_range(f"input {self.name}: limits", self.limits)
        check_range(f"input {self.name}: training", self.training)
        if self.categories and list(self.categories) != sorted(set(self.categories)):
            raise SignatureError(f"input {self.name}: categories must be different codes in ascending order")
        for what, texts in (("labels", self.category_labels), ("levels", self.levels)):
            if texts and len(texts) != len(self.categories):
                raise SignatureError(f"input {self.name}: {len(self.categories)} categories need as many {what}")
        if len(set(self.levels)) < len(self.levels) or not all(text and text == text.strip() for text in self.levels):
            raise SignatureError(f"input {self.name}: levels must be different texts with no space around them")
        if self.boolean and len(self.levels) != 2:
            raise SignatureError(f"input {self.name}: a boolean has two levels, not {len(self.levels)}")
        if self.other is not None and (not self.levels or self.other not in self.categories):
            raise SignatureError(f"input {self.name}: other must be the code of a level, not {self.other:g}")
        if self.date is not None:
            if self.levels:
                raise SignatureError(f"input {self.name}: a part of a date is a number; it can't have levels")
            self.date.check()
        if self.missing is not None:
            self._check_missing(self.missing)

    def _check_missing(self, missing: Missing) -> None:
        if not is_float32(missing.value) or self._accepts_rounded(missing.value):
            raise SignatureError(f"input {self.name}: missing: {missing.value:g} must be a float32 outside the limits")
        if not self._accepts(missing.fill):
            raise SignatureError(f"input {self.name}: missing: the fill {missing.fill:g} is not an accepted value")
        if not all(text and text == text.strip() for text in missing.texts):
            raise SignatureError(f"input {self.name}: missing: expected texts with no space around them")
        for text in missing.texts:
            number = to_number(text)
            is_number = not self.levels and (self._accepts(number) or self._accepts_rounded(number))
            if is_number or text in self.levels:
                raise SignatureError(
                    f"input {self.name}: {text!r} is an accepted value, and means that there is none: "
                    "set other limits or categories, or do without this word"
                )

    def _accepts(self, value: float) -> bool:
        return value in self.categories if self.categories else self.limits[0] <= value <= self.limits[1]

    def _accepts_rounded(self, value: float) -> bool:
        """Return whether a float32 is an accepted value, or the float32 that one becomes in the model's rows."""
        if self.categories:
            return value in map(to_float32, self.categories)
        low, high = self.limits
        return min(low, to_float32(low)) <= value <= max(high, to_float32(high))
