"""Files as many programs write them: read as they were meant, or refused with the line and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.train.init.helpers import HEADER, rows, write
from train.errors import TrainError
from train.init.column_types import Table, read_table
from train.init.sniffer import Answers, Sniffed, sniff

TABLE = [HEADER, *rows()]
PLAIN = [[row[0], row[1], row[2].split()[0].strip(","), row[3]] for row in TABLE]  # no spaces, no separators in cells
NUMBERS = [["a", "b", "c"], *([str(n), f"{n * 1.5:.1f}", str(n % 7)] for n in range(40))]


def found(
    tmp_path: Path, content: str | bytes, answers: Answers | None = None, label: str = "price"
) -> tuple[Sniffed, Table]:
    path = tmp_path / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    sniffed = sniff(path, path.read_bytes(), label, answers or Answers())
    return sniffed, read_table(path, sniffed.form)


def assert_read(table: Table, expected: Sequence[Sequence[str]]) -> None:
    """Assert that the names, texts and dates are as they were, and the numbers have their values."""
    header, *body = expected
    assert [column.name for column in table.columns] == list(header)
    for position, column in enumerate(table.columns):
        cells = [row[position] for row in body]
        assert not column.left_out
        if column.kind == "number":
            np.testing.assert_array_equal(column.values, [float(cell) for cell in cells])
        else:
            assert list(column.cells) == cells


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("quote_all", [False, True])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ":", "^"])
def test_every_separator_with_every_decimal_mark_is_read(
    tmp_path: Path, separator: str, decimal: str, quote_all: bool, end: str
) -> None:
    _, table = found(tmp_path, write(TABLE, separator, decimal, '"', end, quote_all=quote_all))
    assert_read(table, TABLE)
    assert (table.form.separator, table.form.decimal) == (separator, decimal)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ":", "^"])
def test_single_quotes_around_cells_are_found(tmp_path: Path, separator: str) -> None:
    _, table = found(tmp_path, write(TABLE, separator, quote="'", quote_all=True))
    assert_read(table, TABLE)
    assert table.form.quote == "'"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_every_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    table = [[cell.replace("colour", "größe").replace("blue", "bleu foncé") for cell in row] for row in TABLE]
    _, read = found(tmp_path, write(table, ";").encode(encoding))
    assert_read(read, table)


@pytest.mark.parametrize("between", [" ", "   ", "\t "])
def test_columns_parted_by_any_number_of_spaces_are_read(tmp_path: Path, between: str) -> None:
    _, table = found(tmp_path, "".join("  " + between.join(row) + "\n" for row in PLAIN))
    assert_read(table, PLAIN)


def test_texts_in_quotes_are_read_in_a_file_parted_by_spaces(tmp_path: Path) -> None:
    lines = [" ".join(f'"{cell}"' for cell in TABLE[0])]
    lines += [f'{a} {b} "{c}" {d}' for a, b, c, d in TABLE[1:]]
    _, table = found(tmp_path, "\n".join(lines))
    assert_read(table, TABLE)


@pytest.mark.parametrize("separator", [",", ";", "|", ":"])
def test_spaces_behind_separators_are_no_part_of_cells(tmp_path: Path, separator: str) -> None:
    _, table = found(tmp_path, "\n".join(f"{separator} ".join(row) for row in PLAIN))
    assert_read(table, PLAIN)


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n', "SEP=;\n"])
def test_a_line_that_names_the_separator_is_no_row(tmp_path: Path, line: str) -> None:
    sniffed, table = found(tmp_path, line + write(TABLE, ";", ","))
    assert_read(table, TABLE)
    assert sniffed.form.skip == 0


@pytest.mark.parametrize("above", ["Sales of 2024\n", "Sales of 2024\n\nby region\n", "Sales of 2024,,,\n,,,\n"])
def test_titles_above_the_header_are_passed_over_and_told(tmp_path: Path, above: str) -> None:
    sniffed, table = found(tmp_path, above + write(TABLE))
    assert_read(table, TABLE)
    assert sniffed.form.skip == above.count("\n")
    assert "Sales of 2024" in sniffed.notes[0]


def test_a_file_without_a_header_takes_the_names_that_are_given(tmp_path: Path) -> None:
    _, table = found(tmp_path, write(TABLE[1:], ";", ","), Answers(columns=tuple(HEADER)))
    assert_read(table, TABLE)


def test_names_that_are_given_replace_a_header_that_is_said_to_be_one(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d")
    sniffed, table = found(tmp_path, "a title\n\n" + write(TABLE), Answers(names, header=True), "b")
    assert_read(table, [names, *TABLE[1:]])
    assert sniffed.form.skip == 3


def test_a_header_of_years_is_asked_for_and_read_then(tmp_path: Path) -> None:
    years = [["2019", "2020", "2021"], *NUMBERS[1:]]
    with pytest.raises(TrainError, match=r"data.csv, line 1: 2019, 2020, 2021: .* add --header; .* --columns, 3 names"):
        found(tmp_path, write(years), label="2020")
    _, table = found(tmp_path, write(years), Answers(header=True), "2020")
    assert_read(table, years)


def test_texts_with_the_separator_of_another_file_are_texts(tmp_path: Path) -> None:
    table = [["name", "price"], *([f"Smith, John; {n}|x", f"{n}.5"] for n in range(40))]
    _, read = found(tmp_path, write(table, "\t"))
    assert_read(read, table)


def test_times_do_not_make_a_colon_the_separator(tmp_path: Path) -> None:
    table = [["at", "price"], *([f"2024-01-01 {n % 24:02d}:30:00", f"{n}.5"] for n in range(40))]
    _, read = found(tmp_path, write(table[1:]), Answers(columns=("at", "price")))
    assert_read(read, table)


def test_line_breaks_and_quotes_inside_quotes_stay(tmp_path: Path) -> None:
    table = [["note", "price"], *([f'he said "{n}",\nand left' if n % 2 else "fine", f"{n}.5"] for n in range(40))]
    _, read = found(tmp_path, write(table))
    assert_read(read, table)


def changed(old: str, new: str) -> str:
    text = write(NUMBERS)
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\r\n \r\n", "is empty"),
        ("a,b\n", "has no rows"),
        ("b\n" + "1\n" * 40, "no separator parts its lines.*; the file needs the label and at least one other column"),
        ("b\n" + "1,5\n" * 40, "line 1 has 1"),
        (write(NUMBERS[1:]), r"line 1: 0, 0.0, 0: looks like the other lines; .* --columns, 3 names"),
        (changed("\n7,10.5,0\n", "\n7,10.5,0,9\n"), r"line 9 has 4; correct these lines"),
        (changed("\n7,10.5,0\n", "\n7,10.5\n"), "line 9 has 2"),
        (changed("\n7,10.5,0\n", '\n"7,10.5,0\n'), "line 9"),
        (changed("\n7,10.5,0\n", '\n"7" x,10.5,0\n'), "line 9"),
        (write(NUMBERS) + "Total,900\n", "line 42 has 2; if they are totals or notes"),
        (write(NUMBERS) + "Total,1170.0,\n", "line 42, column a: 'Total' looks like a line of totals"),
        (write(NUMBERS) + "780,1170.0,9\n", "line 42: has sums of the lines above"),
        (write(NUMBERS) + "19.5,29.25,2.875\n", "line 42: has means of the lines above"),
        (write(NUMBERS) + "from a census,,\n", "line 42: has 'from a census' and nothing else"),
        (changed("a,b,c\n", "a,b,c\nm,kg,-\n"), "line 2: has 'm' where the other lines have numbers; .* units"),
        (write(NUMBERS) + write(NUMBERS), "line 42: is the header again"),
        ("made, in 2024\n" + write(NUMBERS), "line 1 has 2; if they stand above the header, remove them"),
        ("a title\n" + write(NUMBERS[1:]), "line 1"),
        (write([["a", "b", "c"]]) + "7\n" + write(NUMBERS[1:]), "line 2 has 1"),
        ("sep=!\n" + write(NUMBERS), "line 1: sep=!"),
        ("sep=;\n" + write(NUMBERS), "';'"),
        (write(NUMBERS).replace(",", "~"), "no separator parts its lines"),
        (write(NUMBERS).replace(",", "::"), "2 columns have no name"),
        (changed("7,10.5,0", '"7\\" x",10.5,0'), r'line 9: has a \\" inside a cell'),
        (changed("\n7,10.5,0\n", "\n7,10.5,\x000\n"), "line 9: has a NUL character"),
        (changed("\n7,10.5,0\n", "\n7,10.5,0\x1a\n"), "line 9: has a control character"),
        (b"PK\x03\x04rest", "this is a workbook or another zip file; save it as CSV"),
        (b"\x1f\x8brest", "compressed with gzip"),
        (write([["a", "b", "цвет"], *NUMBERS[1:]]).encode("cp1251"), "line 1: is not UTF-8"),
        (write([["a", "b", "価格"], *NUMBERS[1:]]).encode("shift_jis"), "line 1: is not UTF-8"),
        (write([["a", "b", "价格"], *NUMBERS[1:]]).encode("gbk"), "line 1: is not UTF-8"),
        (write([["a", "b", "łódź"], *NUMBERS[1:]]).encode("cp1250"), "line 1: is not UTF-8"),
        (write([["a", "b", "café"], *NUMBERS[1:]]).encode("mac_roman"), "line 1: is not UTF-8"),
        (write(NUMBERS).encode("utf-32"), "UTF-32"),
    ],
)
def test_what_can_not_be_read_is_refused_with_the_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(TrainError, match=message):
        found(tmp_path, content, label="b")


def test_a_header_where_names_are_given_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"line 1: a, b, c: looks like a header; .* add --header; .* --no-header"):
        found(tmp_path, write(NUMBERS), Answers(("x", "y", "z")), "y")


@pytest.mark.parametrize(
    ("names", "message"),
    [(("x", "y"), "has 3 columns, but --columns gives 2"), (("x", "x", "y"), "'x' must be given once")],
)
def test_names_must_be_one_for_each_column(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        found(tmp_path, write(NUMBERS[1:]), Answers(names), "y")


def test_a_label_that_no_column_has_names_the_first_line(tmp_path: Path) -> None:
    texts = [["x", "y"], *([f"t{n}", f"u{n}"] for n in range(40))]
    with pytest.raises(TrainError, match=r"line 1: x, y: no column is called 'z'; correct --label"):
        found(tmp_path, write(texts), label="z")


def test_a_separator_that_is_given_is_used(tmp_path: Path) -> None:
    two_ways = "".join(f"{n};1,{n}\n" for n in range(40))
    with pytest.raises(TrainError):
        found(tmp_path, "a;b,b\n" + two_ways, Answers(separator="|"), "b")
    _, table = found(tmp_path, "a;b,b\n" + two_ways, Answers(separator=";"), "b,b")
    assert [column.name for column in table.columns] == ["a", "b,b"]


def test_times_beside_decimals_do_not_make_a_colon_the_separator(tmp_path: Path) -> None:
    table = [["at", "price"], *([f"1{n % 9}:{n % 50 + 10}", f"{n}.25"] for n in range(40))]
    _, read = found(tmp_path, write(table[1:]), Answers(columns=("at", "price")))
    assert_read(read, table)


def test_times_beside_texts_do_not_make_a_colon_a_rival(tmp_path: Path) -> None:
    table = [
        ["city", "who", "at", "price"],
        *([["Rome", "Oslo"][n % 2], "Bob", f"2024-01-05 1{n % 9}:30:00", f"{n}.25"] for n in range(40)),
    ]
    _, read = found(tmp_path, write(table))
    assert_read(read, table)


@pytest.mark.parametrize(
    "content", ["c|d:a|b:{n}.25\n", "red:Smith, John:{n},25\n", "Smith, John\tJohn Smith\t{n}.25\n"]
)
def test_marks_that_part_texts_on_every_line_are_asked_for(tmp_path: Path, content: str) -> None:
    rows = "".join(content.format(n=n) for n in range(40))
    with pytest.raises(TrainError, match="can be read by .* name the separator with --separator"):
        found(tmp_path, rows, Answers(columns=("a", "b", "y")), "y")


@pytest.mark.parametrize("words", [["'best'", "good"], ["'best'", "'good'"]])
def test_single_quotes_that_may_belong_to_the_texts_are_refused(tmp_path: Path, words: list[str]) -> None:
    table = [["word", "other", "price"], *([words[n % 2], "plain", f"{n}.25"] for n in range(40))]
    with pytest.raises(TrainError, match="line 2: has single quotes around a cell, and cells like it have none"):
        found(tmp_path, write(table))


TEXTS = (
    *(("red", "blue", "green"), ("dark red", "pale green x"), ("Smith, John", "O'Neil, Bob"), ("a;b", "c;d;e", "f")),
    *(("10:30", "23:59"), ("2024-01-05", "2023-12-31"), ("'s-Hertogenbosch", "'t Gooi", "Den Haag"), ("x^2", "y^2")),
    *(('5" pipe', 'say "hi"'), ("a|b", "c|d"), ("NA", "x", ""), ("1 Main St", "5 High Rd"), ("'quoted'", "plain")),
    *(("a:b:c", "d:e:f"), ("50%", "7%"), ("tab\there", "x"), ("more\nlines", "x"), ("yes", "no")),
)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], str, bool]:
    """Return a table of texts and numbers, the text of a file that holds it, and whether it has a header."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from([*TEXTS, "{:.0f}", "{:.2f}", "{:.3f}", "{:.4f}"]), min_size=1, max_size=6))
    rows = draw(st.sampled_from([5, 12, 40]))
    columns = [
        [kind.format(value) for value in generator.uniform(-1, 900, rows)]
        if isinstance(kind, str)
        else [kind[number] for number in generator.integers(len(kind), size=rows)]
        for kind in (*kinds, "{:.2f}")
    ]
    for column in columns:
        if "'quoted'" in column:  # if all texts had single quotes around them, these would be the file's quotes
            column[-1] = "plain"
    separator, decimal = draw(st.sampled_from(",;\t|:^")), draw(st.sampled_from(".,"))
    table = [[*(f"column {number}" for number in range(len(kinds))), "y"], *map(list, zip(*columns, strict=True))]
    has_header = draw(st.booleans())
    quote, end = draw(st.sampled_from('""\'')), draw(st.sampled_from(["\n", "\r\n", "\r"]))
    written = table if has_header else table[1:]
    return table, write(written, separator, decimal, quote, end, quote_all=draw(st.booleans())), has_header


@given(file=files())
@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_of_a_csv_writer_is_read_right_or_refused(
    tmp_path: Path, file: tuple[list[list[str]], str, bool]
) -> None:
    table, content, has_header = file
    try:
        _, read = found(tmp_path, content, Answers(() if has_header else tuple(table[0])), "y")
    except TrainError:
        return
    assert [column.name for column in read.columns] == table[0]
    for position, column in enumerate(read.columns):
        cells = [row[position].strip() for row in table[1:]]
        if column.kind == "number" and not column.left_out:
            np.testing.assert_array_equal(column.values, [float(cell) if cell else np.nan for cell in cells])
        elif column.kind in ("text", "boolean") and not column.left_out:
            assert list(column.cells) == cells
