"""The signature of a model: its inputs and its output, as signature.json holds them.

Everything that depends on a model's inputs is derived from it: validation, the form, the log's columns, the protocols'
metadata. Knows no model file, no HTTP and no log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.date_column import DateColumn, date_columns
from registry.errors import SignatureError
from registry.float32 import check_range, pair
from registry.formatting import plain
from registry.input import Input
from registry.interval import CategoryTerm, Interval

FORMAT = 1

# An input's name becomes a CSV column, a form field, a JSON key and a tensor's name; this is safe in all four.
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

# An alias, or a column of dates, is only ever sent: it is what a file may call the column, like "Year Built".
_MAX_ALIAS = 200
_SENDABLE = f"must be at most {_MAX_ALIAS} printable characters, with no space around them"

# A model's name becomes a folder and a part of a URL.
MODEL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")

# The SavedModel's names of its signature, its input tensor of shape (n, k) and its output tensor of shape (n, 1).
SIGNATURE_NAME, INPUT_TENSOR, OUTPUT_TENSOR = "serving_default", "features", "output_0"

# The columns of the prediction log that are not inputs (journal.prediction_columns; a test compares the two).
RESERVED = frozenset({"time", "request_id", "row", "model", "version", "role", "prediction", "flags"})

_OUTPUT_KEYS = ("name", "label", "unit", "plausible")


@dataclass(frozen=True, slots=True)
class Output:
    """What the model predicts, in ``unit``; a prediction outside ``plausible`` is never sent."""

    name: str
    label: str
    unit: str
    plausible: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Signature:
    """The inputs in their order (the columns of the float32 rows), the one output, and its intervals if it has any."""

    model: str
    title: str
    inputs: tuple[Input, ...]
    output: Output
    interval: Interval | None = None

    def __post_init__(self) -> None:
        if not MODEL_NAME.fullmatch(self.model):
            raise SignatureError(
                f"model: {self.model!r} can't name a folder and a URL; use letters, digits, '_', '.' and '-'"
            )
        if not self.inputs:
            raise SignatureError("inputs: a model needs at least one")
        owners: dict[str, str] = {}
        for item in self.inputs:
            if not NAME.fullmatch(item.name):
                raise SignatureError(
                    f"input {item.name!r}: a name is a letter or '_', then at most 63 letters, digits or '_'"
                )
            for name in item.names:
                if not is_sendable(name):
                    raise SignatureError(f"input {item.name}: the alias {name!r} {_SENDABLE}")
                if name in owners:
                    raise SignatureError(f"input {item.name}: the name {name!r} is taken by {owners[name]}")
                owners[name] = item.name
            if item.name in RESERVED:
                raise SignatureError(f"input {item.name}: this is a column of the prediction log; choose another name")
            item.check()
        self._check_dates(owners)
        check_range("output: plausible", self.output.plausible)
        if self.interval:
            _check_interval(self.interval, self.inputs)

    def _check_dates(self, owners: Mapping[str, str]) -> None:
        """Check the columns of dates, beside the names that inputs have."""
        formats: dict[str, str] = {}
        for item in self.inputs:
            if item.date is None:
                continue
            column, form = item.date.column, item.date.format
            if not is_sendable(column):
                raise SignatureError(f"input {item.name}: date: the column {column!r} {_SENDABLE}")
            if column in owners:
                raise SignatureError(f"input {item.name}: date: the column {column!r} is a name of {owners[column]}")
            if formats.setdefault(column, form) != form:
                raise SignatureError(
                    f"input {item.name}: date: {column!r} has the formats {formats[column]} and {form}"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs' names, in order."""
        return tuple(item.name for item in self.inputs)

    @property
    def example(self) -> tuple[float, ...]:
        """One typical row."""
        return tuple(item.example for item in self.inputs)

    @property
    def dates(self) -> tuple[DateColumn, ...]:
        """The columns of dates that clients may send in place of inputs."""
        return date_columns(self.inputs)

    @property
    def places(self) -> tuple[str, ...]:
        """What an error may name: the inputs and the columns of dates."""
        return (*self.names, *(date.name for date in self.dates))

    @property
    def names_with_dates(self) -> tuple[str, ...]:
        """The names of the inputs, with a column of dates in place of its parts."""
        return tuple(dict.fromkeys(item.date.column if item.date else item.name for item in self.inputs))

    @property
    def example_by_name(self) -> dict[str, float | str | None]:
        """One typical row as a client may send it by name: columns of dates in place of their parts."""
        dates = {date.name: date.format_date(date.example) for date in self.dates}
        row: dict[str, float | str | None] = {}
        for item in self.inputs:
            if item.date:
                row[item.date.column] = dates[item.date.column]
            else:
                row[item.name] = item.to_json_value(item.example)
        return row

    @property
    def example_json(self) -> str:
        """One typical row as JSON, as a person would write it."""
        values = (item.to_json_value(item.example) for item in self.inputs)
        texts = (
            plain(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False) for value in values
        )
        return f"[{', '.join(texts)}]"

    def interval_at(self, level: float) -> Interval | None:
        """Return the intervals; None if there are none of this level."""
        return self.interval if self.interval is not None and level in self.interval.quantiles else None

    def to_json(self) -> dict[str, Any]:
        """Return the content of signature.json, ready for a JSON writer."""
        inputs = [item.to_json() for item in self.inputs]
        output = {key: getattr(self.output, key) for key in _OUTPUT_KEYS}
        interval = {"interval": self.interval.to_json()} if self.interval else {}
        content = {"format": FORMAT, "model": self.model, "title": self.title, "inputs": inputs, "output": output}
        return {**content, **interval}

    @classmethod
    def from_json(cls, data: Any) -> Signature:
        """Return the signature that the content of a signature.json describes.

        Raises:
            SignatureError: naming the key that is missing or has a wrong type.
        """
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            raise SignatureError(f"signature.json: expected an object of format {FORMAT}")
        try:
            inputs = tuple(Input.from_json(item) for item in data["inputs"])
            output = data["output"]
            return cls(
                **_texts(data, "model", "title"),
                inputs=inputs,
                output=Output(**_texts(output, "name", "label", "unit"), plausible=pair(output["plausible"])),
                interval=_interval(data["interval"]) if "interval" in data else None,
            )
        except KeyError as error:
            raise SignatureError(f"signature.json: the key {error} is missing") from error
        except (TypeError, ValueError) as error:
            raise SignatureError(f"signature.json: {error}") from error


def is_sendable(name: str) -> bool:
    """Return whether a client can send a value under a name."""
    return name.isprintable() and name == name.strip() and 0 < len(name) <= _MAX_ALIAS


def _interval(content: Any) -> Interval:
    try:
        return Interval.from_json(content)
    except KeyError as error:
        raise SignatureError(f"signature.json: interval: the key {error} is missing") from error
    except (OverflowError, TypeError, ValueError) as error:
        raise SignatureError(f"signature.json: interval: {error}") from error


def _texts(data: Mapping[str, Any], *keys: str) -> dict[str, str]:
    return {key: str(data[key]) for key in keys}


def _check_interval(interval: Interval, inputs: tuple[Input, ...]) -> None:
    if len(interval.terms) != len(inputs):
        raise SignatureError(f"interval: terms: expected {len(inputs)}, one for each input, not {len(interval.terms)}")
    for item, term in zip(inputs, interval.terms, strict=True):
        codes = term.codes if isinstance(term, CategoryTerm) else ()
        if codes != item.categories:
            raise SignatureError(f"interval: terms: {item.name}: expected the codes {item.categories}, not {codes}")
