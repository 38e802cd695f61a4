"""What a signature decides of each protocol's request body: its schemas.

JSON Schema can't say that columns have the same length, or that a tensor's data fits its shape: a description does.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.codecs.json_layouts import ENVELOPES
from app.endpoints.data_plane import takes_texts
from app.endpoints.openapi.schemas import (
    Schema,
    Source,
    any_of,
    array_schema,
    by_name,
    count_required,
    given,
    has,
    lacks,
    members,
    object_schema,
    or_itself,
    ref,
    tuple_schema,
    value_ref,
)
from app.endpoints.v2_tensors import BOOLEANS, TEXTS
from registry import INPUT_TENSOR, DateColumn, Input, Signature


def request_schemas(signature: Signature, max_rows: int) -> dict[str, Schema]:
    """Return ``components/schemas`` of the parts of requests that depend on the signature."""
    frame_cells: Schema = {"type": "array", "minItems": count_required(signature)}
    frame_cells["description"] = "as many values as there are columns"
    return {
        "Truths": array_schema(ref("Truth"), max_rows),
        "Instances": _instances(signature, max_rows, "Row"),
        "Columns": _columns(signature, max_rows, "Row", extra=False),
        "Frame": _frame(signature, max_rows),
        "Envelope": _envelope(signature),
        "RegressRequest": _regress(signature, max_rows),
        "InputTensors": _input_tensors(signature, max_rows),
        "FrameColumns": _frame_columns(signature, extra=True),
        "FrameData": array_schema(any_of(frame_cells, ref("WideRowByName")), max_rows),
        "WideInstances": _instances(signature, max_rows, "WideRow"),
        "WideColumns": _columns(signature, max_rows, "WideRow", extra=True),
    }


def accepts_tensor(signature: Signature) -> bool:
    """Return whether the tensor's name means the tensor: an input of that name comes first."""
    return not any(INPUT_TENSOR in item.sources for item in signature.inputs)


def _instances(signature: Signature, max_rows: int, row: str) -> Schema:
    """Rows one by one; if the first is an object with the model's tensor, the others may be."""
    if not accepts_tensor(signature):
        return ref(f"{row}s")
    first = object_schema({INPUT_TENSOR: ref(row)})
    later = any_of(ref(row), object_schema({INPUT_TENSOR: ref(row)}, extra=True))
    return any_of(ref(f"{row}s"), {**array_schema(later, max_rows), "prefixItems": [first]})


def _columns(signature: Signature, max_rows: int, row: str, extra: bool) -> Schema:
    """Rows as columns of the same length or with the same index, or as the model's tensor, by name or alone."""

    def column(source: Source) -> Schema:
        return {
            "type": "array",
            "minItems": 1,
            "maxItems": max_rows,
            **any_of({"items": value_ref(source)}, {"items": tuple_schema(value_ref(source))}),
        }

    def indexed(source: Source) -> Schema:
        rows = {"minProperties": 1, "maxProperties": max_rows}
        return {"type": "object", **rows, "additionalProperties": value_ref(source)}

    tensors = [ref(f"{row}s")]
    if accepts_tensor(signature):
        tensors.append(object_schema({INPUT_TENSOR: ref(f"{row}s")}))
    columns = {**by_name(signature, column, extra), "description": "all columns have the same length"}
    indexes = {**by_name(signature, indexed, extra), "description": "all columns have the same members"}
    return any_of(*tensors, columns, indexes)


def _frame_columns(signature: Signature, extra: bool) -> Schema:
    """The names of a data frame's columns: each input once."""

    def once(names: Sequence[str], least: int) -> Schema:
        return {"contains": {"enum": list(names)}, "minContains": least, "maxContains": 1}

    rules = {item.name: once(item.sources, int(item.missing is None)) for item in signature.inputs}
    if extra:
        rules = or_itself(signature, rules, lambda item: once(item.names, 1))
    return {"type": "array", "items": {"type": "string"}, "minItems": 1, "allOf": list(rules.values())}


def _frame(signature: Signature, max_rows: int) -> Schema:
    """A data frame as pandas writes it with the orientation split."""
    width = len(signature.inputs)
    names = {**_frame_columns(signature, extra=False), "maxItems": width}
    least = count_required(signature)
    cells: Schema = {"type": "array", "minItems": least, "maxItems": width, "description": "in the order of columns"}
    data = array_schema(any_of(cells, ref("RowByName")), max_rows)
    return {**object_schema({"columns": names, "data": data}, extra=True), "allOf": list(map(lacks, signature.inputs))}


