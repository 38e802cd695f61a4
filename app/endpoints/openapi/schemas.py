"""JSON Schemas of an input's value, of rows and of predictions, from a signature.

They say what the decoder and the checks accept, neither more nor less. Knows no protocol and no HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from registry import Input, Signature, plain

Schema = dict[str, Any]

# Up to it every whole float is exact as an integer; a larger one may not fit into what writes JSON.
_EXACT = 2.0**53


def ref(name: str) -> Schema:
    """A reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def any_of(*schemas: Schema) -> Schema:
    """What at least one of these accepts."""
    return {"anyOf": list(schemas)}


def record(properties: Schema, optional: Sequence[str] = (), others: bool | Schema = False) -> Schema:
    """An object of these members; ``others`` says whether there may be more, or what they have to be."""
    required = [name for name in properties if name not in optional]
    rest = {} if others is True else {"additionalProperties": others}
    return {"type": "object", "properties": properties, "required": required, **rest}


def listed(item: Schema, most: int | None = None) -> Schema:
    """A list with something in it."""
    return {"type": "array", "items": item, "minItems": 1, **({} if most is None else {"maxItems": most})}


def tuple_of(*items: Schema) -> Schema:
    """A list of exactly these."""
    return {
        "type": "array",
        "prefixItems": list(items),
        "items": False,
        "minItems": len(items),
        "maxItems": len(items),
    }


def number(value: float) -> int | float:
    """A number as a person would write it in JSON."""
    return int(value) if abs(value) < _EXACT and value == int(value) else value


def bounds(low: float, high: float) -> Schema:
    """A number from ``low`` to ``high``, or as far as the float32 next to them."""
    least, most = min(low, _float32(low)), max(high, _float32(high))
    return {"type": "number", "minimum": number(least), "maximum": number(most)}


def value_of(item: Input) -> Schema:
    """What is accepted for an input."""
    said = {"title": item.label, **({"description": item.unit} if item.unit else {})}
    if not item.categories:
        return {**bounds(*item.limits), **said}
    if item.category_labels:
        words = zip(map(plain, item.categories), item.category_labels, strict=True)
        said["description"] = ", ".join(f"{code}: {label}" for code, label in words)
    codes = sorted({*item.categories, *map(_float32, item.categories)})
    return {"type": "number", "enum": list(map(number, codes)), **said}


def value(item: Input) -> Schema:
    """A reference to :func:`value_of` an input."""
    return ref(f"input.{item.name}")


def has(item: Input) -> Schema:
    """An object that has an input, by exactly one of its names."""
    if not item.aliases:
        return {"required": [item.name]}
    return {"oneOf": [{"required": [name]} for name in item.names]}


def lacks(item: Input) -> Schema:
    """An object that has an input by none of its names."""
    return {"not": any_of(*({"required": [name]} for name in item.names))}


def by_name(
    signature: Signature, cell: Callable[[Input], Schema], others: bool | Schema = False, complete: bool = True
) -> Schema:
    """An object with a ``cell`` for each input, by its name or an alias; if not ``complete``, for some of them."""
    cells = {name: cell(item) for item in signature.inputs for name in item.names}
    schema = record(cells, tuple(cells), others)
    if complete:
        schema["required"] = [item.name for item in signature.inputs if not item.aliases]
        choices = [has(item) for item in signature.inputs if item.aliases]
        schema |= {"allOf": choices} if choices else {}
    return schema


def components(signature: Signature, max_rows: int) -> dict[str, Schema]:
    """The schemas that the others refer to."""
    rows = {
        "RowByPosition": tuple_of(*map(value, signature.inputs)),
        "RowByName": by_name(signature, value),
        "WideRowByName": {
            **by_name(signature, value, others=True),
            "description": "columns that are no input are left out",
        },
        "Row": any_of(ref("RowByPosition"), ref("RowByName")),
        "WideRow": any_of(ref("RowByPosition"), ref("WideRowByName")),
        "Rows": listed(ref("Row"), max_rows),
        "WideRows": listed(ref("WideRow"), max_rows),
    }
    output = signature.output
    prediction = {**bounds(*output.plausible), "title": output.label, "description": output.unit}
    return {
        **{f"input.{item.name}": value_of(item) for item in signature.inputs},
        **rows,
        "Prediction": prediction,
    }


def _float32(value: float) -> float:
    return float(np.float32(value))
