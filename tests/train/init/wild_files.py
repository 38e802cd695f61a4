"""The many ways in which people's files hold a table. Written before the sniffer was read.

A way of writing is a function from a table to the bytes of a file.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.train.init.wild_tables import Cells, Style, Table, Value, cells, csv_text, text_of, whole


def _without(table: Table, marks: str) -> Table:
    """Return a table whose texts and names have no such marks, for ways of writing that know no quotes."""
    clean: Callable[[Value], Value] = lambda v: "".join(c for c in v if c not in marks) if isinstance(v, str) else v  # noqa: E731 - short
    rows = tuple(tuple(clean(value) for value in row) for row in table.rows)
    return replace(table, names=tuple(str(clean(name)) for name in table.names), rows=rows)


def _each(rows: Cells, before: str, after: str) -> str:
    return "".join(f"{before}{line}{after}\n" for line in csv_text(rows).splitlines())


@dataclass(frozen=True)
class Way:
    """One way of writing a table.

    Attributes:
        write: returns the file's bytes, and the table that it holds.
        read: whether it has to be read right; if not, it may be refused too.
        options: more arguments of the command: of a table, those it needs.
    """

    name: str
    write: Callable[[Table], bytes | tuple[bytes, Table]]
    read: bool = False
    columns: bool = False

    def file(self, table: Table) -> tuple[bytes, Table]:
        """Return the file's bytes, and the table that they stand for."""
        written = self.write(table)
        return written if isinstance(written, tuple) else (written, table)


GERMAN = Style(decimal=",", date="%d.%m.%Y")
GERMAN_THOUSANDS = replace(GERMAN, thousands=".")


def _numbers(table: Table, of: Callable[[str], str], kinds: tuple[type, ...] = (float,)) -> Cells:
    """Return the table's texts, with numbers of some kinds written otherwise."""
    rows = whole(table)
    for place, name in enumerate(table.names):
        if table.kind(name) in kinds:
            for row in rows[1:]:
                row[place] = of(row[place]) if row[place] else ""
    return rows


