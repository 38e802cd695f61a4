"""Layouts of rows in JSON: one row, row by row, as columns, as a frame, or any of these inside another member."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from app.codecs.batch import JsonRows
from app.codecs.json_strict import ObjectPairs, as_object, excerpt, is_list, json_type
from app.errors import MalformedRequest
from registry import INPUT_TENSOR

_BODY = "the body"
# Members that hold the rows in a request of some protocol; what else is beside one is no row.
ENVELOPES = ("instances", "inputs", "data", "input_data", "dataframe_split", "dataframe_records")


class JsonLayouts:
    """Finds the rows of one model in JSON values, however they were parsed.

    Args:
        inputs: the names and aliases of the model's inputs.
        expected: what a body may be, in words.
    """

    def __init__(self, inputs: Container[str], expected: str) -> None:
        self._inputs = inputs
        self._expected = expected

    def locate(self, value: Any, allow_extra: bool, key: str = _BODY) -> tuple[JsonRows, bool]:
        """Return the rows of a value in any layout, and whether it is one row on its own.

        Args:
            key: the member that holds the value, if it is not the whole body, which alone may be an envelope.

        Raises:
            MalformedRequest: if it has none of the layouts.
        """
        if is_list(value):
            if value and isinstance(value[0], list | dict):  # and so ObjectPairs
                return self.instances(value, key, allow_extra), False
            return JsonRows([value] if value else [], allow_extra=allow_extra), bool(value)
        if not _is_object(value):
            raise MalformedRequest(f"{key}: {self._expected}, not {json_type(value)}")
        pairs = value.items() if isinstance(value, dict) else value
        cells = [cell for name, cell in pairs if name in self._inputs]
        if self._holds_tensor(value) or (cells and (all(map(is_list, cells)) or all(map(_is_object, cells)))):
            return self.columns(value, key, allow_extra), False
        names = set() if cells else {name for name, _ in pairs}
        if "data" in names and (key != _BODY or "columns" in names):
            return self.frame(value, key, allow_extra), False
        envelopes = [name for name in ENVELOPES if name in names and key == _BODY]
        if not envelopes:
            return JsonRows([value], allow_extra=allow_extra), True
        if len(envelopes) > 1:
            raise MalformedRequest(f"expected only one of {', '.join(envelopes)}")
        return self.locate(as_object(value, key)[envelopes[0]], allow_extra, envelopes[0])

    def instances(self, value: Any, key: str, allow_extra: bool = False) -> JsonRows:
        """Return rows that are listed one by one: lists, objects of inputs, or objects that hold the model's tensor.

        Raises:
            MalformedRequest: if it is not a list of something.
        """
        rows = filled_list(value, key)
        if self._holds_tensor(rows[0]):
            rows = [_take_tensor(row) for row in rows]
        return JsonRows(rows, allow_extra=allow_extra)

    def columns(self, value: Any, key: str, allow_extra: bool = False) -> JsonRows:
        """Return rows that are listed as columns, or the rows of the model's tensor, by name or alone.

        A column is a list, or an object whose members' names are the rows' index, as pandas writes it.

        Raises:
            MalformedRequest: if the columns have no such form.
        """
        if is_list(value):
            return JsonRows(filled_list(value, key), allow_extra=allow_extra)
        members = as_object(value, key)
        if self._holds_tensor(members):
            return JsonRows(filled_list(members[INPUT_TENSOR], INPUT_TENSOR), allow_extra=allow_extra)
        if allow_extra:
            members = {name: column for name, column in members.items() if name in self._inputs} or members
        if _is_object(next(iter(members.values()), None)):
            return zip_columns(_drop_index(members, key), key, allow_extra)
        return zip_columns({name: _column(name, column) for name, column in members.items()}, key, allow_extra)

    def frame(self, value: Any, key: str, allow_extra: bool) -> JsonRows:
        """Return the rows of a data frame, as pandas writes it with the orientation split.

        Raises:
            MalformedRequest: if it has no data, or its columns have no names.
        """
        frame = as_object(value, key)
        if "data" not in frame:
            raise MalformedRequest(f"{key}: data is missing")
        names = frame.get("columns")
        if names is not None and not all(isinstance(name, str) for name in filled_list(names, "columns")):
            raise MalformedRequest(f"{key}: columns: expected a list of names")
        return JsonRows(filled_list(frame["data"], "data"), names, allow_extra=allow_extra)

    def _holds_tensor(self, value: Any) -> bool:
        """Return whether an object has the model's tensor as its only member, and no input has that name."""
        if not _is_object(value) or len(value) != 1:
            return False
        name = value[0][0] if isinstance(value, ObjectPairs) else next(iter(value))
        return name == INPUT_TENSOR and name not in self._inputs


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


def _is_object(value: Any) -> bool:
    return isinstance(value, ObjectPairs | dict)


def _column(name: str, column: Any) -> list[Any]:
    """Return a column's values: [n], or [n, 1] as a tensor of a batch has it."""
    values = filled_list(column, excerpt(name))
    if all(is_list(value) and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def _drop_index(members: dict[str, Any], key: str) -> dict[str, list[Any]]:
    """Return the values of columns that are objects, in the order of the first one's members."""
    columns = {name: as_object(column, excerpt(name)) for name, column in members.items()}
    first, index = next(iter(columns.items()))
    for name, column in columns.items():
        if column.keys() != index.keys():
            raise MalformedRequest(f"{key}: {excerpt(name)} has other rows than {excerpt(first)}")
    return {name: [column[row] for row in index] for name, column in columns.items()}


def _take_tensor(row: Any) -> Any:
    members = as_object(row, "an instance") if _is_object(row) else {}
    return members.get(INPUT_TENSOR, row)
