"""The inputs of a spec: the keys of `[[inputs]]`, their types and their allowed values.

Owns the codes of texts: 1, 2, … in the order of `categories`, and 0 for `other` if it is none of them; 0 and 1 for a
boolean. They are the same for all versions of a spec, whatever rows it is trained with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from registry import DATE_PARTS, is_date_format, plain
from registry.float32 import FLOAT32_MAX
from train.spec.booleans import false_first
from train.spec.csv_format import CsvFormat
from train.spec.toml_reader import TomlTable

FLOAT32_EXACT = 2**24  # float32 represents every integer up to here; the model's rows are float32


@dataclass(frozen=True, slots=True)
class MissingSpec:
    """What happens if the input is missing.

    Attributes:
        fill: ``median``, ``mode``, or the value itself: a number, or the code of a category.
        indicator: whether the model also learns from the value being missing.
        texts: what the file has for it, beside an empty cell, numbers also with a point; clients may send it, too.
    """

    fill: float | str
    indicator: bool
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input, as in :class:`registry.Input`.

    Attributes:
        column: its name in the data; ``name`` and ``aliases`` are for clients.
        limits: the smallest and largest accepted value; for a category, its first and last code.
        example: a typical value, or the code of one; None to take one from the training rows.
        levels: of a category of texts, the text of each code.
        other: the code of texts that are no level; None if they are refused.
        boolean: whether the two levels mean false and true.
        min_rows: a level with fewer training rows is merged into ``other``.
        missing: None if a missing value is refused.
        date: the part of a date that the input is: ``year``, ``month``, ``day`` of the month, ``weekday`` from 0 for
            Monday, or ``days`` since 1970-01-01; else empty.
        date_format: how the column writes dates, as :func:`datetime.strptime` names it.
        date_column: the column in which clients send the dates, if the data hold the part itself; else empty.
    """

    name: str
    column: str
    aliases: tuple[str, ...]
    label: str
    unit: str
    limits: tuple[float, float]
    example: float | None
    categories: tuple[float, ...]
    category_labels: tuple[str, ...]
    levels: tuple[str, ...] = ()
    other: float | None = None
    boolean: bool = False
    min_rows: int = 0
    missing: MissingSpec | None = None
    date: str = ""
    date_format: str = ""
    date_column: str = ""

    @property
    def reads_dates(self) -> bool:
        """Whether the column holds dates."""
        return bool(self.date) and not self.date_column


@dataclass(frozen=True, slots=True)
class _Values:
    """What values an input takes: the fields of :class:`InputSpec` that say so."""

    limits: tuple[float, float]
    categories: tuple[float, ...] = ()
    category_labels: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    other: float | None = None


def read_input(table: TomlTable, form: CsvFormat) -> InputSpec:
    """Read one of the `[[inputs]]`.

    Args:
        form: of the file; none of the texts that mean no value can be a level.

    Raises:
        TrainError: naming the key that is missing or has a value that is not allowed.
    """
    name = table.string("name")
    boolean = table.boolean("boolean", False)
    if _has_texts(table.peek("categories")):
        values = _texts(table, boolean, form.missing)
    elif boolean:
        raise table.error("boolean", 'a boolean has two texts; add categories, like ["no", "yes"]: first what is false')
    elif "categories" in table:
        values = _codes(table)
    else:
        values = _Values(table.interval("limits", -FLOAT32_MAX, FLOAT32_MAX))
    if values.other is None and "min_rows" in table:
        raise table.error("min_rows", "levels with fewer rows are merged into other; add other")
    date = table.choice("date", DATE_PARTS, "")
    if date and values.levels:
        raise table.error("date", "a part of a date is a number; its categories can't be texts")
    return InputSpec(
        name=name,
        column=table.string("column", name),
        aliases=table.strings("aliases", ()),
        label=table.string("label"),
        unit=table.string("unit", ""),
        limits=values.limits,
        example=_value(table, "example", values) if "example" in table else None,
        categories=values.categories,
        category_labels=values.category_labels,
        levels=values.levels,
        other=values.other,
        boolean=boolean,
        min_rows=table.integer("min_rows", 1, 1_000_000_000) if "min_rows" in table else 0,
        missing=_missing(table, values, form),
        date=date,
        date_format=_date_format(table) if date else "",
        date_column=table.string("date_column", "") if date else "",
    )