def _aligned(table: Table) -> tuple[bytes, Table]:
    table = _without(table, ' "')
    rows = whole(table, Style(missing="NA"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return ("\n".join(lines) + "\n").encode(), table


def _single_space(table: Table) -> tuple[bytes, Table]:
    table = _without(table, ' "')
    return "".join(" ".join(row) + "\n" for row in whole(table, Style(missing="NA"))).encode(), table


def _bordered(table: Table) -> tuple[bytes, Table]:
    table = _without(table, "|")
    header, *rows = whole(table)
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(row) + " |\n" for row in lines).encode(), table


def _backslashes(table: Table) -> bytes:
    quoted = [['"' + cell.replace('"', '\\"') + '"' for cell in row] for row in whole(table)]
    return "".join(",".join(row) + "\n" for row in quoted).encode()


def _bare_quotes(table: Table) -> bytes:
    quoted = [['"' + cell + '"' for cell in row] for row in whole(table)]
    return "".join(",".join(row) + "\n" for row in quoted).encode()


def _insert(table: Table, place: int, row: list[str]) -> bytes:
    rows = whole(table)
    rows.insert(place, row)
    return csv_text(rows).encode()


def _total(table: Table, word: str = "Total") -> bytes:
    sums = []
    for name in table.names:
        values = [v for v in table.column(name) if isinstance(v, int | float) and not isinstance(v, bool)]
        sums.append(Style().cell(round(sum(values), 2)) if table.kind(name) in (int, float) else "")
    sums[0] = sums[0] or word
    return csv_text([*whole(table), sums]).encode()


def _units(table: Table) -> bytes:
    units = {int: "1", float: "m²", str: "", bool: "", dt.date: ""}
    rows = whole(table)
    rows.insert(1, [units[table.kind(name)] if table.kind(name) is not int else "km" for name in table.names])
    return csv_text(rows).encode()


def _short_row(table: Table) -> bytes:
    rows = whole(table)
    rows[40] = rows[40][:-1]
    return csv_text(rows).encode()


def _long_row(table: Table) -> bytes:
    rows = whole(table)
    rows[40].insert(2, "extra")
    return csv_text(rows).encode()


def _names_twice(table: Table) -> tuple[bytes, Table]:
    names = (table.names[0], table.names[0], *table.names[2:])
    return csv_text([list(names), *cells(table)]).encode(), table


def _no_name(table: Table) -> tuple[bytes, Table]:
    names = ("", *table.names[1:])
    return csv_text([list(names), *cells(table)]).encode(), replace(table, names=names)


def _numbered(table: Table, name: str) -> bytes:
    rows = cells(table)
    return csv_text([[name, *table.names], *([str(i), *row] for i, row in enumerate(rows))]).encode()


def _row_names(table: Table) -> bytes:
    """As R's write.table does: the header has a name less."""
    rows = cells(table, Style(missing="NA"))
    return csv_text(
        [list(table.names), *([str(i), *row] for i, row in enumerate(rows, 1))], quoting=csv.QUOTE_NONNUMERIC
    ).encode()


def _mixed_ends(table: Table) -> bytes:
    lines = csv_text(whole(table)).splitlines()
    return "".join(line + ("\r\n" if i % 3 else "\n") for i, line in enumerate(lines)).encode()


def _broken_byte(table: Table) -> bytes:
    """UTF-8, as one line shows, with one cell from elsewhere."""
    lines = csv_text(whole(table)).encode().split(b"\n")
    for number, letter in ((20, "é".encode()), (30, "é".encode("latin-1"))):
        lines[number] = lines[number].replace(b"e", letter, 1) if b"e" in lines[number] else lines[number] + letter
    return b"\n".join(lines)


def _zip(table: Table) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", csv_text(whole(table)))
    return file.getvalue()


def _cut(table: Table) -> bytes:
    content = csv_text(whole(table)).encode()
    return content[: content.rindex(b",") - 2]


def _leading_zeros(table: Table) -> tuple[bytes, Table]:
    generator = random.Random(3)
    codes = [generator.choice(("01067", "60311", "08056", "04109")) for _ in table.rows]
    rows = tuple((code, *row) for code, row in zip(codes, table.rows, strict=True))
    held = replace(table, names=("post code", *table.names), rows=rows)
    return csv_text(whole(held)).encode(), held


def _marks(table: Table, mark: str) -> tuple[bytes, Table]:
    """One input has cells that are not known, written with a mark."""
    place = (
        next(i for i, name in enumerate(table.names) if table.kind(name) in (int, float) and name != table.label)
        if any(table.kind(name) in (int, float) and name != table.label for name in table.names)
        else 0
    )
    rows = tuple(
        tuple(None if i == place and number % 11 == 5 else v for i, v in enumerate(row))
        for number, row in enumerate(table.rows)
    )
    held = replace(table, rows=rows)
    return csv_text(whole(held, Style(missing=mark))).encode(), held


def _time_of_day(table: Table) -> bytes:
    rows = whole(table)
    for place, name in enumerate(table.names):
        if table.kind(name) is dt.date:
            for row in rows[1:]:
                row[place] += " 12:30:00"
    return csv_text(rows).encode()


def _json_lines(table: Table) -> bytes:
    names = table.names
    return "".join(
        "{" + ", ".join(f'"{n}": "{c}"' for n, c in zip(names, row, strict=True)) + "}\n" for row in cells(table)
    ).encode()


def _html(table: Table) -> bytes:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in whole(table))
    return f"<html><body><table>\n{rows}</table></body></html>\n".encode()


def _spaced(table: Table) -> bytes:
    return csv_text([[f" {cell}  " for cell in row] for row in whole(table)]).encode()


def _header_again(table: Table) -> bytes:
    rows = whole(table)
    rows.insert(45, rows[0])
    return csv_text(rows).encode()


