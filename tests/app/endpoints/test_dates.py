"""A date sent whole: every protocol and the form take it for its parts, and the log, the answer and the API say so."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from app import create_app
from app.endpoints.form_dates import make_date_field
from app.settings import Settings
from registry import Signature, VersionStore, parts_of
from registry.promotion import canary, promote
from tests.app.conftest import Service
from tests.app.endpoints.test_openapi import assert_documented, examples, read, read_operations, send
from tests.app.requests import ANN, RAISES, column, make_champion
from tests.cards import card_of
from tests.conftest import TRICKY, publish
from tests.dated import OPEN_SALES, SALES, SOLD, with_format

V1, V2, SCORE = "/v1/models/sales", "/v2/models/sales/infer", "/invocations"
Row = tuple[float, Any]  # the rooms, and what is sent as the date
TWICE = f"appears twice: send {SOLD} once, or its parts"
EXPECTED = "expected a date like 19.06.2012 or 2012-06-19, not the text"


@pytest.fixture(scope="module", params=[SALES, OPEN_SALES], ids=["needed", "optional"])
def shared_sales(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("sales")
    publish(folder / "models", request.param, card=card_of(request.param))
    settings = Settings(model="sales", models=folder / "models", logs=folder / "logs")
    app = create_app(settings)
    app.testing = True
    service = Service(app, settings)
    service.optional = request.param is OPEN_SALES  # type: ignore[attr-defined]  # for the tests below
    yield service
    app.extensions["router"].close()


@pytest.fixture
def sales(shared_sales: Service) -> Service:
    for stream in ("requests", "predictions"):
        shared_sales.new_rows(stream)
    return shared_sales


def objects(rows: list[Row]) -> list[dict[str, Any]]:
    return [{"rooms": rooms, SOLD: day} for rooms, day in rows]


def columns(rows: list[Row]) -> dict[str, list[Any]]:
    return {SOLD: [day for _, day in rows], "rooms": [rooms for rooms, _ in rows]}


def frame(rows: list[Row]) -> dict[str, Any]:
    return {"columns": [SOLD, "rooms"], "data": [[day, rooms] for rooms, day in rows]}


def csv(separator: str, quote: str = "") -> Callable[[list[Row]], bytes]:
    def write(rows: list[Row]) -> bytes:
        lines = [f"id{separator}{SOLD}{separator}rooms"]
        lines += [separator.join(("x", f"{quote}{day}{quote}", repr(rooms))) for rooms, day in rows]
        return "\n".join(lines).encode()

    return write


def german(rows: list[Row]) -> bytes:
    """Return a file with semicolons and decimal commas."""
    return "\n".join([f"rooms;{SOLD}", *(f"{repr(rooms).replace('.', ',')};{day}" for rooms, day in rows)]).encode()


def tensors(rows: list[Row]) -> dict[str, Any]:
    cells = columns(rows)
    parts = [column(SOLD, cells[SOLD], [len(rows)], "BYTES"), column("rooms", cells["rooms"], [len(rows)], "FP64")]
    return {"inputs": parts}


# By layout: the path, the body, and where the predictions are.
LAYOUTS: dict[str, tuple[str, Callable[[list[Row]], Any], Callable[[Any], Any]]] = {
    "own": ("/predict_json", objects, lambda reply: reply["predictions"]),
    "own, columns": ("/predict_json", columns, lambda reply: reply["predictions"]),
    "own, frame": ("/predict_json", frame, lambda reply: reply["predictions"]),
    "own, envelope": ("/predict_json", lambda rows: {"inputs": columns(rows)}, lambda reply: reply["predictions"]),
    "CSV": ("/predict_csv", csv(","), lambda reply: reply["predictions"]),
    "CSV, quoted": ("/predict_csv", csv("\t", '"'), lambda reply: reply["predictions"]),
    "CSV, decimal commas": ("/predict_csv", german, lambda reply: reply["predictions"]),
    "v1": (f"{V1}:predict", lambda rows: {"instances": objects(rows)}, lambda reply: reply["predictions"]),
    "v1, columns": (f"{V1}:predict", lambda rows: {"inputs": columns(rows)}, lambda reply: reply["outputs"]),
    "v1, regress": (f"{V1}:regress", lambda rows: {"examples": objects(rows)}, lambda reply: reply["results"]),
    "v2": (V2, tensors, lambda reply: reply["outputs"][0]["data"]),
    "split": (SCORE, lambda rows: {"dataframe_split": frame(rows)}, lambda reply: reply["predictions"]),
    "records": (SCORE, lambda rows: {"dataframe_records": objects(rows)}, lambda reply: reply["predictions"]),
    "inputs": (SCORE, lambda rows: {"inputs": columns(rows)}, lambda reply: reply["predictions"]),
    "invocations, CSV": (SCORE, csv(","), lambda reply: reply["predictions"]),
}
DAYS = st.dates(date(1990, 1, 1), date(2039, 12, 31))
few = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)


def ask(service: Service, path: str, content: Any) -> Any:
    is_csv = isinstance(content, bytes)
    data = content if is_csv else orjson.dumps(content)
    media_type = "text/csv; charset=utf-8" if is_csv else "application/json"
    return service.post(path, data=data, content_type=media_type, headers={"Accept": "application/json"})


def written(service: Service) -> list[list[str]]:
    rows = service.new_rows("predictions")
    return [[text for name, text in row.items() if name not in ("time", "request_id")] for row in rows]


@few
@given(
    rows=st.lists(st.tuples(st.floats(2, 8), DAYS), min_size=1, max_size=4),
    write=st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S+01:00"]),
)
def test_a_date_gives_the_row_of_its_parts_in_every_layout(
    sales: Service, rows: list[tuple[float, date]], write: str
) -> None:
    by_position = [[rooms, parts_of(day)["year"], parts_of(day)["days"]] for rooms, day in rows]
    expected = np.float32(ask(sales, "/predict_json", by_position).json["predictions"])
    logged = written(sales)
    sent: list[Row] = [(rooms, day.strftime(write)) for rooms, day in rows]
    for name, (path, body, predictions) in LAYOUTS.items():
        reply = ask(sales, path, body(sent))
        assert reply.status_code == 200, (name, reply.text)
        assert np.float32(predictions(reply.json)).reshape(-1).tolist() == expected.tolist(), name
        assert written(sales) == logged, name


@pytest.mark.parametrize("datatype", ["BOOL", "STRING", ["BYTES"]])
def test_a_tensor_of_dates_has_the_datatype_of_texts(sales: Service, datatype: Any) -> None:
    cells = {"rooms": ([4], "FP64"), SOLD: (["19.06.2012"], datatype)}
    reply = ask(sales, V2, {"inputs": [column(name, data, [1], kind) for name, (data, kind) in cells.items()]})
    assert reply.status_code == 400
    assert f"{SOLD}: expected the datatype BYTES, not" in reply.json["error"]


def test_dates_may_come_in_bytes_behind_the_json(sales: Service) -> None:
    texts = b"".join(struct.pack("<I", len(text)) + text for text in (b"19.06.2012", b"2012-06-19"))
    rooms = np.array([4, 4], "<f4").tobytes()
    parts = [("rooms", "FP32", rooms), (SOLD, "BYTES", texts)]
    inputs = [
        {"name": name, "shape": [2], "datatype": datatype, "parameters": {"binary_data_size": len(raw)}}
        for name, datatype, raw in parts
    ]
    head = orjson.dumps({"inputs": inputs})
    headers = {"Inference-Header-Content-Length": str(len(head))}
    reply = sales.post(V2, data=head + rooms + texts, headers=headers)
    expected = ask(sales, "/predict_json", [[4, 2012, 15510]] * 2).json["predictions"]
    assert reply.json["outputs"][0]["data"] == expected


def test_rows_of_one_request_may_have_the_date_or_its_parts(sales: Service) -> None:
    day = {"sold_year": 2012, "sold_days": 15510}
    rows = [{"rooms": 4, SOLD: "19.06.2012"}, {"rooms": 4, **day}]
    assert len(set(ask(sales, "/predict_json", rows).json["predictions"])) == 1
    rows = [{"rooms": 4, SOLD: "2030-06-19"}, {"rooms": 4, **day}]
    warnings = ask(sales, "/predict_json", rows).json["warnings"]
    assert [warning.partition(":")[0] for warning in warnings[0]] == ["sold_year", "sold_days"]


def test_parts_that_are_sent_win_where_a_date_beside_them_may_be_another_column(sales: Service) -> None:
    row = {"rooms": 4, "sold_year": 2030, "sold_days": 22084, SOLD: "19.06.2012"}
    columns = {name: [value] for name, value in row.items()}
    frame = {"columns": list(row), "data": [list(row.values())]}
    file = f"{','.join(row)}\n{','.join(map(str, row.values()))}\n".encode()
    other_order = dict(reversed(row.items()))
    bodies: list[tuple[str, Any]] = [
        ("/predict_csv", file),
        (SCORE, file),
        (SCORE, {"dataframe_split": frame}),
        (SCORE, {"dataframe_records": [row, other_order]}),
        (SCORE, {"inputs": columns}),
        ("/predict_json?extra=ignore", row),
        ("/predict_json?extra=ignore", [row, other_order]),
        ("/predict_json?extra=ignore", columns),
    ]
    schema = next(
        operation["requestBody"]["content"]["application/json"]["schema"]
        for path, method, operation in read_operations(read(sales))
        if (path, method) == (SCORE, "post")
    )
    for path, body in bodies:
        reply = ask(sales, path, body)
        assert reply.status_code == 200, (path, body, reply.text)
        assert {line[5] for line in written(sales)} == {"2030.0"}, (path, body)
        assert path == SCORE or "sold_year: 2030 lies outside" in reply.text
        if path == SCORE and body is not file:
            assert Draft202012Validator(schema).is_valid(body), body
    parts = [column(name, cells, [1], "BYTES" if name == SOLD else "FP64") for name, cells in columns.items()]
    assert ask(sales, V2, {"inputs": parts}).status_code == 400
    assert ask(sales, V2, {"inputs": parts, "parameters": {"content_type": "pd"}}).status_code == 200
    halves = {"rooms": 4, "sold_year": 2030, SOLD: "19.06.2012"}
    assert ask(sales, "/predict_json?extra=ignore", halves).json["error"].endswith(f"{SOLD}: {TWICE}")
    assert ask(sales, SCORE, {"dataframe_records": [halves]}).status_code == 400
    assert not Draft202012Validator(schema).is_valid({"dataframe_records": [halves]})
    split = {"columns": list(halves), "data": [list(halves.values())]}
    assert not Draft202012Validator(schema).is_valid({"dataframe_split": split})


@pytest.mark.parametrize(
    ("row", "errors"),
    [
        ({"rooms": 4, SOLD: "30.02.2012"}, [f'{SOLD}: {EXPECTED} "30.02.2012"']),
        ({"rooms": 4, SOLD: "19.06.2012", "sold_year": 2012}, [f"sold_year: {TWICE}"]),
        ({"rooms": 4, "sold_year": 2012, SOLD: "19.06.2012"}, [f"{SOLD}: {TWICE}"]),
        (
            {"rooms": 4, SOLD: "19.06.2045"},
            [
                f"{SOLD}: the year 2045 lies outside the limits 1990 to 2040",
                f"{SOLD}: 2045-06-19 lies outside the limits 1990-01-01 to 2040-01-01",
            ],
        ),
        ({"rooms": 4, "sold_year": 2045, "sold_days": 15510}, ["sold_year: 2045 lies outside the limits 1990 to 2040"]),
        (
            {"rooms": 4, "sold_days": 15510, "sold_year": "2012-06"},
            ['sold_year: expected a number, not the text "2012-06"'],
        ),
    ],
)
def test_an_error_names_what_the_client_sent(sales: Service, row: dict[str, Any], errors: list[str]) -> None:
    reply = ask(sales, "/predict_json", row)
    assert reply.status_code == 422
    assert [f"{item['input']}: {item['message']}" for item in reply.json["problems"]] == errors


def test_a_date_that_is_not_sent_is_one_error_or_its_parts_are_missing(sales: Service) -> None:
    for row in ({"rooms": 4}, {"rooms": 4, SOLD: None}, {"rooms": 4, SOLD: " "}):
        reply = ask(sales, "/predict_json", row)
        if sales.optional:  # type: ignore[attr-defined]  # the fixture set it
            assert reply.status_code == 200
            assert [line[4:9:2] for line in written(sales)] == [["4.0", "", "sold_year:missing sold_days:missing"]]
        else:
            assert reply.json["error"] == f"{SOLD}: is missing"
        if sales.optional:  # type: ignore[attr-defined]
            assert reply.json["warnings"] == [
                f"{SOLD}: is missing: the year 2012 was taken instead",
                f"{SOLD}: is missing: 2012-06-19 was taken instead, and the model knows that it is missing",
            ]
    file = ask(sales, "/predict_csv", b"rooms\n4\n")
    assert (file.status_code, file.text.count(f"{SOLD}: ")) == ((200, 2) if sales.optional else (422, 1))  # type: ignore[attr-defined]


def test_a_warning_names_the_date_and_the_log_its_parts(sales: Service) -> None:
    reply = ask(sales, "/predict_json", {"rooms": 4, SOLD: "2030-06-19"})
    assert reply.json["warnings"] == [
        f"{SOLD}: the year 2030 lies outside the training range 2001 to 2024",
        f"{SOLD}: 2030-06-19 lies outside the training range 2001-01-01 to 2024-12-31",
    ]
    (row,) = sales.new_rows("predictions")
    assert (row["sold_year"], row["sold_days"]) == ("2030.0", "22084.0")
    assert row["flags"] == "sold_year:outside_training sold_days:outside_training"


def test_a_line_of_a_file_with_a_bad_date_is_told_and_the_others_are_answered(sales: Service) -> None:
    lines = [f"rooms,{SOLD}", "4,19.06.2012", "4,19.13.2012", "4,19.06.2012,x", "4,2012-06-19"]
    reply = sales.post("/predict_csv", data="\n".join(lines), content_type="text/csv")
    _, *rows = reply.text.splitlines()
    assert rows[1].startswith(f'4,19.13.2012,,,"line 3, column {SOLD}: {EXPECTED} ""19.13.2012""')
    assert rows[0].split(",")[2] == rows[3].split(",")[2] != ""
    assert "line 4: has 3 columns" in rows[2]


def test_the_home_page_says_for_which_date_requests_were_refused(sales: Service) -> None:
    for _ in range(20):  # more than other tests have for another reason
        ask(sales, "/predict_json", {"rooms": 4, SOLD: "soon"})
    page = sales.get("/").text
    assert f"mostly <code>{SOLD}</code> not a date" in page
    assert "&#34;Sold on&#34;: &#34;19.06.2012&#34;" in page  # in the examples of code


def test_pages_that_name_the_inputs_name_the_date(sales: Service) -> None:
    page = sales.get("/").text
    assert page.count(f"or in <code>{SOLD}</code>, like 19.06.2012") == 2
    page = sales.get("/form_csv").text
    assert f"<code>rooms</code>, <code>{SOLD}</code>, in any order" in page
    assert f"or no column, for <code>{SOLD}</code>, if" in page or not sales.optional  # type: ignore[attr-defined]
    assert "sold_" not in page


def test_the_form_has_one_field_for_a_date(sales: Service) -> None:
    page = sales.get("/form").text
    assert page.count(f'name="{SOLD}" type="date"') == 1
    assert 'min="1990-01-01" max="2040-01-01"' in page
    assert 'name="sold_' not in page
    for typed in ("2012-06-19", "19.06.2012"):
        page = sales.get("/form", query_string={"rooms": 4, SOLD: typed}).text
        assert 'type="date" autocomplete="off" value="2012-06-19"' in page
        assert "the model gave <data" in page
    page = sales.get("/form", query_string={"rooms": 4, SOLD: "2030-06-19"}).text
    assert f"<li>{SOLD}: the year 2030 lies outside the training range 2001 to 2024." in page
    assert (
        "Outside the training range <time>2001-01-01</time> to <time>2024-12-31</time>: the model is guessing." in page
    )


def test_the_field_offers_no_date_beyond_limits_between_two_days() -> None:
    days = replace(SALES.inputs[2], limits=(7304.5, 22000.5))
    (column,) = replace(SALES, inputs=(days,)).dates
    assert make_date_field(column, [days], "", "").limits == ("1990-01-01", "2030-03-27")


def test_the_form_tells_at_the_field_what_is_wrong_with_a_date(sales: Service) -> None:
    for typed, message in (
        ("30.02.2012", EXPECTED),
        ("2045-01-01", "the year 2045 lies outside the limits 1990 to 2040"),
    ):
        reply = sales.get("/form", query_string={"rooms": 4, SOLD: typed})
        assert reply.status_code == 422
        assert f'id="problem-sold_year" data-live>{message}' in reply.text
        assert f'<a href="#in-sold_year">{SOLD}: {message}' in reply.text


def test_an_address_with_the_parts_of_a_date_has_fields_for_them(sales: Service) -> None:
    typed = {"rooms": 4, "sold_year": 2012, "sold_days": 15510}
    page = sales.get("/form", query_string=typed).text
    assert "the model gave <data" in page
    assert 'id="in-sold_days" name="sold_days" type="text"' in page
    assert f'name="{SOLD}"' not in page
    both = sales.get("/form", query_string={**typed, SOLD: "2000-01-01"}).text
    assert 'href="/form?rooms=4&amp;sold_year=2012&amp;sold_days=15510"' in both
    reply = sales.get("/form", query_string={"rooms": 4, "sold_year": 2012, SOLD: "2012-06-19"})
    assert (reply.status_code, TWICE in reply.text) == (422, True)


@pytest.fixture
def undated() -> Signature:
    return replace(SALES, inputs=tuple(replace(item, date=None) for item in SALES.inputs))


def test_an_answer_of_a_fallback_without_dates_keeps_the_date_that_was_typed(
    undated: Signature, make_client: Callable[..., Service], tmp_path: Path
) -> None:
    publish(tmp_path / "two", undated, card=card_of(undated))
    publish(tmp_path / "two", SALES, TRICKY, card=card_of(SALES))
    store = VersionStore(tmp_path / "two", "sales")
    make_champion(store, 2)
    promote(store, 1, "fallback", ANN)
    service = make_client(models=tmp_path / "two", model="sales")
    page = service.get("/form", query_string={"rooms": RAISES[0], SOLD: "2012-06-19"}).text
    assert "version 1; the model gave" in page
    assert f'name="{SOLD}" type="date" autocomplete="off" value="2012-06-19"' in page
    assert 'href="/form?rooms=12.5&amp;Sold+on=2012-06-19"' in page


def test_a_canary_without_dates_says_what_is_wrong_at_its_own_fields(
    undated: Signature, make_client: Callable[..., Service], tmp_path: Path
) -> None:
    publish(tmp_path / "two", SALES, card=card_of(SALES))
    publish(tmp_path / "two", undated, card=card_of(undated))
    canary(VersionStore(tmp_path / "two", "sales"), 2, 1, ANN)
    service = make_client(models=tmp_path / "two", model="sales")
    reply = service.get("/form", query_string={"rooms": 4, "sold_year": 2045, "sold_days": 15510})
    assert reply.status_code == 422
    reply = service.get("/form", query_string={"rooms": 4, SOLD: "2012-06-19"})
    assert reply.status_code == 422
    assert 'id="problem-sold_days" data-live>is missing' in reply.text
    assert f'name="{SOLD}"' not in reply.text


def test_the_document_takes_the_date_or_its_parts_and_every_example_is_answered(sales: Service) -> None:
    document = read(sales)
    assert list(Draft202012Validator(OPENAPI_31).iter_errors(document)) == []
    text = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, f"nothing refers to {name}"
    schema = document["components"]["schemas"]["date.1"]
    assert schema["title"] == SOLD
    assert schema["description"].startswith("in place of sold_year, sold_days: a date like 19.06.2012 or 2012-06-19")
    assert '"format"' not in json.dumps(schema)  # it would say that 19.06.2012 is none
    bodies = document["components"]["requestBodies"]
    assert '{"rooms": 4, "Sold on": "19.06.2012"}' in json.dumps(bodies)
    for path, method, operation in read_operations(document):
        if method == "get":
            continue
        for media_type, body, schema in examples(operation):
            assert Draft202012Validator(schema).is_valid(body), (path, body)
            reply = send(sales, path, media_type, body, Accept="application/json")
            assert reply.status_code == 200, (path, body, reply.text)
            if reply.mimetype == "application/json":
                assert_documented(operation, reply)


def test_every_layout_with_a_date_is_documented_and_one_with_the_date_and_a_part_is_not(sales: Service) -> None:
    schemas = {
        path: Draft202012Validator(operation["requestBody"]["content"]["application/json"]["schema"])
        for path, method, operation in read_operations(read(sales))
        if method == "post" and "application/json" in operation["requestBody"]["content"]
    }
    for path, body, _ in LAYOUTS.values():
        content = body([(4, "19.06.2012"), (5, "2012-06-19")])
        if not isinstance(content, bytes):
            assert schemas[path].is_valid(content), (path, content)
    validator = schemas["/predict_json"]
    both = {"rooms": 4, SOLD: "19.06.2012", "sold_year": 2012, "sold_days": 15510}
    assert not validator.is_valid(both)
    assert not validator.is_valid([both])
    assert not schemas[V2].is_valid(
        {"inputs": [column(name, [value], [1], "BYTES" if name == SOLD else "FP64") for name, value in both.items()]}
    )
    assert validator.is_valid({"rooms": 4}) == sales.optional  # type: ignore[attr-defined]  # the fixture set it


@pytest.mark.parametrize(
    ("form", "kind", "typed"),
    [("%Y-%m", "month", "2012-06"), ("%m/%Y", "text", "06/2012"), ("%Y%m%d", "date", "2012-06-19")],
)
def test_a_field_takes_what_the_browser_sends_of_a_date(
    form: str, kind: str, typed: str, make_client: Callable[..., Service], tmp_path: Any
) -> None:
    signature = with_format(form)
    publish(tmp_path / "sales", signature, card=card_of(signature))
    service = make_client(models=tmp_path / "sales", model="sales")
    page = service.get("/form", query_string={"rooms": 4, SOLD: typed}).text
    assert f'type="{kind}" autocomplete="off" value="{typed}"' in page
    assert "the model gave <data" in page


def test_numbers_alone_in_a_file_may_be_dates(make_client: Callable[..., Service], tmp_path: Any) -> None:
    publish(tmp_path / "sales", with_format("%Y%m%d"))
    service = make_client(models=tmp_path / "sales", model="sales")
    bodies = ([[4, 2012, 15510]], [{"rooms": 4, SOLD: 20120619}])
    (expected,), (as_json,) = (ask(service, "/predict_json", body).json["predictions"] for body in bodies)
    (in_file,) = ask(service, "/predict_csv", f"{SOLD},rooms\n20120619,4\n".encode()).json["predictions"]
    assert expected == as_json == in_file
