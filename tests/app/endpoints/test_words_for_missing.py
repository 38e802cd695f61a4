"""Words that mean that a value is missing, like NA and -999: each door takes them for null, and says what counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import create_app
from app.settings import Settings
from registry import Missing
from tests.app.conftest import Service
from tests.app.requests import ask, read_csv, send_csv
from tests.conftest import FLATS, HOUSES, publish

ROOMS, DISTRICT, BALCONY = FLATS.inputs
WORDED = replace(
    FLATS,
    inputs=(
        replace(ROOMS, missing=Missing(-13, 3, texts=("NA", "-999"))),
        DISTRICT,
        replace(BALCONY, missing=Missing(2, 0, texts=("NA", "-999"))),
    ),
)
ALL_NUMBERS = replace(
    HOUSES,
    inputs=(replace(HOUSES.inputs[0], missing=Missing(-13, 6, texts=("NA", "-999"))), *HOUSES.inputs[1:]),
    output=replace(HOUSES.output, plausible=(-200, 200)),
)
NO_ROOMS = "rooms: is missing: 3 was taken instead"
NO_BALCONY = "balcony: is missing: 'without' was taken instead"
NO_RM = "rm: is missing: 6 was taken instead"


def serve(folder: Path, signature: Any) -> Iterator[Service]:
    publish(folder / "models", signature)
    settings = Settings(models=folder / "models", logs=folder / "logs", model=signature.model)
    app = create_app(settings)
    app.testing = True
    yield Service(app, settings)
    app.extensions["router"].close()


@pytest.fixture
def flats(tmp_path: Path) -> Iterator[Service]:
    yield from serve(tmp_path, WORDED)


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[Service]:
    yield from serve(tmp_path, ALL_NUMBERS)


@pytest.mark.parametrize("word", ["NA", " NA ", "-999", -999, -999.0])
def test_in_json_a_word_is_what_null_is(flats: Service, word: Any) -> None:
    expected = ask(flats, [None, "Höchst", None]).json
    rows = [word, "Höchst", word]
    for body in (rows, {"rooms": word, "district": "Höchst", "balcony": word}):
        reply = ask(flats, body)
        assert (reply.status_code, reply.json["prediction"]) == (200, expected["prediction"]), reply.json
        assert reply.json["warnings"] == [NO_ROOMS, NO_BALCONY] == expected["warnings"]
    many = ask(flats, [rows, [4, "Höchst", True], rows]).json
    assert many["warnings"] == [[NO_ROOMS, NO_BALCONY], [], [NO_ROOMS, NO_BALCONY]]
    log = flats.new_rows("predictions")
    assert {(row["rooms"], row["balcony"], row["flags"]) for row in log} == {
        ("", "", "rooms:missing balcony:missing"),
        ("4.0", "with", ""),
    }


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_csv_file_is_answered_as_training_reads_it(flats: Service, mark: str, quote: str) -> None:
    lines = ["rooms,district,balcony", "NA,Höchst,-999", "-999,Höchst,NA", f"4,{quote}Höchst{quote}, NA", "4,Höchst,no"]
    text = "\n".join(lines).replace(",", mark)
    reply = send_csv(flats, text)
    rows = list(csv.DictReader(io.StringIO(reply.text), delimiter=mark))
    assert [row["error"] for row in rows] == [""] * 4
    assert [row["warnings"] for row in rows] == [*[f"{NO_ROOMS}; {NO_BALCONY}"] * 2, NO_BALCONY, ""]


def test_a_faulty_line_beside_words_is_named_alone(flats: Service) -> None:
    rows = read_csv(send_csv(flats, "rooms,district,balcony\nNA,Höchst,no\nn/a,Höchst,no\nNA,Höchst,n/a\n"))
    assert [row["error"] for row in rows][:2] == ["", 'line 3, column rooms: expected a number, not the text "n/a"']
    assert rows[2]["error"].startswith("line 4, column balcony: 'n/a' is not known")


def test_a_person_may_type_a_word_into_the_form(flats: Service) -> None:
    for word in ("NA", "-999", " -999.0 "):
        page = flats.get("/form", query_string={"rooms": word, "district": "Höchst", "balcony": "NA"}).text
        assert "Rooms: is missing: 3 was taken instead" in page
        assert "Outside the training range 2 to 8" not in page.partition('id="beyond-rooms"')[2].partition("</span>")[0]
        assert f'value="{word}"' in page
        assert 'data-words="[&#34;NA&#34;, &#34;-999&#34;, -999.0]"' in page
        assert 'value="" checked' in page


@pytest.mark.parametrize("cell", [-999, -999.0, None, "NA"])
def test_a_number_is_found_wherever_rows_are_nothing_but_numbers(houses: Service, cell: Any) -> None:
    expected = ask(houses, [None, 250, 66.5]).json["prediction"]
    rows = [[cell, 250, 66.5], [6, 250, 66.5]]
    for reply in (ask(houses, rows), ask(houses, {"columns": list(HOUSES.names), "data": rows})):
        assert (reply.json["predictions"][0], reply.json["warnings"]) == (expected, [[NO_RM], []])
    text = "".join(f"\n{'' if a is None else a},{b},{c}" for a, b, c in rows)
    first, second = read_csv(send_csv(houses, f"rm,tax,age{text}\n"))
    assert (first["warnings"], first["error"], second["warnings"]) == (NO_RM, "", "")
    if isinstance(cell, float):
        raw = np.array(rows, dtype="<f8").tobytes()
        tensor = {"name": "x", "shape": [2, 3], "datatype": "FP64", "parameters": {"binary_data_size": len(raw)}}
        head = str({"inputs": [tensor]}).replace("'", '"').encode()
        headers = {"Inference-Header-Content-Length": str(len(head))}
        reply = houses.post("/v2/models/boston/infer", data=head + raw, headers=headers)
        assert reply.json["outputs"][0]["data"][0] == expected, reply.text
    assert {row["rm"] for row in houses.new_rows("predictions")} == {"", "6.0"}


def test_the_pages_name_the_words(flats: Service) -> None:
    said = "if it is not known (empty, &#34;NA&#34;, &#34;-999&#34;), it counts as 3"
    assert said in flats.get("/").text.replace('"', "&#34;")


def test_the_first_page_shows_words_of_any_language_as_they_are(tmp_path: Path) -> None:
    words = ("não sei", "<b>", "'?'")
    rooms = replace(ROOMS, missing=Missing(-13, 3, texts=words))
    for service in serve(tmp_path, replace(FLATS, inputs=(rooms, DISTRICT, BALCONY))):
        text = service.get("/").text
        assert "<b>" not in text
        assert """(empty, "não sei", "<b>", "'?'")""" in unescape(text)
