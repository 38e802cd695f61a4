"""JSON Schemas of the request bodies of each protocol, and examples of them.

What JSON Schema can't say is in words: that columns are equally long, or that a tensor's shape fits its data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.endpoints.openapi.schemas import (
    Schema,
    any_of,
    by_name,
    has,
    lacks,
    listed,
    record,
    ref,
    tuple_of,
    value,
)
from app.endpoints.v2_tensors import DATATYPES
from app.http.responses import CSV
from registry import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME, Input, Signature

# Rows for examples, in the order of the inputs; at least one.
Samples = Sequence[Sequence[int | float]]

_MAX_PARTS = 9  # of a form with a file
_OBJECT_OR_NULL: Schema = {"type": ["object", "null"]}


class Bodies:
    """The bodies that are sent to one version, and examples of them."""

    def __init__(self, signature: Signature, max_rows: int, samples: Samples) -> None:
        self._signature = signature
        self._inputs = signature.inputs
        self._most = max_rows
        self._samples = [list(row) for row in samples]
        self._named = [dict(zip(signature.names, row, strict=True)) for row in samples]
        self._columns = {name: [row[name] for row in self._named] for name in signature.names}
        # An input of this name would be meant by it.
        self._takes_tensor = not any(INPUT_TENSOR in item.names for item in signature.inputs)
        self._requests = {
            "RowOrRows": self._own(),
            "Form": self._form(),
            "PredictRequest": self._predict(),
            "RegressRequest": self._regress(),
            "InferenceRequest": self._infer(),
            "InvocationsRequest": self._invocations(),
        }

    @property
    def csv(self) -> str:
        """The samples as a CSV file."""
        lines = [",".join(self._signature.names), *(",".join(map(str, row)) for row in self._samples)]
        return "".join(f"{line}\n" for line in lines)

    def content(self, name: str) -> dict[str, Any]:
        """What a request's body is in JSON, or as a form: one of :attr:`_requests`."""
        return {"schema": ref(name), "examples": _examples(self._requests[name][1])}

    def file(self) -> dict[str, Any]:
        """What a CSV file is as a body."""
        return {"schema": {"type": "string"}, "examples": _examples({"a file": self.csv})}

    def upload(self) -> dict[str, Any]:
        """What a CSV file is as the file of a form."""
        text = {"type": "string"}
        schema = {**record({"file": {**text, "format": "binary"}}, others=text), "maxProperties": _MAX_PARTS}
        encoding = {"file": {"contentType": CSV}}
        return {"schema": schema, "examples": _examples({"a file": {"file": self.csv}}), "encoding": encoding}

    def components(self) -> dict[str, Schema]:
        """The schemas that :meth:`content` refers to."""
        return {name: schema for name, (schema, _) in self._requests.items()}

    def _own(self) -> tuple[Schema, dict[str, Any]]:
        """A row, or rows: ``/predict_json``."""
        examples = {
            "one row, by position": self._samples[0],
            "one row, by name": self._named[0],
            "rows, by position": self._samples,
            "rows, by name": self._named,
        }
        return any_of(ref("RowByPosition"), ref("RowByName"), ref("Rows")), examples

    def _form(self) -> tuple[Schema, dict[str, Any]]:
        """The fields of a form."""
        return by_name(self._signature, value), {"one row": self._named[0]}

    def _predict(self) -> tuple[Schema, dict[str, Any]]:
        """TensorFlow Route's predict."""
        layouts = {"instances": self._instances("Row"), "inputs": self._by_column("Row")}
        examples = {
            "rows, by position": {"instances": self._samples},
            "rows, by name": {"signature_name": SIGNATURE_NAME, "instances": self._named},
            "columns": {"inputs": self._columns},
        }
        if self._takes_tensor:
            examples["the model's tensor"] = {"inputs": {INPUT_TENSOR: self._samples}}
        return _one_of(layouts, {"signature_name": _SIGNATURE}), examples

    def _regress(self) -> tuple[Schema, dict[str, Any]]:
        """TensorFlow Route's regress: each input is in the context, or in every example that is by name."""

        def feature(item: Input) -> Schema:
            return any_of(value(item), tuple_of(value(item)))

        def placed(item: Input) -> Schema:
            return any_of(
                {"properties": {"context": lacks(item), "examples": _each(has(item))}},
                {"properties": {"context": has(item), "examples": _each(lacks(item))}, "required": ["context"]},
            )

        some = by_name(self._signature, feature, complete=False)
        examples = listed(any_of(ref("RowByPosition"), some), self._most)
        members = {"signature_name": _SIGNATURE, "context": some, "examples": examples}
        schema = record(members, ["signature_name", "context"], others=True)
        first, *others = self._signature.names
        shared = {first: self._named[0][first]}
        rest = [{name: row[name] for name in others} for row in self._named]
        said = "each input is in the context or in every example that is by name"
        return {**schema, "description": said, "allOf": list(map(placed, self._inputs))}, {
            "examples": {"examples": self._named},
            "a feature that all examples share": {"context": shared, "examples": rest},
        }

    def _infer(self) -> tuple[Schema, dict[str, Any]]:
        """The Open Inference Protocol's request: one tensor of shape [n, k], or one for each input."""
        size, width = {"type": "integer", "minimum": 1, "maximum": self._most}, len(self._inputs)

        def tensor(name: Schema, shape: Schema, data: Schema) -> Schema:
            parameters = {**_OBJECT_OR_NULL, "properties": {"binary_data_size": {"type": "null"}}}
            kinds = {"name": name, "datatype": {"enum": list(DATATYPES)}, "parameters": parameters}
            schema = record({**kinds, "shape": shape, "data": data}, ["parameters"], others=True)
            return {**schema, "description": "there are as many values in data as shape says"}

        def column(item: Input) -> Schema:
            shape = {"type": "array", "prefixItems": [size, {"const": 1}], "minItems": 1, "maxItems": 2}
            data = listed(any_of(value(item), tuple_of(value(item))), self._most)
            return tensor({"enum": list(item.names)}, shape, data)

        flat = {**listed(any_of(*map(value, self._inputs)), self._most * width), "minItems": width}
        flat["prefixItems"] = list(map(value, self._inputs))
        nested = {**listed(ref("Row"), self._most), "prefixItems": [ref("RowByPosition")]}
        columns = [name for item in self._inputs for name in item.names]
        any_name = {"type": "string", "not": {"enum": columns}}
        whole = tensor(any_name, tuple_of(size, {"const": width}), any_of(flat, nested))
        each = {**listed(any_of(*map(column, self._inputs)), width), "minItems": width}
        each["allOf"] = [{"contains": {"properties": {"name": {"enum": list(item.names)}}}} for item in self._inputs]
        output = record({"name": {"const": OUTPUT_TENSOR}, "parameters": _OBJECT_OR_NULL}, ["parameters"], others=True)
        members: Schema = {
            "inputs": any_of(tuple_of(whole), each),
            "id": {"type": ["string", "null"]},
            "parameters": _OBJECT_OR_NULL,
            "outputs": {"type": ["array", "null"], "items": output},
        }
        count = len(self._samples)
        given = {
            "one tensor": [_tensor(INPUT_TENSOR, [count, width], [cell for row in self._samples for cell in row])],
            "a tensor for each input": [_tensor(name, [count], cells) for name, cells in self._columns.items()],
        }
        examples = {name: {"id": "example", "inputs": tensors} for name, tensors in given.items()}
        return record(members, ["id", "parameters", "outputs"], others=True), examples

    def _invocations(self) -> tuple[Schema, dict[str, Any]]:
        """MLflow's scoring request."""
        names = listed({"type": "string"})
        names["allOf"] = [
            {"contains": {"enum": list(item.names)}, "minContains": 1, "maxContains": 1} for item in self._inputs
        ]
        cells: Schema = {"type": "array", "minItems": len(self._inputs)}
        cells["description"] = "as many values as there are columns"
        named = {"columns": names, "data": listed(any_of(cells, ref("WideRowByName")), self._most)}
        in_order = {"columns": {"type": "null"}, "data": ref("WideRows")}
        layouts = {
            "dataframe_split": any_of(record(named, others=True), record(in_order, ["columns"], others=True)),
            "dataframe_records": ref("WideRows"),
            "instances": self._instances("WideRow"),
            "inputs": self._by_column("WideRow", others={"type": "array", "minItems": 1}),
        }
        given: dict[str, Any] = {
            "dataframe_split": {"columns": list(self._signature.names), "data": self._samples},
            "dataframe_records": self._named,
            "instances": self._samples,
            "inputs": self._columns,
        }
        return _one_of(layouts, {"params": _OBJECT_OR_NULL}), {name: {name: given[name]} for name in given}

    def _instances(self, row: str) -> Schema:
        """Rows one by one; if the first holds the model's tensor, each may."""
        if not self._takes_tensor:
            return ref(f"{row}s")
        later = any_of(ref(row), record({INPUT_TENSOR: ref(row)}, others=True))
        return any_of(ref(f"{row}s"), {**listed(later, self._most), "prefixItems": [record({INPUT_TENSOR: ref(row)})]})

    def _by_column(self, row: str, others: bool | Schema = False) -> Schema:
        """Rows as equally long columns, or as the model's tensor, by name or alone."""

        def column(item: Input) -> Schema:
            flat, nested = {"items": value(item)}, {"items": tuple_of(value(item))}
            return {"type": "array", "minItems": 1, "maxItems": self._most, **any_of(flat, nested)}

        tensors = [ref(f"{row}s")]
        if self._takes_tensor:
            tensors.append(record({INPUT_TENSOR: ref(f"{row}s")}))
        columns = by_name(self._signature, column, others)
        return any_of(*tensors, {**columns, "description": "the columns are equally long"})


_SIGNATURE: Schema = {"enum": ["", SIGNATURE_NAME]}


def _examples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in values.items()}


def _one_of(layouts: Schema, others: Schema) -> Schema:
    """An object with exactly one of these members."""
    properties = {**others, **layouts}
    return {**record(properties, list(properties), others=True), "oneOf": [{"required": [name]} for name in layouts]}


def _each(by_name: Schema) -> Schema:
    """Examples of which each that is by name is like this."""
    return {"items": any_of({"type": "array"}, by_name)}


def _tensor(name: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP32", "data": data}
