"""Ways to lay out rows in JSON that more than one protocol has: instances, columns, the model's tensor by name."""

from __future__ import annotations

from typing import Any

from app.codecs.batch import Rows
from app.codecs.json_strict import Pairs, is_list, kind, members, shown
from app.errors import Refusal
from registry import INPUT_TENSOR, Signature


def instances(value: Any, signature: Signature, key: str, others: bool = False) -> Rows:
    """Rows one by one: lists, objects of inputs, or objects that hold the model's tensor.

    Raises:
        Refusal: 400 if it is not a list of something.
    """
    rows = filled_list(value, key)
    if _names_tensor(rows[0], signature):
        rows = [_tensor(row) for row in rows]
    return Rows(rows, others=others)


def columns(value: Any, signature: Signature, key: str, others: bool = False) -> Rows:
    """Rows as columns: an object of equally long lists, or the model's tensor, by name or alone.

    Raises:
        Refusal: 400 if the columns have no such form.
    """
    if is_list(value):
        return Rows(filled_list(value, key), others=others)
    given = members(value, key)
    if _names_tensor(given, signature):
        return Rows(filled_list(given[INPUT_TENSOR], INPUT_TENSOR), others=others)
    return zipped({name: _column(name, column) for name, column in given.items()}, key, others)


def zipped(given: dict[str, list[Any]], key: str, others: bool = False) -> Rows:
    """Rows from columns by name.

    Raises:
        Refusal: 400 if they are not equally long.
    """
    lengths = {len(column) for column in given.values()}
    if len(lengths) > 1:
        raise Refusal(400, f"{key}: the columns have {' and '.join(map(str, sorted(lengths)))} values")
    return Rows(list(zip(*given.values(), strict=True)), tuple(given), others=others)


def filled_list(value: Any, key: str) -> list[Any]:
    """A list with something in it.

    Raises:
        Refusal: 400 if it is none.
    """
    if not is_list(value):
        raise Refusal(400, f"{key}: expected a list, not {kind(value)}")
    if not value:
        raise Refusal(400, f"{key}: there is no row")
    filled: list[Any] = value
    return filled


def _column(name: str, column: Any) -> list[Any]:
    """A column's values: [n], or [n, 1] as a tensor of a batch has it."""
    values = filled_list(column, shown(name))
    if all(is_list(value) and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def _names_tensor(row: Any, signature: Signature) -> bool:
    """Whether an object has the model's tensor as its only member, and no input has that name."""
    if not isinstance(row, Pairs | dict) or len(row) != 1:
        return False
    name = row[0][0] if isinstance(row, Pairs) else next(iter(row))
    return name == INPUT_TENSOR and not any(name in item.names for item in signature.inputs)


def _tensor(row: Any) -> Any:
    found = members(row, "an instance") if isinstance(row, Pairs | dict) else {}
    return found.get(INPUT_TENSOR, row)