def _twice_tabbed(table: Table) -> tuple[bytes, Table]:
    """Separated by one tab or more, as editors align columns."""
    return "".join("\t\t".join(row) + "\n" for row in whole(table, Style(missing="NA"))).encode(), table


def _label_missing(table: Table) -> tuple[bytes, Table]:
    place = table.names.index(table.label)
    rows = tuple(
        tuple(None if i == place and number % 9 == 4 else v for i, v in enumerate(row))
        for number, row in enumerate(table.rows)
    )
    return csv_text(whole(replace(table, rows=rows))).encode(), replace(
        table, rows=tuple(row for row in rows if row[place] is not None)
    )


def _two_separators(table: Table) -> bytes:
    """Half of the file was exported elsewhere."""
    rows = whole(table)
    return (csv_text(rows[:46]) + csv_text(rows[46:], ";")).encode()


def _odd_decimals(table: Table) -> bytes:
    """In some rows somebody typed decimal commas."""
    rows = whole(table)
    place = next(i for i, name in enumerate(table.names) if table.kind(name) is float)
    for row in rows[10:14]:
        row[place] = row[place].replace(".", ",")
    return csv_text(rows, ";").encode()


def _thin_label(table: Table) -> bytes:
    """One label is not known, and somebody wrote a word."""
    rows = whole(table)
    rows[20][table.names.index(table.label)] = "see note"
    return csv_text(rows).encode()


def _year_names(table: Table) -> tuple[bytes, Table]:
    """The header is years, as of a pivot table; the label keeps its name."""
    names = tuple(name if name == table.label else str(2015 + i) for i, name in enumerate(table.names))
    return csv_text([list(names), *cells(table)]).encode(), replace(table, names=names)


def _long_names(table: Table) -> tuple[bytes, Table]:
    names = tuple(name if name == table.label else f"{name}: what the survey\nasked, in words" for name in table.names)
    return csv_text([list(names), *cells(table)]).encode(), replace(table, names=names)


