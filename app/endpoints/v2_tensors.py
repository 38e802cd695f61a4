"""Tensors of the Open Inference Protocol: from a request's input tensors to rows, in JSON and in bytes.

An input of texts has a tensor of its own, of texts (BYTES) or, if it is a boolean, of BOOL. A column of
dates has one of texts, in place of its parts.

Sources: the protocol's inference_rest.md, and Triton's extension_binary_data.md for the bytes behind the JSON.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.codecs.batch import Float64Matrix, JsonRows
from app.codecs.json_layouts import zip_columns
from app.codecs.json_strict import excerpt, is_list, json_type, optional_object
from app.endpoints.data_plane import takes_texts
from app.errors import MalformedRequest
from registry import Input, Signature

BINARY_SIZE = "binary_data_size"
# The datatypes that are numbers, and how one is written in bytes.
_KINDS = (("INT", "i", (8, 16, 32, 64)), ("UINT", "u", (8, 16, 32, 64)), ("FP", "f", (16, 32, 64)))
DATATYPES: dict[str, np.dtype[Any]] = {
    f"{name}{bits}": np.dtype(f"<{code}{bits // 8}") for name, code, sizes in _KINDS for bits in sizes
}
# The further ones of an input of texts; a text is written in bytes behind its length.
TEXTS, BOOLEANS = "BYTES", "BOOL"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input tensor: its values as JSON has them, flat or as nested lists, or as an array of this shape."""

    name: str
    shape: tuple[int, ...]
    values: list[Any] | Float64Matrix


def read_tensor(content: dict[str, Any], raw: memoryview, inputs: Sequence[Input] = ()) -> tuple[Tensor, memoryview]:
    """Read one member of ``inputs``.

    Args:
        raw: the bytes behind the JSON that no tensor has taken yet.
        inputs: of the model; those of texts, and columns of dates, may have a tensor of texts.

    Returns:
        the tensor, and the bytes that are left.

    Raises:
        MalformedRequest: if its parts don't fit each other.
    """
    name = content.get("name")
    if not isinstance(name, str):
        raise MalformedRequest("inputs: a tensor has no name")
    here = f"inputs: {excerpt(name)}"
    shape, count = _shape(content.get("shape"), here)
    datatype = content.get("datatype")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        allowed: tuple[str, ...] = ()
        if any(item.levels and name in item.names for item in inputs):
            allowed = (TEXTS, BOOLEANS)
        elif any(item.date and name == item.date.column for item in inputs):
            allowed = (TEXTS,)
        if datatype not in allowed:
            sent = excerpt(datatype) if isinstance(datatype, str) else "nothing"
            wanted = f"the datatype {TEXTS}" if allowed else "a datatype of numbers, like FP32"
            raise MalformedRequest(f"{here}: expected {wanted}, not {sent}")
    size = optional_object(content, "parameters").get(BINARY_SIZE)
    if size is not None and datatype == TEXTS:
        return _read_texts(name, shape, raw, size, here)
    if size is not None:
        dtype = np.dtype(bool) if datatype == BOOLEANS else DATATYPES[datatype]
        expected = count * dtype.itemsize
        if size is True or size != expected or len(raw) < expected:  # true is 1
            here += f": shape {list(shape)} of {datatype} is {expected} bytes"
            raise MalformedRequest(f"{here}, not {_stated(size)}; and {len(raw)} are there behind the JSON")
        array = np.frombuffer(raw, dtype, count)
        if datatype == BOOLEANS:
            return Tensor(name, shape, array.tolist()), raw[expected:]
        with np.errstate(invalid="ignore"):  # a signalling NaN is refused like any other
            array = array.reshape(shape).astype(np.float64)
        return Tensor(name, shape, array), raw[expected:]
    data = content.get("data")
    if not is_list(data):
        raise MalformedRequest(f"{here}: data: expected a list, not {json_type(data)}")
    nested = bool(data) and is_list(data[0])
    if len(data) != (shape[0] if nested else count):
        raise MalformedRequest(f"{here}: shape {list(shape)} and the {len(data)} values in data don't fit")
    return Tensor(name, shape, data), raw