def _envelope(signature: Signature) -> Schema:
    """An object that has the rows in one member, and no input beside it."""
    inputs = {name for item in signature.inputs for name in item.sources}
    names = [name for name in ENVELOPES if name not in inputs]
    no_input = list(map(lacks, signature.inputs))
    without_names = object_schema({"columns": {"type": "null"}, "data": ref("Rows")}, ["columns"], extra=True)
    rows = any_of(ref("Row"), ref("Instances"), ref("Columns"), ref("Frame"), {**without_names, "allOf": no_input})
    return {
        "type": "object",
        "patternProperties": {f"^({'|'.join(names)})$": rows},
        "oneOf": [{"required": [name]} for name in names],
        "allOf": [*no_input, {"not": {"required": ["columns", "data"]}}],
        "description": "other members are ignored",
    }


def _regress(signature: Signature, max_rows: int) -> Schema:
    """TensorFlow Serving's regress: each input is in the context, or in every example that is an object."""

    def each_object(schema: Schema) -> Schema:
        return {"items": any_of({"type": "array"}, schema)}

    def once(item: Input) -> Schema:
        return any_of(
            {"properties": {"context": lacks(item), "examples": each_object(given(item))}},
            {"properties": {"context": has(item), "examples": each_object(lacks(item))}, "required": ["context"]},
        )

    some = members(signature, _value_or_list)
    properties = {
        "signature_name": ref("SignatureName"),
        "context": some,
        "examples": array_schema(any_of(ref("RowByPosition"), some), max_rows),
    }
    return {
        **object_schema(properties, ["signature_name", "context"], extra=True),
        "description": "each input is in the context, or in every example that is an object",
        "allOf": list(map(once, signature.inputs)),
    }


def _input_tensors(signature: Signature, max_rows: int) -> Schema:
    """The Open Inference Protocol's inputs: one tensor of shape [n, k], or k of shape [n] or [n, 1]."""
    inputs, width = signature.inputs, len(signature.inputs)
    size = {"type": "integer", "minimum": 1, "maximum": max_rows}

    def tensor(name: Schema, shape: Schema, data: Schema, datatype: Schema) -> Schema:
        parts = {"name": name, "datatype": datatype, "parameters": ref("TensorParameters"), "shape": shape}
        schema = object_schema({**parts, "data": data}, ["parameters"], extra=True)
        return {**schema, "description": "data has as many values as shape says"}

    def column(source: Source) -> Schema:
        shape = {"type": "array", "prefixItems": [size, {"const": 1}], "minItems": 1, "maxItems": 2}
        if isinstance(source, DateColumn):
            names, texts = [source.name], [TEXTS]
        else:
            names, texts = list(source.names), [TEXTS, BOOLEANS] if source.levels else []
        datatype = any_of(ref("Datatype"), {"enum": texts}) if texts else ref("Datatype")
        return tensor({"enum": names}, shape, array_schema(_value_or_list(source), max_rows), datatype)

    def once(item: Input) -> Schema:
        contains = {"contains": {"properties": {"name": {"enum": list(item.sources)}}}}
        return {**contains, "minContains": int(item.missing is None), "maxContains": 1} if is_partial else contains

    least = count_required(signature)
    is_partial = any(item.missing or item.date for item in inputs)
    sources: list[Source] = [*inputs, *signature.dates]
    columns = {
        **array_schema(any_of(*map(column, sources)), width),
        "minItems": least,
        "allOf": list(map(once, inputs)),
    }
    if takes_texts(signature):
        return columns
    values = list(map(value_ref, inputs))
    flat = {**array_schema(any_of(*values), max_rows * width), "minItems": width, "prefixItems": values}
    nested = {**array_schema(ref("Row"), max_rows), "prefixItems": [ref("RowByPosition")]}
    other_name = {"type": "string", "not": {"enum": [name for item in inputs for name in item.sources]}}
    matrix = tensor(other_name, tuple_schema(size, {"const": width}), any_of(flat, nested), ref("Datatype"))
    return any_of(tuple_schema(matrix), columns)


def _value_or_list(source: Source) -> Schema:
    return any_of(value_ref(source), tuple_schema(value_ref(source)))
