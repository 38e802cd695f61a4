"""The data: which files and cells are accepted, and which errors name the line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from registry import Missing
from tests.train.helpers import SMALL_SPEC, small_table, to_csv, write_small, write_spec
from train.dataset import Dataset, load_dataset
from train.errors import TrainError
from train.spec import read_spec


def load_small(folder: Path, data: str | bytes | None = None) -> Dataset:
    return load_dataset(read_spec(write_small(folder, SMALL_SPEC, data)))


def test_every_row_is_either_trained_or_tested_on(tmp_path: Path) -> None:
    data = load_small(tmp_path)
    assert sorted([*data.train_rows, *data.test_rows]) == list(range(60))
    assert list(data.test_rows) == list(train_test_split(np.arange(60), test_size=0.2, random_state=1)[1])
    assert sorted(np.concatenate([held_out for _, held_out in data.folds])) == list(range(60))


@pytest.mark.parametrize(
    "write",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n") + "\n\n",
        lambda text: text.replace("width", '"width"', 1),
        lambda text: text.replace(",kind", ", kind", 1),
        lambda text: text.replace(",", "\t").encode("utf-16"),
        lambda text: text.replace(",", ";").replace(".", ",").replace("\n", "\r"),
        lambda text: "sep=|\n" + text.replace(",", "|"),
        lambda text: "\n".join(f"{line},words" for line in text.splitlines()).replace("words", "note", 1),
    ],
    ids=["mark", "CRLF", "blank lines", "quotes", "spaces", "UTF-16", "decimal commas", "sep=", "unused words"],
)
def test_variants_of_csv_read_the_same(tmp_path: Path, write: Callable[[str], str | bytes]) -> None:
    np.testing.assert_array_equal(
        load_small(tmp_path, write(to_csv(small_table()))).inputs, load_small(tmp_path, to_csv(small_table())).inputs
    )


@pytest.mark.parametrize(
    ("line", "column", "cell", "named"),
    [
        (2, "width", "", "line 2, column width: expected a number, not ''"),
        (7, "width", "NaN", "line 7, column width: expected a number, not 'NaN'"),
        (7, "width", "-inf", "line 7, column width: expected a number"),
        (7, "width", "1e999", "line 7, column width: expected a number"),
        (7, "width", "1_0", "line 7, column width: expected a number, not '1_0'"),
        (7, "year", "x", "line 7, column year: expected a number, not 'x'"),
        (61, "price", "?", "line 61, column price: expected a number"),
        (9, "width", "10.5", "line 9, column width: expected a value within the limits -10 to 10, not 10.5"),
        (9, "kind", "2", "line 9, column kind: expected one of the categories 0, 1, 5, not 2"),
        (
            9,
            "price",
            "2e3",
            "line 9, column price: expected a value within the plausible range -1000 to 1000, not 2000",
        ),
        (9, "width", "1,2", "line 9: has 5 columns, the header 4; correct the line"),
        (9, "width", '"1', "line 61: not CSV"),
    ],
)
def test_an_error_in_a_cell_names_the_line_and_column(
    tmp_path: Path, line: int, column: str, cell: str, named: str
) -> None:
    table = small_table()
    table[line - 1][table[0].index(column)] = cell
    with pytest.raises(TrainError) as error:
        load_small(tmp_path, to_csv(table))
    assert f"{tmp_path / 'small.csv'}, {named}" in str(error.value)
    assert "\n" not in str(error.value)


def test_cells_that_are_no_numbers_are_counted_by_column(tmp_path: Path) -> None:
    table = small_table()
    for line, column, cell in [(5, 0, "NA"), (6, 0, ""), (6, 1, "NA"), (9, 0, "x"), (9, 3, "")]:
        table[line - 1][column] = cell
    with pytest.raises(TrainError) as error:
        load_small(tmp_path, to_csv(table))
    named = "line 5, column width: expected a number, not 'NA'; such cells: 3 in width, 1 in year, 1 in price; correct"
    assert named in str(error.value)


def test_values_beyond_a_limit_are_counted(tmp_path: Path) -> None:
    table = small_table()
    table[4][0] = table[7][0] = "11"
    with pytest.raises(TrainError, match=r"line 5, .* not 11; such cells in this column: 2; correct"):
        load_small(tmp_path, to_csv(table))


def test_a_number_of_two_readings_is_an_error(tmp_path: Path) -> None:
    rows = "".join(f"{number};1990;{number % 3};{number}\n" for number in range(60))
    with pytest.raises(TrainError, match='line 2, column width: "1,234" may be 1.234 or 1234: write 1,2340 or 1234;'):
        load_small(tmp_path, f"width;year;kind;price\n1,234;1990;1;100\n{rows}")


def test_a_row_that_is_parted_otherwise_than_the_header_is_told_so(tmp_path: Path) -> None:
    header, first, *rows = small_table()
    text = f"{to_csv([header])}{';'.join(first)}\n{to_csv(rows)}"
    with pytest.raises(TrainError, match="line 2: has 1 columns, the header 4: it is parted by ';', the header by ','"):
        load_small(tmp_path, text)


def test_blank_lines_and_line_breaks_in_quotes_count_as_lines(tmp_path: Path) -> None:
    table = [[*row, "note"] for row in small_table()]
    table[3][4] = '"two\nlines"'
    table[4][0] = "bad"
    with pytest.raises(TrainError, match="line 7, column width"):
        load_small(tmp_path, to_csv(table[:2]) + "\n" + to_csv(table[2:]))


def with_column(position: int, value: str) -> str:
    header, *rows = small_table()
    return to_csv([header, *([*row[:position], value, *row[position + 1 :]] for row in rows)])


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("", "has no column 'width'"),
        (to_csv(small_table()).replace(",", " "), "has no column 'width'; its header, parted by ',', names"),
        (to_csv(small_table()).replace("year", "width", 1), "has more than one column 'width'"),
        (to_csv(small_table()[:2]), "has 1 rows, of which 1 differ in their inputs; a training needs at least 30"),
        (to_csv([small_table()[0], *small_table()[1:13] * 8]), "has 96 rows, of which 12 differ in their inputs"),
        (b"width,year,kind,price\n\xff,1,1,1\n\xff", "small.csv, line 2: not UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfwidth\n\n1\xff\n", "small.csv, line 3: not UTF-8"),
        (with_column(0, "3"), "has 60 rows, of which 3 differ in their inputs"),
        (with_column(3, "3"), "column price has the same value in every training row"),
        (with_column(2, "1"), "column kind never has the category 0"),
    ],
    ids=["empty", "spaces", "twice", "one row", "copies", "encoding", "after a mark", "input", "label", "category"],
)
def test_data_that_teach_nothing_are_an_error(tmp_path: Path, data: str | bytes, named: str) -> None:
    with pytest.raises(TrainError) as error:
        load_small(tmp_path, data)
    assert named in str(error.value)


def test_an_input_that_is_always_the_same_is_an_error(tmp_path: Path) -> None:
    spec = SMALL_SPEC.replace(
        'name = "kind"', 'name = "year"\nlabel = "Year"\nlimits = [0, 3000]\n\n[[inputs]]\nname = "kind"'
    )
    with pytest.raises(TrainError, match="column width has the same value in every training row"):
        load_dataset(read_spec(write_small(tmp_path, spec, with_column(0, "3"))))


def sides(data: Dataset) -> list[tuple[set[int], set[int]]]:
    """The rows on both sides of the split and of each fold."""
    return [(set(one), set(other)) for one, other in [(data.train_rows, data.test_rows), *data.folds]]


@pytest.mark.parametrize("times", [2, 5])
def test_no_row_is_judged_that_the_model_has_seen(tmp_path: Path, times: int) -> None:
    header, *rows = small_table()
    copies = [[*row[:3], "1"] for row in rows]
    data = load_small(tmp_path, to_csv([header, *rows, *copies * (times - 1)]))
    assert data.copies == 60 * (times - 1)
    for training, judged in sides(data):
        assert training | judged == set(range(60 * times))
        assert {tuple(data.inputs[row]) for row in training} & {tuple(data.inputs[row]) for row in judged} == set()
    assert sorted(np.concatenate([held_out for _, held_out in data.folds])) == list(range(60 * times))


def test_rows_are_copies_if_the_model_can_t_tell_them_apart(tmp_path: Path) -> None:
    header, *rows = small_table()
    rows[0][0], rows[1], rows[2][0] = "0", ["-0.0", *rows[0][1:]], "1.5"
    rows[3] = ["1.50000000001", *rows[2][1:]]
    data = load_small(tmp_path, to_csv([header, *rows]))
    assert data.copies == 2
    assert all((one in training) == (copy in training) for training, _ in sides(data) for one, copy in [(0, 1), (2, 3)])


def test_a_row_without_a_copy_stays_where_it_was_drawn(tmp_path: Path) -> None:
    header, *rows = small_table()
    before = load_small(tmp_path, to_csv([header, *rows]))
    first, second = before.train_rows[0], before.test_rows[0]
    rows[max(first, second)] = rows[min(first, second)]
    after = load_small(tmp_path, to_csv([header, *rows]))
    assert set(before.test_rows) ^ set(after.test_rows) == {max(first, second)}


def test_a_part_that_copies_leave_too_small_is_refused(tmp_path: Path) -> None:
    header, *rows = small_table()
    with pytest.raises(TrainError, match=r"a fold has \d+ rows instead of \d+ and can't be judged; remove such rows"):
        load_small(tmp_path, to_csv([header, *rows, *[rows[0]] * 500]))


def test_changed_data_are_an_error_with_both_digests(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    with spec.data_file.open("a") as file:
        file.write("\n")
    with pytest.raises(TrainError, match=f"data.sha256 in .* says {spec.data_sha256}"):
        load_dataset(spec)


def test_missing_data_are_named_with_the_key(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    spec.data_file.unlink()
    with pytest.raises(TrainError, match="small.csv: can't be read .*correct data.file in .*small.toml"):
        load_dataset(spec)


DISTRICT = {"name": "district", "categories": ["Nordend", "Alt, West"]}
ROOMS = {"name": "rooms", "limits": [0, 100]}


def flats(count: int = 60) -> list[list[str]]:
    """Return a header and rows of flats: the rooms, the district, whether there is a lift, the date and the price."""
    table = [["rooms", "district", "lift", "sold", "price"]]
    for row in range(count):
        sold = f"{row % 28 + 1}.{row % 12 + 1}.{2000 + row}"
        table.append([str(row), ("Nordend", "Alt, West")[row % 2], ("no", "yes")[row // 2 % 2], sold, str(row % 7)])
    return table


def load_flats(folder: Path, table: list[list[str]], *inputs: dict[str, object], **keys: Any) -> Dataset:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    return load_dataset(read_spec(write_spec(folder, text.getvalue(), inputs, **keys)))


def changed(column: int, cells: dict[int, str]) -> list[list[str]]:
    """Return the table with other cells in a column, by line."""
    table = flats()
    for line, cell in cells.items():
        table[line - 1][column] = cell
    return table


def test_texts_booleans_dates_and_missing_values_become_one_number_each(tmp_path: Path) -> None:
    data = load_flats(
        tmp_path,
        changed(0, {2: "", 3: "?"}),
        {**ROOMS, "missing": "median"},
        DISTRICT,
        {"name": "lift", "categories": ["no", "yes"], "boolean": True},
        {"name": "year", "column": "sold", "date": "year", "date_format": "%d.%m.%Y", "limits": [2000, 2100]},
        {"name": "month", "column": "sold", "date": "month", "date_format": "%d.%m.%Y", "limits": [1, 12]},
        data={"missing": ["?"]},
        slices=["district"],
    )
    assert data.inputs[:4].tolist() == [
        [-100, 1, 0, 2000, 1],
        [-100, 2, 0, 2001, 2],
        [2, 1, 1, 2002, 3],
        [3, 2, 1, 2003, 4],
    ]
    assert [item.format(value) for item, value in zip(data.described, data.inputs[1], strict=True)] == [
        "",
        "Alt, West",
        "no",
        "2001",
        "2",
    ]
    assert data.columns["district"].tolist()[:2] == ["Nordend", "Alt, West"]
    assert list(data.columns) == ["rooms", "district", "lift", "sold", "price"]


@pytest.mark.parametrize(
    ("column", "cells", "item", "named"),
    [
        (1, {5: "West", 9: "x"}, DISTRICT, "line 5, column district: expected one of the categories 'Nordend', 'Alt, "),
        (1, {5: "West", 9: "x"}, DISTRICT, "not 'West'; such cells in this column: 2; correct the data, or"),
        (1, {5: ""}, DISTRICT, "line 5, column district: expected a text, not ''"),
        (1, {5: ""}, {**DISTRICT, "other": "rest"}, "line 5, column district: expected a text, not ''"),
        (
            3,
            {7: "31.2.2000"},
            {"name": "sold", "date": "day", "date_format": "%d.%m.%Y", "limits": [1, 31]},
            "line 7, column sold: expected a date as %d.%m.%Y in data, not '31.2.2000'; correct the data",
        ),
        (
            3,
            {7: "1.1.1900"},
            {"name": "sold", "date": "year", "date_format": "%d.%m.%Y", "limits": [2000, 2100]},
            "line 7, column sold: expected a value within the limits 2000 to 2100, not 1900",
        ),
        (2, {}, {"name": "lift", "categories": ["no", "yes", "maybe"]}, "column lift never has the category 'maybe'"),
        (0, {4: "NA"}, {**ROOMS, "missing": 1}, "line 4, column rooms: expected a number, not 'NA'"),
        (0, dict.fromkeys(range(2, 62), ""), {**ROOMS, "missing": 1}, "rooms has no value in any training row"),
        (
            0,
            dict.fromkeys(range(2, 62), "3"),
            {**ROOMS, "missing": 1},
            "rooms has the same value in every training row",
        ),
        (
            0,
            {**dict.fromkeys(range(2, 62), "3"), 5: "", 6: "", 7: "", 8: "", 9: "", 10: ""},
            {**ROOMS, "missing": "median"},
            "rooms has the same value in every training row",
        ),
        (
            1,
            {},
            {**DISTRICT, "other": "rest", "min_rows": 50},
            "column district has the same value in every training row after min_rows has merged its rare categories",
        ),
    ],
)
def test_texts_and_missing_values_that_can_t_be_used_are_an_error(
    tmp_path: Path, column: int, cells: dict[int, str], item: dict[str, object], named: str
) -> None:
    more = [{"name": "other_rooms", "column": "more", "limits": [0, 100]}]
    table = [[*row, "more" if not line else str(line)] for line, row in enumerate(changed(column, cells))]
    with pytest.raises(TrainError) as error:
        load_flats(tmp_path, table, item, *more)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_a_value_that_is_missing_often_teaches_with_an_indicator(tmp_path: Path) -> None:
    cells = {line: "" if line % 2 else "3" for line in range(2, 62)}
    item = {**ROOMS, "missing": "median", "indicator": True}
    more = {"name": "sold", "date": "year", "date_format": "%d.%m.%Y", "limits": [2000, 2100]}
    described = load_flats(tmp_path, changed(0, cells), item, more).described[0]
    assert described.missing == Missing(-100, 3, indicator=True)


def test_one_input_of_a_column_can_need_what_another_can_go_without(tmp_path: Path) -> None:
    date = {"column": "sold", "date_format": "%d.%m.%Y", "limits": [0, 3000]}
    inputs = [{"name": "year", "date": "year", **date}, {"name": "day", "date": "day", **date, "missing": "mode"}]
    with pytest.raises(TrainError, match="line 4, column sold: expected a value for year, not an empty cell; correct"):
        load_flats(tmp_path, changed(3, {4: ""}), ROOMS, *inputs)


def test_a_column_is_read_in_one_way(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"inputs\[2\].column: again reads 'rooms' as texts, and rooms as numbers"):
        load_flats(tmp_path, flats(), ROOMS, {"name": "again", "column": "rooms", "categories": ["1", "2"]})


def test_only_training_rows_say_which_levels_are_merged(tmp_path: Path) -> None:
    item = {**DISTRICT, "other": "rest", "min_rows": 2}
    train_rows = load_flats(tmp_path, flats(), ROOMS, item).train_rows
    table = flats()
    lines = sorted(set(range(60)) - set(train_rows.tolist()))[:5]  # the split depends on the seed and the rows alone
    for row in [*lines, int(train_rows[0])]:
        table[row + 1][1] = "Höchst"
    item["categories"] = ["Nordend", "Höchst", "Alt, West"]
    data = load_flats(tmp_path, table, ROOMS, item)
    assert data.merged == {"district": ("Höchst",)}
    assert data.described[1].levels == ("rest", "Nordend", "Alt, West")
    assert data.described[1].categories == (0, 1, 3)
    assert {data.described[1].format(data.inputs[row, 1]) for row in lines} == {"rest"}
    assert data.columns["district"][lines[0]] == "Höchst"


def test_rows_without_a_label_are_dropped_and_counted_if_the_spec_says_so(tmp_path: Path) -> None:
    table = changed(4, {3: "", 10: "NA"})
    data = load_flats(tmp_path, table, ROOMS, DISTRICT, data={"missing": ["NA"]}, label={"missing": "drop"})
    assert data.unlabelled == 2
    assert len(data.inputs) == len(data.label) == len(data.columns) == 58
    assert data.inputs[:3, 0].tolist() == [0, 2, 3]
    assert list(data.columns.index) == list(range(58))
    with pytest.raises(TrainError, match=r"line 3, column price: expected a number, not ''; such cells: 2 in price"):
        load_flats(tmp_path, table, ROOMS, DISTRICT, data={"missing": ["NA"]})
    with pytest.raises(TrainError, match="line 10, column price: expected a number, not 'NA'"):
        load_flats(tmp_path, table, ROOMS, DISTRICT, label={"missing": "drop"})
    few = [flats()[0], *([*row[:-1], ""] for row in flats()[1:32]), *flats()[32:]]
    with pytest.raises(TrainError, match=r"has 29 rows with a label \(31 have none\), of which 29 differ"):
        load_flats(tmp_path, few, ROOMS, DISTRICT, label={"missing": "drop"})


def test_slices_may_be_texts_and_have_no_value(tmp_path: Path) -> None:
    data = load_flats(tmp_path, changed(1, {2: ""}), ROOMS, slices=["district"])
    assert data.columns["district"].isna().tolist() == [True] + [False] * 59
    year = {"name": "year", "column": "sold", "date": "year", "date_format": "%d.%m.%Y", "limits": [2000, 2100]}
    numbers = load_flats(tmp_path, changed(0, {2: "NA"}), year, slices=["rooms"], data={"missing": ["NA"]})
    assert numbers.columns["rooms"].isna().sum() == 1


def test_rows_of_missing_values_are_copies_too(tmp_path: Path) -> None:
    table = changed(0, {2: "", 4: "", 6: ""})
    inputs = [{**ROOMS, "missing": "median"}, DISTRICT, {"name": "lift", "categories": ["no", "yes"]}]
    data = load_flats(tmp_path, table, *inputs)
    assert data.copies == 1
    assert all((0 in training) == (4 in training) for training, _ in sides(data))
