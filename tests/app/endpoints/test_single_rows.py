"""One row of numbers on its own takes a shorter way: with the same answers and the same rows in the logs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import create_app
from app.codecs.columns import ColumnDecoder
from app.codecs.json_row import JsonRowReader
from app.codecs.strict_decoder import StrictDecoder
from app.codecs.validation import SignatureValidator
from app.settings import Settings
from registry import Missing, Signature
from tests.app.conftest import MakeClient, Service
from tests.app.requests import V2, column, logged
from tests.conftest import FLATS, HOUSES, publish

NOW = datetime(2026, 11, 27, 12, 0, 0, 5, tzinfo=UTC)
# What the shorter way consists of: each returns None where it can't tell.
SHORTER = ((JsonRowReader, "read"), (JsonRowReader, "read_located"), (SignatureValidator, "make_usual_row"))
# A category of numbers, one of which no float32 holds, beside two numbers.
COUNTED = replace(HOUSES, inputs=(replace(HOUSES.inputs[0], categories=(1.0, 5.1, 6.0, 15.0)), *HOUSES.inputs[1:]))

# The same with texts, and with values that may be missing: -13 stands for that in the rows, -1 and "?" mean it.
FIRST = replace(FLATS.inputs[0], missing=Missing(-13, 3, texts=("?", "-1")))
TEXTS = replace(FLATS, model="boston", inputs=(FIRST, *FLATS.inputs[1:]))

EDGES = [6, 250, 66.5, 5.1, 3.5, 8.75, 187, 711, 2.5, 100, 0, 1, -1, -13, -0.0, 1e-320, 1e300, 2**53 + 1, 2**64]
WORDS = [
    "elsewhere",
    "Nordend, West",
    'the "old" town',
    "Höchst",
    "with",
    "without",
    "yes",
    " with",
    "new",
    "?",
    "1",
    "",
]
numbers = st.sampled_from(EDGES) | st.floats(0, 800)
texts = st.sampled_from(WORDS)
cells = numbers | texts | st.sampled_from([None, True, False, "NaN", [6], {}, [], math.nan, math.inf, -math.inf])
houses = st.tuples(*(st.floats(*item.training) for item in HOUSES.inputs))
flats = st.tuples(numbers | st.floats(2, 8), texts, texts | st.booleans())
lists = (houses | flats | st.tuples(numbers, numbers, numbers)).map(list) | st.lists(cells, max_size=5)
names = st.sampled_from([*HOUSES.names, *FLATS.names, "Number of rooms", "extra", "", "r\\m", 'r"m'])
objects = (
    houses.map(lambda row: dict(zip(HOUSES.names, row, strict=True)))
    | flats.map(lambda row: dict(zip(FLATS.names, row, strict=True)))
    | st.dictionaries(names, cells, max_size=4)
)
REPEATED = ['"rm": 6, ', '"rooms": [6], ', '"data": [6], ']
spoils = st.sampled_from(
    ["", "", "", *REPEATED, " ", ",", "]", "0", "-", "e5", "\ufeff", "\x00", "\\", '"', "1e400", "true"]
)


def wrap(row: Any, columns: Sequence[str] = ("rooms", "tax", "age")) -> list[tuple[str, Any]]:
    """Return paths and bodies that have a row as each protocol has it."""
    by_column = {name: [value] for name, value in row.items()} if isinstance(row, dict) else {"features": [row]}
    shape = [1] if isinstance(row, dict) else [1, 3]
    tensors = [column(name, value, shape, _datatype(value[0])) for name, value in by_column.items()]
    return [
        ("/predict_json", row),
        ("/predict_json?extra=ignore", row),
        ("/predict_json", by_column),
        ("/v1/models/boston:predict", {"inputs": by_column}),
        ("/invocations", {"inputs": by_column}),
        (f"{V2}/infer", {"inputs": tensors}),
        ("/v1/models/boston:predict", {"instances": [row]}),
        ("/v1/models/boston:regress", {"examples": [row]}),
        ("/invocations", {"instances": [row]}),
        ("/invocations", {"dataframe_records": [row]}),
        ("/invocations", {"dataframe_split": {"columns": columns, "data": [row]}}),
        (f"{V2}/infer", {"inputs": [column("features", row, [1, 3])]}),
        (f"{V2}/infer", {"inputs": [column("features", [row], [1, 3])]}),
    ]


def _datatype(value: Any) -> str:
    return "BYTES" if isinstance(value, str) else "BOOL" if isinstance(value, bool) else "FP64"


wrapped = st.builds(wrap, lists | objects, st.sampled_from([("rooms", "tax", "age"), FLATS.names])).flatmap(
    st.sampled_from
)


class Services:
    """Two services that are alike, but that the second takes the general way for every row."""

    def __init__(self, folder: Path, signature: Signature) -> None:
        publish(folder / "models", signature)
        self._services = []
        for name in ("shorter", "general"):
            settings = Settings(models=folder / "models", logs=folder / name)
            self._services.append(Service(create_app(settings, now=NOW.timestamp), settings))

    def answers(self, path: str, body: bytes) -> tuple[Any, Any]:
        """Return what each service answers and logs."""
        shorter, general = self._services
        answered = _answer(shorter, path, body)
        with pytest.MonkeyPatch.context() as patch:
            for owner, name in SHORTER:
                patch.setattr(owner, name, lambda *_: None)
            return answered, _answer(general, path, body)

    def close(self) -> None:
        for service in self._services:
            service.application.extensions["router"].close()


def _answer(service: Service, path: str, body: bytes) -> tuple[Any, ...]:
    """Return all that a request comes to: its reply and its rows, but for what time it took."""
    reply = service.post(path, data=body, content_type="application/json", headers={"X-Request-ID": "one"})
    rows = {stream: logged(service.settings, stream) for stream in ("requests", "predictions")}
    for file in service.settings.log_folder.iterdir():
        os.truncate(file, 0)  # the next request begins it again
    for row in rows["requests"]:
        del row["duration_ms"]
    return reply.status_code, sorted(reply.headers.items()), reply.data, rows


@pytest.fixture(scope="module", params=[HOUSES, COUNTED, TEXTS], ids=["numbers", "a category", "texts"])
def services(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Services]:
    services = Services(tmp_path_factory.mktemp("services"), request.param)
    yield services
    services.close()


@given(wrapped, spoils, st.integers(0, 100))
@settings(max_examples=400)
def test_both_ways_answer_and_log_alike(services: Services, sent: tuple[str, Any], spoil: str, place: int) -> None:
    path, content = sent
    text = json.dumps(content)
    place %= len(text) + 1
    shorter, general = services.answers(path, (text[:place] + spoil + text[place:]).encode())
    assert shorter == general


NAMED = {"age": 66.5, "rooms": 6, "tax": 250}


@pytest.mark.parametrize(("path", "body"), wrap([6, 250, 66.5]) + wrap(NAMED)[:10])
def test_a_usual_row_takes_the_shorter_way(
    client: Service, monkeypatch: pytest.MonkeyPatch, path: str, body: Any
) -> None:
    monkeypatch.delattr(StrictDecoder, "decode")
    monkeypatch.delattr(SignatureValidator, "find_errors")
    assert client.post(path, json=body).status_code == 200


TEXT_ROW = {"rooms": 4, "district": "Nordend, West", "balcony": True}


@pytest.mark.parametrize(("path", "body"), [("/predict_json", list(TEXT_ROW.values())), *wrap(TEXT_ROW)[:6]])
def test_a_row_with_texts_takes_the_shorter_way(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, body: Any
) -> None:
    publish(tmp_path / "texts", TEXTS)
    client = make_client(models=tmp_path / "texts")
    monkeypatch.delattr(ColumnDecoder, "decode")
    monkeypatch.delattr(StrictDecoder, "decode")
    monkeypatch.delattr(SignatureValidator, "find_errors")
    assert client.post(path, json=body).status_code == 200


@pytest.mark.parametrize(
    ("path", "text", "status"),
    [
        ("/predict_json", '{"rooms": [5], "rooms": [4], "district": ["Nordend, West"], "balcony": [true]}', 400),
        (
            "/v1/models/boston:predict",
            '{"inputs": {"rooms": [5], "rooms": [4], "district": ["Höchst"], "balcony": [true]}}',
            400,
        ),
        ("/predict_json", '{"rooms": 5, "rooms": 4, "district": "Höchst", "balcony": true}', 422),
    ],
)
def test_a_member_that_appears_twice_beside_texts_is_refused(
    make_client: MakeClient, tmp_path: Path, path: str, text: str, status: int
) -> None:
    publish(tmp_path / "texts", TEXTS)
    reply = make_client(models=tmp_path / "texts").post(path, data=text.encode(), content_type="application/json")
    assert (reply.status_code, "appears twice" in reply.json["error"]) == (status, True)


@pytest.mark.parametrize("row", [[6, 250], [6, 2500, 66.5], [9, 250, 66.5], {"rm": 6, "tax": 250}])
def test_an_unusual_row_takes_the_general_way(client: Service, monkeypatch: pytest.MonkeyPatch, row: Any) -> None:
    taken = []
    for owner, name in ((StrictDecoder, "decode"), (SignatureValidator, "find_errors")):
        general = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given, general=general: taken.append(1) or general(*given))
    client.post("/predict_json", json=row)
    assert taken


def test_a_row_in_a_long_body_is_answered_alike(services: Services) -> None:
    shorter, general = services.answers("/predict_json", b"[6,%s250, 66.5]" % (b" " * (1 << 15)))
    assert shorter == general
