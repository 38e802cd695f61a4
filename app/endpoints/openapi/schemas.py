"""JSON Schemas of a signature's inputs, rows and predictions. They accept exactly what the service accepts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.codecs.levels import texts_of_numbers
from app.codecs.validation import to_float32
from registry import DateColumn, Input, Signature, plain

Schema = dict[str, Any]
Source = Input | DateColumn  # what a client may send under a name
# What may stand for a value that is not known: null, or a text with nothing in it.
BLANK: Schema = {"type": ["null", "string"], "pattern": r"^\s*$"}
BLANK_TEXT: Schema = {**BLANK, "type": "string"}

# Up to it every whole float is exact as an integer; a larger one may not fit into what writes JSON.
_EXACT = 2.0**53


def ref(name: str) -> Schema:
    """Return a reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def any_of(*schemas: Schema) -> Schema:
    """Return a schema that accepts what at least one of these accepts."""
    return {"anyOf": list(schemas)}


def object_schema(properties: Schema, optional: Sequence[str] = (), extra: bool | Schema = False) -> Schema:
    """Return the schema of an object; ``extra`` says whether it may have other members, or their schema."""
    required = [name for name in properties if name not in optional]
    rest = {} if extra is True else {"additionalProperties": extra}
    return {"type": "object", "properties": properties, "required": required, **rest}


def array_schema(item: Schema | bool, max_items: int) -> Schema:
    """Return the schema of an array of 1 to ``max_items`` items."""
    return {"type": "array", "items": item, "minItems": 1, "maxItems": max_items}


def tuple_schema(*items: Schema) -> Schema:
    """Return the schema of an array of exactly these items."""
    return {"prefixItems": list(items), **array_schema(False, len(items)), "minItems": len(items)}


def json_value(item: Input, value: float) -> int | float | str | None:
    """Return a value of the model's rows as a person would write it in JSON."""
    shown = item.to_json_value(value)
    return number(shown) if isinstance(shown, float) else shown


def number(value: float) -> int | float:
    """Return a number as a person would write it in JSON."""
    return int(value) if abs(value) < _EXACT and value == int(value) else value


def bounds(low: float, high: float) -> Schema:
    """Return a number from ``low`` to ``high``, or as far as the float32 next to them."""
    least, most = min(low, float(to_float32(low))), max(high, float(to_float32(high)))
    return {"type": "number", "minimum": number(least), "maximum": number(most)}


def value_ref(source: Source) -> Schema:
    """Return a reference to the schema of the value of an input, or of a date."""
    return ref(f"date.{source.positions[0]}" if isinstance(source, DateColumn) else f"input.{source.name}")


def has(item: Input) -> Schema:
    """Return the schema of an object that has an input, by exactly one of its names or in a date."""
    return _has_one(item.sources)


def has_itself(item: Input) -> Schema:
    """Return the schema of an object that has an input by exactly one of its names, whether in a date too or not."""
    return _has_one(item.names)


def _has_one(names: Sequence[str]) -> Schema:
    return {"required": list(names)} if len(names) == 1 else {"oneOf": [{"required": [name]} for name in names]}


def given(item: Input) -> Schema:
    """Return the schema of an object that has an input as a row must: an optional one by at most one of its names."""
    if item.missing is None:
        return has(item)
    return {"oneOf": [*({"required": [name]} for name in item.sources), lacks(item)]}


def or_itself(
    signature: Signature, rules: Mapping[str, Schema], itself: Callable[[Input], Schema]
) -> dict[str, Schema]:
    """Return rules, by name of input, for where other names may be: a date counts as one if all its parts are there.

    Args:
        itself: the rule for a part of a date that is there itself.
    """
    inputs = dict(zip(signature.names, signature.inputs, strict=True))
    kept = {name: rule for name, rule in rules.items() if inputs[name].date is None}
    for date in signature.dates:
        parts = [signature.inputs[position] for position in date.positions]
        kept[date.name] = any_of(
            {"allOf": [rules[part.name] for part in parts]}, {"allOf": [itself(part) for part in parts]}
        )
    return kept


def count_required(signature: Signature) -> int:
    """Return how many columns a table must have: at least one. The parts of a date may be in one."""
    required = {item.sources[-1 if item.date else 0] for item in signature.inputs if item.missing is None}
    return max(1, len(required))


def lacks(item: Input) -> Schema:
    """Return the schema of an object that has an input by none of its names, and in no date."""
    return {"not": any_of(*({"required": [name]} for name in item.sources))}


def members(signature: Signature, member: Callable[[Source], Schema], extra: bool | Schema = False) -> Schema:
    """Return the schema of an object with a ``member`` for some of the inputs and dates, by any of their names."""
    properties = {name: member(item) for item in signature.inputs for name in item.names}
    properties |= {date.name: member(date) for date in signature.dates}
    return object_schema(properties, tuple(properties), extra)