def arrange_rows(
    tensors: Sequence[Tensor], signature: Signature, *, only_numbers: bool = False
) -> JsonRows | Float64Matrix:
    """Return the rows of a request: of its one tensor of shape [n, k], or of k tensors of shape [n] or [n, 1].

    The one tensor may have any name, as MLServer's clients send it; the k have their inputs'. A model with an input of
    texts takes the k only, for a tensor has one datatype. In an array, a NaN of an optional input is a missing value.

    Args:
        only_numbers: whether each input of the model is a number that has to be there, as its decoder knows.

    Raises:
        MalformedRequest: if the tensors have another shape.
    """
    first = tensors[0]
    width = len(signature.inputs)
    if len(tensors) == 1 and not any(first.name in item.sources for item in signature.inputs):
        each = f"one for each of {', '.join(signature.names)}"
        if not only_numbers and takes_texts(signature):
            raise MalformedRequest(f"inputs: {excerpt(first.name)}: expected tensors of shape [n] or [n, 1], {each}")
        if len(first.shape) != 2 or first.shape[1] != width:
            expected = f"one tensor of shape [n, {width}], or {each}"
            raise MalformedRequest(
                f"inputs: {excerpt(first.name)}: expected {expected}; its shape is {list(first.shape)}"
            )
        if isinstance(first.values, np.ndarray):
            return first.values if only_numbers else _with_missing(first.values, signature)
        return JsonRows(first.values, flat=not is_list(first.values[0]) if first.values else True)
    columns: dict[str, list[Any]] = {}
    optional = set() if only_numbers else {name for item in signature.inputs if item.missing for name in item.sources}
    for tensor in tensors:
        if tensor.name in columns:
            raise MalformedRequest(f"inputs: {excerpt(tensor.name)} appears twice")
        column = _column(tensor)
        if tensor.name in optional and isinstance(tensor.values, np.ndarray):
            column = [None if math.isnan(value) else value for value in column]
        columns[tensor.name] = column
    return zip_columns(columns, "inputs")


def _with_missing(rows: Float64Matrix, signature: Signature) -> JsonRows | Float64Matrix:
    """Return rows, float64 (n, k), with None in place of each NaN of an optional input, if there is any."""
    optional = [item.missing is not None for item in signature.inputs]
    if not any(optional) or not (absent := np.isnan(rows) & optional).any():
        return rows
    cells = rows.astype(object)
    cells[absent] = None
    return JsonRows(cells.tolist())


def _read_texts(
    name: str, shape: tuple[int, ...], raw: memoryview, size: object, here: str
) -> tuple[Tensor, memoryview]:
    """Read a tensor of texts: each is its length, as an unsigned integer of 4 bytes, and so many bytes of UTF-8."""
    if size is True or not isinstance(size, int | float) or not 0 <= size <= len(raw) or size % 1:
        raise MalformedRequest(f"{here}: {_stated(size)} bytes are said, and {len(raw)} are there behind the JSON")
    own, rest = raw[: int(size)], raw[int(size) :]
    try:
        texts = list(_texts(own))
    except (struct.error, UnicodeDecodeError) as error:
        raise MalformedRequest(f"{here}: expected texts in UTF-8, each behind its length in 4 bytes") from error
    if len(texts) != math.prod(shape):
        raise MalformedRequest(f"{here}: shape {list(shape)} and the {len(texts)} texts behind the JSON don't fit")
    return Tensor(name, shape, texts), rest


def _stated(size: object) -> str:
    """Return a size as the client stated it, though it may be parsed as a float."""
    return excerpt(str(int(size) if isinstance(size, float) and size % 1 == 0 else size))


def _texts(raw: memoryview) -> Iterator[str]:
    start = 0
    while start < len(raw):
        (length,) = _LENGTH.unpack_from(raw, start)
        start += _LENGTH.size + length
        if start > len(raw):
            raise struct.error
        yield str(raw[start - length : start], "utf-8")


def _column(tensor: Tensor) -> list[Any]:
    if len(tensor.shape) != 1 and tensor.shape[1:] != (1,):
        message = f"expected the shape [n] or [n, 1], not {list(tensor.shape)}"
        raise MalformedRequest(f"inputs: {excerpt(tensor.name)}: {message}")
    if isinstance(tensor.values, np.ndarray):
        return tensor.values.reshape(-1).tolist()
    return [value[0] if is_list(value) and len(value) == 1 else value for value in tensor.values]


def _shape(value: Any, here: str) -> tuple[tuple[int, ...], int]:
    """Return a tensor's shape, and how many values it has."""
    sizes = value if is_list(value) and 1 <= len(value) <= 2 else None
    if sizes is None or not all(type(size) in (int, float) and 0 <= size < 1 << 31 and size % 1 == 0 for size in sizes):
        raise MalformedRequest(f"{here}: shape: expected a list of one or two sizes, like [1, 3]")
    shape = tuple(map(int, sizes))
    return shape, math.prod(shape)
