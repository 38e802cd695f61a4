"""Texts and missing values: every protocol gives the same numbers for them, and has the same rows in the log."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from registry import Predictor
from tests.app.conftest import Service
from tests.app.requests import column
from tests.conftest import FLATS

NAMES = FLATS.names
V1, V2, SCORE = "/v1/models/flats", "/v2/models/flats/infer", "/invocations"
Row = list[Any]
Send = Callable[[Service, list[Row]], tuple[TestResponse, Callable[[], list[float]]]]


def by_name(rows: list[Row]) -> list[dict[str, Any]]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def without_nulls(rows: list[Row]) -> list[dict[str, Any]]:
    return [{name: cell for name, cell in row.items() if cell is not None} for row in by_name(rows)]


def by_column(rows: list[Row]) -> dict[str, Row]:
    return {name: [row[place] for row in rows] for place, name in enumerate(NAMES)}


def text_of(rows: list[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([NAMES, *rows])
    return text.getvalue().encode()


def posting(path: str, body: Callable[[list[Row]], Any], key: str = "predictions") -> Send:
    def send(client: Service, rows: list[Row]) -> Any:
        content = body(rows)
        is_csv = isinstance(content, bytes)
        data = content if is_csv else orjson.dumps(content)
        media_type = "text/csv; charset=utf-8" if is_csv else "application/json"
        reply = client.post(path, data=data, content_type=media_type, headers={"Accept": "application/json"})
        return reply, lambda: np.array(reply.json[key]).reshape(-1).tolist()

    return send


def length_prefixed(texts: list[Any]) -> bytes:
    """Return texts in bytes, as the protocol has them; a missing one is empty."""
    encoded = [(text or "").encode() for text in texts]
    return b"".join(struct.pack("<I", len(text)) + text for text in encoded)


def tensors(*, binary: bool, nested: bool = False) -> Send:
    """Send a tensor for each input: in JSON, or in bytes behind it."""

    def send(client: Service, rows: list[Row]) -> Any:
        columns = by_column(rows)
        shape = [len(rows), 1] if nested else [len(rows)]
        inputs = [
            column(name, [[cell] for cell in cells] if nested else cells, shape, "FP64" if name == "rooms" else "BYTES")
            for name, cells in columns.items()
        ]
        raw = []
        if binary:
            numbers = np.array([np.nan if cell is None else cell for cell in columns["rooms"]], np.float64)
            raw = [numbers.tobytes(), *(length_prefixed(columns[name]) for name in NAMES[1:])]
            for tensor, content in zip(inputs, raw, strict=True):
                del tensor["data"]
                tensor["parameters"] = {"binary_data_size": len(content)}
        head = orjson.dumps({"inputs": inputs})
        headers = {"Inference-Header-Content-Length": str(len(head))} if binary else {}
        reply = client.post(V2, data=head + b"".join(raw), headers=headers)
        return reply, lambda: reply.json["outputs"][0]["data"]

    return send


FORMS: dict[str, Send] = {
    "own, by position": posting("/predict_json", lambda rows: rows),
    "own, by name": posting("/predict_json", by_name),
    "own, without what is missing": posting("/predict_json", without_nulls),
    "own, columns": posting("/predict_json", by_column),
    "own, CSV": posting("/predict_csv", text_of),
    "v1 instances": posting(f"{V1}:predict", lambda rows: {"instances": rows}),
    "v1 named": posting(f"{V1}:predict", lambda rows: {"instances": without_nulls(rows)}),
    "v1 columns": posting(f"{V1}:predict", lambda rows: {"inputs": by_column(rows)}, "outputs"),
    "v1 regress": posting(f"{V1}:regress", lambda rows: {"examples": by_name(rows)}, "results"),
    "v2": tensors(binary=False),
    "v2 nested": tensors(binary=False, nested=True),
    "v2 as bytes": tensors(binary=True),
    "split": posting(SCORE, lambda rows: {"dataframe_split": {"columns": NAMES, "data": rows}}),
    "records": posting(SCORE, lambda rows: {"dataframe_records": by_name(rows)}),
    "instances": posting(SCORE, lambda rows: {"instances": without_nulls(rows)}),
    "inputs": posting(SCORE, lambda rows: {"inputs": by_column(rows)}),
    "invocations CSV": posting(SCORE, text_of),
}
ROWS = st.lists(
    st.tuples(
        st.none() | st.floats(2, 8) | st.integers(1, 8),
        st.sampled_from([*FLATS.inputs[1].levels, "Bronx", "<b>", 'a "b", c']),
        st.sampled_from([None, *FLATS.inputs[2].levels, "yes", "FALSE", "1"]),
    ).map(list),
    min_size=1,
    max_size=5,
)
few = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)


@pytest.fixture
def predictor(flats: Service) -> Predictor:
    return flats.settings.store().open(1).predictor


def coded(rows: list[Row]) -> np.ndarray:
    """Return rows as the model takes them."""
    return np.array(
        [
            [item.parse("" if cell is None else str(cell)) for item, cell in zip(FLATS.inputs, row, strict=True)]
            for row in rows
        ],
        np.float32,
    )


def new_predictions(service: Service) -> list[list[str]]:
    rows = service.new_rows("predictions")
    return [[text for name, text in row.items() if name not in ("time", "request_id")] for row in rows]


@few
@given(rows=ROWS)
def test_all_forms_give_the_same_numbers_and_the_same_rows_in_the_log(
    flats: Service, predictor: Predictor, rows: list[Row]
) -> None:
    expected = predictor.predict(coded(rows))
    for name, send in FORMS.items():
        reply, predictions = send(flats, rows)
        assert reply.status_code == 200, (name, reply.text)
        assert np.array_equal(np.array(predictions(), dtype=np.float32), expected), name
    written = new_predictions(flats)
    first, *rest = (written[start : start + len(rows)] for start in range(0, len(written), len(rows)))
    for name, lines in zip(list(FORMS)[1:], rest, strict=True):
        assert lines == first, name


@few
@given(row=ROWS.map(lambda rows: rows[0]))
def test_the_form_gives_the_number_of_a_row_of_json(flats: Service, predictor: Predictor, row: Row) -> None:
    (expected,) = predictor.predict(coded([row]))
    typed = {name: "" if cell is None else cell for name, cell in zip(NAMES, row, strict=True)}
    flats.post("/predict_json", json=row)
    reply = flats.post("/predict_form", data=typed, headers={"Accept": "application/json"})
    assert np.float32(reply.json["prediction"]) == expected
    assert flats.get("/form", query_string=typed).status_code == 200
    first, *rest = new_predictions(flats)
    assert rest == [first, [*first[:-1], rest[1][-1]]]  # the page asks for an interval and why, too