def by_name(signature: Signature, member: Callable[[Source], Schema], extra: bool | Schema = False) -> Schema:
    """Return the schema of an object with a ``member`` for each input, by exactly one of its names.

    An optional input may be left out. If all may be, an object of nothing but other members is none.
    """
    schema = members(signature, member, extra)
    schema["required"] = [item.name for item in signature.inputs if item.sources == (item.name,) and not item.missing]
    rules = {item.name: given(item) for item in signature.inputs if len(item.sources) > 1}
    if rules and extra is True:
        rules = or_itself(signature, rules, has_itself)
    if rules:
        schema["allOf"] = list(rules.values())
    if extra is True and all(item.missing for item in signature.inputs):
        schema["anyOf"] = [{"maxProperties": 0}, *({"required": [name]} for name in schema["properties"])]
    return schema


def signature_schemas(signature: Signature, max_rows: int) -> dict[str, Schema]:
    """Return ``components/schemas`` of the values, rows and predictions of a signature."""
    output = signature.output
    least, most = map(number, output.plausible)
    wide_row = by_name(signature, value_ref, extra=True)
    return {
        "ModelName": {"enum": [signature.model]},
        **{f"input.{item.name}": _value(item) for item in signature.inputs},
        **{f"date.{date.positions[0]}": _date(date, signature) for date in signature.dates},
        "Prediction": {**bounds(*output.plausible), "title": output.label, "description": output.unit},
        "ActualValue": {"type": "number", "minimum": least, "maximum": most},
        "Contributions": {
            **object_schema({name: {"type": "number"} for name in signature.names}),
            "description": f"of each input, in the unit of the prediction: {output.unit}",
        },
        "RowByPosition": tuple_schema(*map(value_ref, signature.inputs)),
        "RowByName": by_name(signature, value_ref),
        "WideRowByName": {**wide_row, "description": "columns that are not inputs are ignored"},
        "Rows": array_schema(ref("Row"), max_rows),
        "WideRows": array_schema(ref("WideRow"), max_rows),
    }


def form_row(signature: Signature) -> Schema:
    """Return the schema of a form, in which all values are texts; those of inputs that are no numbers too."""

    def text(source: Source) -> Schema:
        return _date(source, signature, BLANK_TEXT) if isinstance(source, DateColumn) else _value(source, BLANK_TEXT)

    return by_name(signature, text, extra=True)


def _date(column: DateColumn, signature: Signature, blank: Schema = BLANK) -> Schema:
    """Return the schema of a date: any text with something in it, as JSON Schema knows no dates but those of ISO 8601.

    They are its format where the file has them; else a client that is made of the document may send nothing else.
    """
    value: Schema = {"type": ["string", "number"] if column.takes_numbers else "string", "pattern": r"\S"}
    if column.format == "%Y-%m-%d":
        value["format"] = "date"
    instead = ", ".join(signature.names[position] for position in column.positions)
    texts = {"title": column.name, "description": f"in place of {instead}: {column.expected}"}
    examples = {"examples": [column.format_date(column.example)]}
    if not column.is_optional:
        return {**value, **examples, **texts}
    texts["description"] += f"; {'null' if blank is BLANK else 'empty'}, or left out, if it is not known"
    numbers = sorted(number(word) for word in column.no_value if isinstance(word, float))
    return {**any_of(value, blank, *([{"enum": numbers}] if numbers else [])), **examples, **texts}


def _value(item: Input, blank: Schema = BLANK) -> Schema:
    texts = {"title": item.label, **({"description": item.unit} if item.unit else {})}
    if item.levels:
        value = _level(item)
    elif item.categories:
        if item.category_labels:
            labels = zip(map(plain, item.categories), item.category_labels, strict=True)
            texts["description"] = ", ".join(f"{code}: {label}" for code, label in labels)
        codes = sorted({*item.categories, *to_float32(item.categories).tolist()})
        value = {"type": "number", "enum": list(map(number, codes))}
    else:
        value = bounds(*item.limits)
    if item.missing is None:
        return {**value, **texts}
    fill = item.words.get(item.missing.fill) or plain(item.missing.fill)
    remark = f"{'null' if blank is BLANK else 'empty'}, or left out, if it is not known: that counts as {fill}"
    words = [*item.missing.texts, *sorted(number(word) for word in item.no_value if isinstance(word, float))]
    choices = any_of(value, blank, *([{"enum": words}] if words else []))
    return {**choices, **texts, "description": "; ".join(filter(None, [texts.get("description"), remark]))}


def _level(item: Input) -> Schema:
    """Return the schema of a text: one of the levels, or any that is not blank if the others have a level too.

    A number may stand for a text that reads as one.
    """
    numbers = [number(value) for value in texts_of_numbers(item) if math.isfinite(value)]
    if item.other is None:
        others = [*([False, True] if item.boolean else []), *numbers]
        return {**({} if others else {"type": "string"}), "enum": [*item.codes, *others]}
    return {"type": ["string", "number"] if numbers else "string", "pattern": r"\S", "examples": list(item.levels)}
