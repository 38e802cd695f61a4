"""Layouts of rows in JSON that more than one protocol has: instances, columns, the model's tensor by name."""

from __future__ import annotations

from typing import Any

from app.codecs.batch import JsonRows
from app.codecs.json_strict import ObjectPairs, as_object, excerpt, is_list, json_type
from app.errors import MalformedRequest
from registry import INPUT_TENSOR, Signature


def instances(value: Any, signature: Signature, key: str, allow_extra: bool = False) -> JsonRows:
    """Return rows that are listed one by one: lists, objects of inputs, or objects that hold the model's tensor.

    Raises:
        MalformedRequest: if it is not a list of something.
    """
    rows = filled_list(value, key)
    if _names_tensor(rows[0], signature):
        rows = [_take_tensor(row) for row in rows]
    return JsonRows(rows, allow_extra=allow_extra)


def columns(value: Any, signature: Signature, key: str, allow_extra: bool = False) -> JsonRows:
    """Return rows that are listed as columns: an object of equally long lists, or the model's tensor, by name or alone.

    Raises:
        MalformedRequest: if the columns have no such form.
    """
    if is_list(value):
        return JsonRows(filled_list(value, key), allow_extra=allow_extra)
    members = as_object(value, key)
    if _names_tensor(members, signature):
        return JsonRows(filled_list(members[INPUT_TENSOR], INPUT_TENSOR), allow_extra=allow_extra)
    return zip_columns({name: _column(name, column) for name, column in members.items()}, key, allow_extra)


def zip_columns(values: dict[str, list[Any]], key: str, allow_extra: bool = False) -> JsonRows:
    """Return rows from columns by name.

    Raises:
        MalformedRequest: if they are not equally long.
    """
    lengths = {len(column) for column in values.values()}
    if len(lengths) > 1:
        raise MalformedRequest(f"{key}: the columns have {' and '.join(map(str, sorted(lengths)))} values")
    return JsonRows(list(zip(*values.values(), strict=True)), tuple(values), allow_extra=allow_extra)


def filled_list(value: Any, key: str) -> list[Any]:
    """Return a list with something in it.

    Raises:
        MalformedRequest: if it is none.
    """
    if is_list(value) and value:
        return value
    problem = "there is no row" if is_list(value) else f"expected a list, not {json_type(value)}"
    raise MalformedRequest(f"{key}: {problem}")


def _column(name: str, column: Any) -> list[Any]:
    """Return a column's values: [n], or [n, 1] as a tensor of a batch has it."""
    values = filled_list(column, excerpt(name))
    if all(is_list(value) and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def _names_tensor(row: Any, signature: Signature) -> bool:
    """Return whether an object has the model's tensor as its only member, and no input has that name."""
    if not isinstance(row, ObjectPairs | dict) or len(row) != 1:
        return False
    name = row[0][0] if isinstance(row, ObjectPairs) else next(iter(row))
    return name == INPUT_TENSOR and not any(name in item.names for item in signature.inputs)


def _take_tensor(row: Any) -> Any:
    members = as_object(row, "an instance") if isinstance(row, ObjectPairs | dict) else {}
    return members.get(INPUT_TENSOR, row)
