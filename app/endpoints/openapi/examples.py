"""Examples of each protocol's request body, made of a few rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from app.codecs.json_layouts import ENVELOPES
from app.endpoints.data_plane import takes_texts
from app.endpoints.openapi.request_bodies import accepts_tensor
from app.endpoints.openapi.schemas import number
from app.endpoints.v2_tensors import TEXTS
from app.http.form_body import MULTIPART
from app.http.responses import CSV, FORM, JSON
from registry import INPUT_TENSOR, SIGNATURE_NAME, Signature

# Rows for examples, in the order of the inputs; at least one.
ExampleRows = Sequence[Sequence[int | float | str | None]]


def request_examples(signature: Signature, rows: ExampleRows) -> dict[tuple[str, str], dict[str, Any]]:
    """Return examples by title, for each of ``components/requestBodies`` and media type."""
    names, size = signature.names, [len(rows), len(signature.inputs)]
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    columns = {name: [row[name] for row in objects] for name in names}
    file = _file([names, *rows])
    tensor = _tensor(INPUT_TENSOR, size, [value for row in rows for value in row])
    tensors = [
        _tensor(item.name, size[:1], columns[item.name], TEXTS if item.levels else "FP32") for item in signature.inputs
    ]
    form = {name: value for name, value in objects[0].items() if value is not None}
    shared, *others = names
    taken = {name for item in signature.inputs for name in item.sources}
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
            **{f"inside {name}": {name: rows} for name in ENVELOPES if name not in taken},
        },
        ("CsvFile", CSV): {"a file": file},
        ("CsvFile", MULTIPART): {"a file": {"file": file}},
        ("Form", FORM): {"one row": form},
        ("Form", MULTIPART): {"one row": form},
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
            **({} if takes_texts(signature) else {"one tensor": {"id": "example", "inputs": [tensor]}}),
            "a tensor for each input": {"id": "example", "inputs": tensors},
        },
        ("InvocationsRequest", JSON): {
            "dataframe_split": {"dataframe_split": {"columns": names, "data": rows}},
            "dataframe_records": {"dataframe_records": objects},
            "instances": {"instances": rows},
            "inputs": {"inputs": columns},
        },
        ("InvocationsRequest", CSV): {"a file": file},
        ("Feedback", JSON): {
            "what is true of one row": truth,
            "of several": [
                {**truth, "row": row, "measured_at": "2026-11-25", "source": "survey", "comment": ""} for row in (0, 1)
            ],
        },
        ("Feedback", CSV): {"a file": f"request_id,row,actual\norder-4711,0,{truth['actual']}\n"},
    }
    if signature.dates:
        row = signature.example_by_name
        dated = {name: number(value) if isinstance(value, float) else value for name, value in row.items()}
        examples["RowOrRows", JSON]["one row, by name, with dates"] = dated
        for media_type in (FORM, MULTIPART):
            known = {name: value for name, value in dated.items() if value is not None}
            examples["Form", media_type]["one row, with dates"] = known
        examples["CsvFile", CSV]["a file with dates"] = _file([list(dated), list(dated.values())])
    if accepts_tensor(signature):
        examples["PredictRequest", JSON]["the model's tensor"] = {"inputs": {INPUT_TENSOR: rows}}
    return examples


def _tensor(name: str, shape: list[int], data: list[Any], datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def _file(lines: Sequence[Sequence[Any]]) -> str:
    """Return lines as a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
