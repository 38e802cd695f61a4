"""What a signature decides of each protocol's request body: its schemas, and examples made of a few rows.

JSON Schema can't say that columns have the same length, or that a tensor's data fits its shape: a description does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.codecs.json_layouts import ENVELOPES
from app.endpoints.openapi.schemas import (
    Schema,
    any_of,
    array_schema,
    by_name,
    has,
    input_ref,
    lacks,
    members,
    number,
    object_schema,
    ref,
    tuple_schema,
)
from app.http.form_body import MULTIPART
from app.http.responses import CSV, FORM, JSON
from registry import INPUT_TENSOR, SIGNATURE_NAME, Input, Signature

# Rows for examples, in the order of the inputs; at least one.
ExampleRows = Sequence[Sequence[int | float]]


def request_schemas(signature: Signature, max_rows: int) -> dict[str, Schema]:
    """Return ``components/schemas`` of the parts of requests that depend on the signature."""
    frame_cells = {"type": "array", "minItems": len(signature.inputs)}
    frame_cells["description"] = "as many values as there are columns"
    return {
        "Truths": array_schema(ref("Truth"), max_rows),
        "Instances": _instances(signature, max_rows, "Row"),
        "Columns": _columns(signature, max_rows, "Row", extra=False),
        "Frame": _frame(signature, max_rows),
        "Envelope": _envelope(signature),
        "RegressRequest": _regress(signature, max_rows),
        "InputTensors": _input_tensors(signature, max_rows),
        "FrameColumns": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "allOf": [
                {"contains": {"enum": list(item.names)}, "minContains": 1, "maxContains": 1}
                for item in signature.inputs
            ],
        },
        "FrameData": array_schema(any_of(frame_cells, ref("WideRowByName")), max_rows),
        "WideInstances": _instances(signature, max_rows, "WideRow"),
        "WideColumns": _columns(signature, max_rows, "WideRow", extra=True),
    }


def request_examples(signature: Signature, rows: ExampleRows) -> dict[tuple[str, str], dict[str, Any]]:
    """Return examples by title, for each of ``components/requestBodies`` and media type."""
    names, size = signature.names, [len(rows), len(signature.inputs)]
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    columns = {name: [row[name] for row in objects] for name in names}
    csv = "".join(f"{','.join(map(str, line))}\n" for line in (names, *rows))
    tensor = _tensor(INPUT_TENSOR, size, [value for row in rows for value in row])
    tensors = [_tensor(name, size[:1], values) for name, values in columns.items()]
    shared, *others = names
    truth = {"request_id": "order-4711", "actual": number(sum(signature.output.plausible) / 2)}
    examples: dict[tuple[str, str], dict[str, Any]] = {
        ("RowOrRows", JSON): {
            "one row, by position": rows[0],
            "one row, by name": objects[0],
            "rows, by position": rows,
            "rows, by name": objects,
            "columns": columns,
            "columns with an index": {
                name: {str(row): value for row, value in enumerate(values)} for name, values in columns.items()
            },
            "a data frame": {"columns": names, "index": list(range(len(rows))), "data": rows},
            **{f"inside {name}": {name: rows} for name in ENVELOPES if name not in names},
        },
        ("CsvFile", CSV): {"a file": csv},
        ("CsvFile", MULTIPART): {"a file": {"file": csv}},
        ("Form", FORM): {"one row": objects[0]},
        ("Form", MULTIPART): {"one row": objects[0]},
        ("FormTruth", FORM): {"the real value": truth},
        ("FormTruth", MULTIPART): {"the real value": {**truth, "comment": "sold"}},
        ("PredictRequest", JSON): {
            "rows, by position": {"instances": rows},
            "rows, by name": {"signature_name": SIGNATURE_NAME, "instances": objects},
            "columns": {"inputs": columns},
        },
        ("RegressRequest", JSON): {
            "examples": {"examples": objects},
            "a feature that all examples share": {
                "context": {shared: objects[0][shared]},
                "examples": [{name: row[name] for name in others} for row in objects],
            },
        },
        ("InferenceRequest", JSON): {
            "one tensor": {"id": "example", "inputs": [tensor]},
            "a tensor for each input": {"id": "example", "inputs": tensors},
        },
        ("InvocationsRequest", JSON): {
            "dataframe_split": {"dataframe_split": {"columns": names, "data": rows}},
            "dataframe_records": {"dataframe_records": objects},
            "instances": {"instances": rows},
            "inputs": {"inputs": columns},
        },
        ("InvocationsRequest", CSV): {"a file": csv},
        ("Feedback", JSON): {
            "what is true of one row": truth,
            "of several": [
                {**truth, "row": row, "measured_at": "2026-11-25", "source": "survey", "comment": ""} for row in (0, 1)
            ],
        },
        ("Feedback", CSV): {"a file": f"request_id,row,actual\norder-4711,0,{truth['actual']}\n"},
    }
    if _accepts_tensor(signature):
        examples["PredictRequest", JSON]["the model's tensor"] = {"inputs": {INPUT_TENSOR: rows}}
    return examples


def _accepts_tensor(signature: Signature) -> bool:
    """Return whether the tensor's name means the tensor: an input of that name comes first."""
    return not any(INPUT_TENSOR in item.names for item in signature.inputs)