WAYS = [
    Way("plain", lambda t: text_of(t).encode(), read=True),
    Way("semicolons, decimal commas, Windows' code page", lambda t: _cp1252(t), read=True),
    Way("semicolons, decimal points", lambda t: text_of(t, ";").encode(), read=True),
    Way("tabs, decimal commas", lambda t: text_of(t, "\t", GERMAN).encode(), read=True),
    Way("bars with spaces around", lambda t: _spaced_bars(t)),
    Way("colons", lambda t: csv_text(whole(t), ":").encode()),
    Way("carets", lambda t: csv_text(whole(t), "^").encode()),
    Way("tildes", lambda t: csv_text(whole(t), "~").encode()),
    Way("columns aligned by spaces", _aligned),
    Way("single spaces", _single_space),
    Way("two tabs", _twice_tabbed),
    Way("all cells quoted", lambda t: csv_text(whole(t), quoting=csv.QUOTE_ALL).encode(), read=True),
    Way(
        "all cells quoted, a space behind each comma",
        lambda t: csv_text(whole(t), quoting=csv.QUOTE_ALL).replace('","', '", "').encode(),
    ),
    Way("single quotes", lambda t: csv_text(whole(t), quoting=csv.QUOTE_ALL, quote="'").encode()),
    Way("quotes with backslashes", _backslashes),
    Way("quotes in quotes, not doubled", _bare_quotes),
    Way("UTF-8 with a byte order mark, CRLF", lambda t: text_of(t, end="\r\n").encode("utf-8-sig"), read=True),
    Way("UTF-16 with a byte order mark, tabs", lambda t: text_of(t, "\t").encode("utf-16"), read=True),
    Way("UTF-16 big-endian without one", lambda t: text_of(t).encode("utf-16-be")),
    Way("UTF-32", lambda t: text_of(t).encode("utf-32")),
    Way("Latin-1", lambda t: _latin_1(t), read=True),
    Way("UTF-8 with one broken byte", _broken_byte),
    Way("a line sep=;", lambda t: ("sep=;\r\n" + text_of(t, ";", GERMAN, "\r\n")).encode("utf-8-sig"), read=True),
    Way("a preamble", lambda t: ("Export of the house\nCreated: 2024-03-01\n\n" + text_of(t)).encode()),
    Way(
        "a preamble as wide as the table", lambda t: ("Export" + "," * (len(t.names) - 1) + "\n" + text_of(t)).encode()
    ),
    Way("a total at the end", _total),
    Way("an average at the end", lambda t: _total(t, "Ø")),
    Way("a line of units", _units),
    Way("a note at the end", lambda t: (text_of(t) + "\nSource: the office, 2024\n").encode()),
    Way("thousands with commas, quoted", lambda t: text_of(t, ",", Style(thousands=",")).encode()),
    Way("thousands with points, decimal commas", lambda t: text_of(t, ";", GERMAN_THOUSANDS).encode()),
    Way("thousands with apostrophes", lambda t: text_of(t, ";", Style(thousands="'")).encode()),
    Way("thousands with no-break spaces", lambda t: text_of(t, ";", Style(thousands="\u00a0", decimal=",")).encode()),
    Way("thousands with thin spaces", lambda t: text_of(t, "\t", Style(thousands="\u202f")).encode()),
    Way(
        "thousands in whole numbers only",
        lambda t: csv_text(whole(t, styles={int: Style(thousands=".")}), ";").encode(),
    ),
    Way("percent", lambda t: csv_text(_numbers(t, lambda c: f"{c} %")).encode()),
    Way("dollars", lambda t: csv_text(whole(t, styles={float: Style(thousands=",", before="$")})).encode()),
    Way(
        "euros behind",
        lambda t: csv_text(whole(t, styles={float: replace(GERMAN_THOUSANDS, after=" €")}), ";").encode(),
    ),
    Way("units in the cells", lambda t: csv_text(_numbers(t, lambda c: f"{c} km", (int,))).encode()),
    Way(
        "accounting's negative numbers",
        lambda t: csv_text(_numbers(t, lambda c: f"({c[1:]})" if c[0] == "-" else c)).encode(),
    ),
    Way("a typographic minus", lambda t: csv_text(whole(t, Style(minus="\u2212"))).encode()),
    Way("plus signs and exponents", lambda t: csv_text(_numbers(t, lambda c: f"{float(c):+.6e}")).encode(), read=True),
    Way("a short row", _short_row),
    Way("a long row", _long_row),
    Way("a name twice", _names_twice),
    Way("a column without a name", _no_name),
    Way("row numbers without a name", lambda t: _numbered(t, ""), read=True),
    Way("row numbers", lambda t: _numbered(t, "id"), read=True),
    Way("row names as R has them", _row_names),
    Way("blank lines", lambda t: text_of(t).replace("\n", "\n\n").encode(), read=True),
    Way("lines of separators at the end", lambda t: (text_of(t) + ("," * (len(t.names) - 1) + "\n") * 5).encode()),
    Way("a separator at each end", lambda t: _each(whole(t), "", ",").encode()),
    Way("a separator at each end but the header's", lambda t: _trailing(t)),
    Way("comment lines first", lambda t: ("# made by hand\n# do not change\n" + text_of(t)).encode()),
    Way("a comment line in the middle", lambda t: _insert(t, 30, ["# checked up to here"])),
    Way("the header again in the middle", _header_again),
    Way("no header", lambda t: csv_text(cells(t)).encode()),
    Way("no header, columns named", lambda t: csv_text(cells(t)).encode(), read=True, columns=True),
    Way("no header, aligned by spaces, columns named", lambda t: _aligned_bare(t), columns=True),
    Way("bordered as Markdown", _bordered),
    Way("spaces around the cells", _spaced, read=True),
    Way("European dates", lambda t: csv_text(whole(t, Style(date="%d.%m.%Y"))).encode()),
    Way("American dates", lambda t: csv_text(whole(t, Style(date="%m/%d/%Y"))).encode()),
    Way("British dates of two digits", lambda t: csv_text(whole(t, Style(date="%d/%m/%y"))).encode()),
    Way("dates with months in words", lambda t: csv_text(whole(t, Style(date="%d %b %Y"))).encode()),
    Way("dates with a time", _time_of_day),
    Way("dates as one number", lambda t: csv_text(whole(t, Style(date="%Y%m%d"))).encode()),
    *(
        Way(f"missing cells as {mark}", lambda t, mark=mark: _marks(t, mark), read=mark == "NA")
        for mark in ("NA", "?", "-", "n/a", "None", "NaN", "#N/A")
    ),
    Way("labels missing", _label_missing, read=True),
    Way("a label in words", _thin_label),
    Way("leading zeros", _leading_zeros),
    Way("true and false", lambda t: csv_text(whole(t, Style(booleans=("FALSE", "TRUE")))).encode(), read=True),
    Way("t and f", lambda t: csv_text(whole(t, Style(booleans=("f", "t")))).encode()),
    Way("old Mac's line ends", lambda t: text_of(t, end="\r").encode()),
    Way("mixed line ends", _mixed_ends, read=True),
    Way("no line end at the end", lambda t: text_of(t).rstrip("\n").encode(), read=True),
    Way("cut in the middle of a row", _cut),
    Way("a zero byte", lambda t: text_of(t).encode().replace(b"e", b"\0", 1)),
    Way("two separators", _two_separators),
    Way("two decimal marks", _odd_decimals),
    Way("years as names", _year_names),
    Way("names of two lines", _long_names, read=True),
    Way("a workbook", _zip),
    Way("gzip", lambda t: gzip.compress(text_of(t).encode())),
    Way("JSON lines", _json_lines),
    Way("a web page", _html),
    Way("a quote that is never closed", lambda t: text_of(t).replace("\n", '\n"', 1).encode()),
    Way("decimal commas, quoted, between commas", lambda t: text_of(t, ",", Style(decimal=",")).encode()),
    Way(
        "decimal commas, not quoted, between commas",
        lambda t: ("".join(",".join(row) + "\n" for row in whole(t, Style(decimal=",")))).encode(),
    ),
    Way("the header only", lambda t: csv_text([list(t.names)]).encode()),
    Way("nothing", lambda t: b""),
    Way("one column", lambda t: csv_text([[t.label], *([row[-1]] for row in cells(t))]).encode()),
    Way("infinite numbers", lambda t: _infinite(t)),
    Way(
        "Arabic digits",
        lambda t: csv_text(_numbers(t, lambda c: c.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))).encode(),
    ),
    Way(
        "underscores in numbers",
        lambda t: csv_text(_numbers(t, lambda c: c[:1] + "_" + c[1:] if len(c) > 4 and c[0] != "-" else c)).encode(),
    ),
]


def _cp1252(table: Table) -> tuple[bytes, Table]:
    held = _ascii(table)
    return text_of(held, ";", GERMAN, "\r\n").encode("cp1252"), held


def _latin_1(table: Table) -> tuple[bytes, Table]:
    held = _ascii(table)
    return text_of(held).encode("latin-1"), held


def _ascii(table: Table) -> Table:
    """Return a table without the letters that Latin-1 has not."""
    swap = str.maketrans("Łź", "Lz")
    rows = tuple(tuple(v.translate(swap) if isinstance(v, str) else v for v in row) for row in table.rows)
    return replace(table, rows=rows)


def _spaced_bars(table: Table) -> bytes:
    return "".join(" | ".join(row) + "\n" for row in whole(table)).encode()


def _trailing(table: Table) -> bytes:
    header, *rows = whole(table)
    return (csv_text([header]) + _each(rows, "", ",")).encode()


def _aligned_bare(table: Table) -> tuple[bytes, Table]:
    content, held = _aligned(table)
    return content.partition(b"\n")[2], held


def _infinite(table: Table) -> bytes:
    rows = whole(table)
    place = next(i for i, name in enumerate(table.names) if table.kind(name) is float)
    rows[33][place] = "inf"
    return csv_text(rows).encode()