def _has_texts(categories: Any) -> bool:
    return isinstance(categories, list) and any(isinstance(item, str) for item in categories)


def _codes(table: TomlTable) -> _Values:
    categories = tuple(float(code) for code in table.integers("categories", -FLOAT32_EXACT, FLOAT32_EXACT))
    if len(categories) < 2 or list(categories) != sorted(set(categories)):
        raise table.error("categories", "expected at least two different codes in ascending order")
    return _Values((categories[0], categories[-1]), categories, table.strings("category_labels", ()))


def _texts(table: TomlTable, boolean: bool, no_value: tuple[str, ...]) -> _Values:
    levels, labels = table.strings("categories"), table.strings("category_labels", ())
    if boolean and len(levels) != 2:
        raise table.error("categories", f"a boolean has two texts, first what is false, not {list(levels)}")
    if boolean and (ordered := false_first(levels)) and ordered != list(levels):
        right = json.dumps(ordered, ensure_ascii=False)
        raise table.error("categories", f"a boolean has first the text that means false; write {right}")
    if boolean and "other" in table:
        raise table.error("other", "a boolean has no other value; add missing, or remove boolean")
    if labels and len(labels) != len(levels):
        raise table.error(
            "category_labels", f"expected one for each of the {len(levels)} categories, not {len(labels)}"
        )
    first = 0 if boolean else 1
    other = None
    if "other" in table:
        name = table.string("other")
        if name not in levels:
            levels, labels, first = (name, *levels), (name, *labels) if labels else (), 0
        other = float(first + levels.index(name))
    for text in levels:
        key = "categories" if text in levels[1:] or other != 0 else "other"
        if not text or text != text.strip():
            raise table.error(key, f"expected texts with no space around them, not {text!r}")
        if text in no_value:
            raise table.error(
                key, f"a cell with {text!r} has no value, as data.missing says; take it out of one of them"
            )
    if len(levels) < 2:
        raise table.error("categories", f"expected at least two texts, or one and other, not {list(levels)}")
    codes = tuple(float(code) for code in range(first, first + len(levels)))
    return _Values((codes[0], codes[-1]), codes, labels, levels, other)


def _value(table: TomlTable, key: str, values: _Values) -> float:
    """Read a value of the input: a number, or the code of a category; of a category of texts, the text of one."""
    if values.levels:
        text = table.string(key)
        if text not in values.levels:
            raise table.error(key, f"{text!r} is not one of the categories")
        return values.categories[values.levels.index(text)]
    value = table.number(key, *values.limits)
    if values.categories and value not in values.categories:
        raise table.error(key, f"{value:g} is not one of the categories")
    return value


def _missing(table: TomlTable, values: _Values, form: CsvFormat) -> MissingSpec | None:
    if "missing" not in table:
        if "indicator" in table:
            raise table.error("indicator", "it tells whether the value is missing; add missing")
        return None
    low, high = values.limits
    if not values.categories and low - (high - low) < -FLOAT32_MAX:
        raise table.error("missing", "the limits leave no number to stand for a missing value; set narrower limits")
    word = table.peek("missing")
    fill: float | str
    if word in ("median", "mode") and word not in values.levels:
        if word == "median" and values.categories:
            raise table.error("missing", 'a category has no median; use "mode", or one of the categories')
        fill = table.string("missing")
    elif isinstance(word, str) and not values.levels:
        raise table.error("missing", f"expected 'median', 'mode' or a value of the input, not {word!r}")
    else:
        fill = _value(table, "missing", values)
    # Clients write numbers with a point, whatever the file does.
    numbers = () if values.levels else map(plain, sorted(form.missing_numbers))
    words = dict.fromkeys(filter(None, (*form.missing, *numbers)))
    return MissingSpec(fill, table.boolean("indicator", False), tuple(words))


def _date_format(table: TomlTable) -> str:
    form = table.string("date_format")
    if not is_date_format(form):
        problem = f"expected a format of Python's strptime, like '%Y-%m-%d' or '%d.%m.%Y', not {form!r}"
        raise table.error("date_format", problem)
    return form