def _instances(signature: Signature, max_rows: int, row: str) -> Schema:
    """Rows one by one; if the first is an object with the model's tensor, the others may be."""
    if not _accepts_tensor(signature):
        return ref(f"{row}s")
    first = object_schema({INPUT_TENSOR: ref(row)})
    later = any_of(ref(row), object_schema({INPUT_TENSOR: ref(row)}, extra=True))
    return any_of(ref(f"{row}s"), {**array_schema(later, max_rows), "prefixItems": [first]})


def _columns(signature: Signature, max_rows: int, row: str, extra: bool) -> Schema:
    """Rows as columns of the same length or with the same index, or as the model's tensor, by name or alone."""

    def column(item: Input) -> Schema:
        return {
            "type": "array",
            "minItems": 1,
            "maxItems": max_rows,
            **any_of({"items": input_ref(item)}, {"items": tuple_schema(input_ref(item))}),
        }

    def indexed(item: Input) -> Schema:
        rows = {"minProperties": 1, "maxProperties": max_rows}
        return {"type": "object", **rows, "additionalProperties": input_ref(item)}

    tensors = [ref(f"{row}s")]
    if _accepts_tensor(signature):
        tensors.append(object_schema({INPUT_TENSOR: ref(f"{row}s")}))
    columns = {**by_name(signature, column, extra), "description": "all columns have the same length"}
    indexes = {**by_name(signature, indexed, extra), "description": "all columns have the same members"}
    return any_of(*tensors, columns, indexes)


def _frame(signature: Signature, max_rows: int) -> Schema:
    """A data frame as pandas writes it with the orientation split."""
    width = len(signature.inputs)
    names = {"allOf": [ref("FrameColumns"), {"maxItems": width}]}
    cells = {"type": "array", "minItems": width, "maxItems": width, "description": "in the order of columns"}
    data = array_schema(any_of(cells, ref("RowByName")), max_rows)
    return {**object_schema({"columns": names, "data": data}, extra=True), "allOf": list(map(lacks, signature.inputs))}


def _envelope(signature: Signature) -> Schema:
    """An object that has the rows in one member, and no input beside it."""
    inputs = {name for item in signature.inputs for name in item.names}
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
            {"properties": {"context": lacks(item), "examples": each_object(has(item))}},
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

    def tensor(name: Schema, shape: Schema, data: Schema) -> Schema:
        parts = {"name": name, "datatype": ref("Datatype"), "parameters": ref("TensorParameters"), "shape": shape}
        schema = object_schema({**parts, "data": data}, ["parameters"], extra=True)
        return {**schema, "description": "data has as many values as shape says"}

    def column(item: Input) -> Schema:
        shape = {"type": "array", "prefixItems": [size, {"const": 1}], "minItems": 1, "maxItems": 2}
        return tensor({"enum": list(item.names)}, shape, array_schema(_value_or_list(item), max_rows))

    values = list(map(input_ref, inputs))
    flat = {**array_schema(any_of(*values), max_rows * width), "minItems": width, "prefixItems": values}
    nested = {**array_schema(ref("Row"), max_rows), "prefixItems": [ref("RowByPosition")]}
    other_name = {"type": "string", "not": {"enum": [name for item in inputs for name in item.names]}}
    matrix = tensor(other_name, tuple_schema(size, {"const": width}), any_of(flat, nested))
    columns = {
        **array_schema(any_of(*map(column, inputs)), width),
        "minItems": width,
        "allOf": [{"contains": {"properties": {"name": {"enum": list(item.names)}}}} for item in inputs],
    }
    return any_of(tuple_schema(matrix), columns)


def _value_or_list(item: Input) -> Schema:
    return any_of(input_ref(item), tuple_schema(input_ref(item)))


def _tensor(name: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP32", "data": data}
