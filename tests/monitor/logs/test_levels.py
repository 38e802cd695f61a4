"""The texts of the prediction log become the codes of the version that they are read for, in both readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal.encoding import escape_field
from monitor.logs import duckdb_reader, line_reader
from monitor.logs.checked_reader import read_predictions
from monitor.logs.levels import Levels, digest_of, levels_of
from monitor.logs.log_file import LogFile
from registry import Signature
from tests.conftest import FLATS, HOUSES
from tests.monitor.logs_of_flats import cells_of

NAMES = (*FLATS.names, "prediction")
ODD = [
    "=1+1",
    "'=1+1",
    "'",
    '"',
    ",",
    "a\nb",
    "a\\nb",
    "\\",
    "\r",
    "NULL",
    "null",
    "nan",
    "{time}",
    "'); DROP",
    "é",
    "é",
]
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=9) | st.sampled_from(ODD)
SLOW = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(folder: Path, cells: Sequence[Sequence[str]]) -> Path:
    """Write a prediction log whose inputs have these cells, as they are in the file."""
    lines = [",".join(("time", "request_id", "row", "model", "version", "role", *NAMES, "flags"))]
    lines += [
        ",".join((f"2026-11-20T12:00:00.{place:06}Z", f"r{place}", "0", "flats", "1", "champion", *row, "7.5", ""))
        for place, row in enumerate(cells)
    ]
    path = folder / "predictions-2026-11-20.csv"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def read(path: Path, signature: Signature = FLATS) -> np.ndarray:
    """The inputs in a log, float32 (n, 3), that both readers find."""
    found = [
        np.concatenate([block.values for block in reader.read_predictions(LogFile.open(path), NAMES, levels)])
        for levels in [levels_of(signature)]
        for reader in (duckdb_reader, line_reader)
    ]
    np.testing.assert_array_equal(*found)
    return found[0][:, :-1]


def test_a_text_is_its_code_and_an_empty_cell_is_no_value(tmp_path: Path) -> None:
    rows = [[4, 0, 1], [np.nan, 1, 0], [2.5, 2, np.nan], [8, 3, 1]]
    np.testing.assert_array_equal(read(write(tmp_path, [cells_of(row) for row in rows])), rows)


def test_a_text_that_the_version_does_not_know_is_its_level_for_others(tmp_path: Path) -> None:
    path = write(tmp_path, [["4", "Sachsenhausen", "with"], ["4", "höchst", "with"], ["4", "2", "with"]])
    assert read(path)[:, 1].tolist() == [0, 0, 0]


def test_without_such_a_level_it_is_none_of_the_codes(tmp_path: Path) -> None:
    rooms, district, balcony = FLATS.inputs
    strict = replace(FLATS, inputs=(rooms, replace(district, other=None), balcony))
    values = read(write(tmp_path, [["4", "Sachsenhausen", "maybe"], ["4", "Höchst", "with"]]), strict)
    assert values[0, 1] not in district.categories
    assert values[0, 2] not in (*balcony.categories, balcony.missing.value if balcony.missing else None)
    assert values[1].tolist() == [4, 3, 1]


def test_a_boolean_has_other_words_in_the_log_of_another_version(tmp_path: Path) -> None:
    path = write(tmp_path, [["4", "Höchst", word] for word in ("true", "no", "1", "0", "with")])
    assert read(path)[:, 2].tolist() == [1, 0, 1, 0, 1]


@SLOW
@given(texts=st.lists(TEXTS.map(str.strip).filter(bool), min_size=2, max_size=8, unique=True), unknown=TEXTS)
def test_any_text_reads_back_as_its_own_code(tmp_path: Path, texts: list[str], unknown: str) -> None:
    codes = tuple(map(float, range(len(texts))))
    rooms, district, balcony = FLATS.inputs
    ends = (codes[0], codes[-1])
    item = replace(
        district, levels=tuple(texts), categories=codes, other=None, limits=ends, training=ends, example=codes[0]
    )
    signature = replace(FLATS, inputs=(rooms, item, balcony))
    written = [*(escape_field(text) for text in texts), escape_field(unknown)]
    values = read(write(tmp_path, [["4", cell, "with"] for cell in written]), signature)[:, 1]
    expected = texts.index(unknown) if unknown in texts else codes[-1] + 2
    assert values.tolist() == [*codes, expected]


def test_a_log_of_texts_needs_no_second_reading(tmp_path: Path) -> None:
    path = write(tmp_path, [cells_of([4, code % 4, code % 2]) for code in range(100)])
    rows, faults = read_predictions(LogFile.open(path), NAMES, lambda blocks: sum(map(len, blocks)), levels_of(FLATS))
    assert (rows, faults) == (100, [])


def test_a_torn_line_among_texts_is_named_and_hides_no_other(tmp_path: Path) -> None:
    path = write(tmp_path, [cells_of([4, code % 4, code % 2]) for code in range(100)])
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"Nordend, West",with', b'"Nordend, West', 1))
    rows, faults = read_predictions(LogFile.open(path), NAMES, lambda blocks: sum(map(len, blocks)), levels_of(FLATS))
    assert rows == 99
    assert any("1 lines are no whole rows" in fault for fault in faults)


def test_only_inputs_that_are_texts_have_levels() -> None:
    assert list(levels_of(FLATS)) == ["district", "balcony"]
    assert levels_of(HOUSES) == {}
    assert digest_of(levels_of(FLATS)) != digest_of({"district": Levels({"a": 1.0}, 0.0)})
