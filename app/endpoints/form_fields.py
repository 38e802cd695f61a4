"""The fields of the form, from the signature: what was typed into each, what is wrong with it, what to say beside it.

Numbers are passed on as numbers: the template writes them.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from app.codecs.typed_number import parse_typed
from app.endpoints.form_dates import DateField, make_date_field
from app.errors import FieldError
from registry import DateColumn, Figures, Input, Signature, name_beside
from registry.figures import InputFigures

_FEW = 4  # categories that are shown all at once
_MANY = 100  # levels that a list is still looked through for; more are found by typing


@dataclass(frozen=True, slots=True)
class Choice:
    """One code of a category: as it is sent, a text or the code; as it is called; and whether it is chosen."""

    code: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One input as the form shows it.

    Attributes:
        text: what was typed.
        value: the number that this is, or the code of this text; None if it is none.
        problem: why it is refused; empty if it is not.
        is_beyond: whether it is accepted, but outside of what the model was trained on.
        choices: of a category; ``usual`` is what the most frequent one in training is called, if the version says, and
            ``how_often`` it was: "mostly", "often", or "most often" if it is rare like all others.
        is_short: whether the choices are few enough to be shown all at once.
        is_typed: whether a text is typed, with the choices as suggestions: there are many, or it may be another one.
        rest: what a text that is no choice counts as; empty if it is refused.
        fill: the number or the code that an empty field counts as; None if it is refused.
        step: by how much a key moves the value: about a hundredth of the training range.
        figures: how the training rows are spread; None if the version does not say.
    """

    item: Input
    text: str
    value: float | None
    problem: str
    is_beyond: bool
    choices: Sequence[Choice]
    usual: str
    how_often: str
    is_short: bool
    is_typed: bool
    rest: str
    fill: float | None
    step: float
    figures: InputFigures | None

    @property
    def kind(self) -> str:
        """Empty: it is no date."""
        return ""

    @property
    def key(self) -> str:
        """What the ids of the field end with."""
        return self.item.name

    @property
    def label(self) -> str:
        """What the field is called."""
        return self.item.label


def shown_sources(signature: Signature, typed: Mapping[str, str]) -> list[Input | DateColumn]:
    """Return what the form has a field for: a column of dates in place of its parts, unless some of these were typed.

    Args:
        typed: texts by input, or by column of dates; empty before anything was.
    """
    columns: dict[int, DateColumn] = {}
    for column in signature.dates:
        if not any(signature.names[position] in typed for position in column.positions):
            columns |= dict.fromkeys(column.positions, column)
    return list(dict.fromkeys(columns.get(position, item) for position, item in enumerate(signature.inputs)))


def make_fields(
    signature: Signature, figures: Figures | None, typed: Mapping[str, str], problems: Mapping[str, str]
) -> list[Field | DateField]:
    """Return the fields of what is shown, in its order.

    Args:
        typed: texts by the names of what is shown; empty before anything was.
        problems: messages by the same names.
    """
    fields: list[Field | DateField] = []
    for source in shown_sources(signature, typed):
        text, problem = typed.get(source.name, ""), problems.get(source.name, "")
        if isinstance(source, DateColumn):
            parts = [signature.inputs[position] for position in source.positions]
            fields.append(make_date_field(source, parts, text, problem))
        else:
            spread = figures.inputs.get(source.name) if figures else None
            fields.append(_make_field(source, spread, text, problem))
    return fields


def place_problems(errors: Sequence[FieldError], names: Container[str]) -> tuple[dict[str, str], list[str]]:
    """Return the messages that stand at a field, the first of each; and those that belong to none."""
    marked = {error.place: error.message for error in reversed(errors) if error.place in names}
    return marked, [str(error) for error in errors if error.place not in names]


def _make_field(item: Input, figures: InputFigures | None, text: str, problem: str) -> Field:
    value = _value(item, text)
    low, high = item.training
    is_beyond = value is not None and not problem and not low <= value <= high
    choices = [Choice(item.format(code), name, code == value) for code, name in item.words.items()]
    usual = item.words.get(figures.median, "") if figures else ""
    is_typed = bool(item.levels) and (item.other is not None or len(choices) > _MANY)
    return Field(
        item,
        text,
        value,
        problem,
        is_beyond,
        choices,
        usual,
        _how_often(figures) if figures and usual else "",
        len(choices) <= _FEW,
        is_typed,
        "" if item.other is None else item.words[item.other],
        None if item.missing is None else item.missing.fill,
        _step(low, high),
        figures,
    )


def word_of(item: Input, value: float) -> str:
    """Return what a value is called: the word of a category, a date, or that it is missing; empty for a number."""
    if item.is_missing(value):
        return name_beside(item.words.values())
    if item.date and item.date.part in ("weekday", "days"):
        return item.date.name(value)
    return item.words.get(value, "")


def _value(item: Input, text: str) -> float | None:
    """Return the number that was typed, or the code of the text; None if it is none."""
    if not text.strip() or text.strip() in item.no_value:
        return None
    if item.levels:
        return item.codes.get(text.strip(), item.other)
    parsed = parse_typed(text)
    if not isinstance(parsed, float) or not math.isfinite(parsed) or parsed in item.no_value:
        return None
    return parsed


def _how_often(figures: InputFigures) -> str:
    """Return a word for the share that the most frequent category has in the training rows, missing values included."""
    rows = sum(figures.histogram.counts) + figures.missing
    share = figures.histogram.rows_by_code.get(figures.median, 0) / max(rows, 1)
    return "mostly" if share >= 0.5 else "often" if share >= 0.25 else "most often"


def _step(low: float, high: float) -> float:
    """Return the power of ten that is nearest below a fiftieth of a range."""
    return 10.0 ** math.floor(math.log10((high - low) / 50)) if high > low else 1.0
