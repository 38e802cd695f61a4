"""Six tables as they are in truth, and how values and rows are written as CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable
from dataclasses import dataclass

Value = int | float | str | bool | dt.date | None
ROWS = 90


@dataclass(frozen=True)
class Table:
    """Named columns, the first rows of a file; ``label`` is what is to be predicted."""

    name: str
    names: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    label: str

    def column(self, name: str) -> list[Value]:
        """Return the values of a column."""
        return [row[self.names.index(name)] for row in self.rows]

    def kind(self, name: str) -> type:
        """Return the type of a column's values: int, float, str, bool or date."""
        return next(type(value) for value in self.column(name) if value is not None)


@dataclass(frozen=True)
class Style:
    """How values are written; ``texts`` writes the rest."""

    decimal: str = "."
    thousands: str = ""
    date: str = "%Y-%m-%d"
    missing: str = ""
    booleans: tuple[str, str] = ("no", "yes")
    minus: str = "-"
    before: str = ""
    after: str = ""

    def cell(self, value: Value, *, whole: bool = False) -> str:
        """Return a value's text. ``whole`` says that the column has no decimals."""
        if value is None:
            return self.missing
        if isinstance(value, bool):
            return self.booleans[value]
        if isinstance(value, dt.date):
            return value.strftime(self.date)
        if isinstance(value, str):
            return value
        text = f"{abs(value):,}" if whole else f"{abs(value):,.2f}"
        text = text.replace(",", "\0").replace(".", self.decimal).replace("\0", self.thousands)
        return f"{self.before}{self.minus if value < 0 else ''}{text}{self.after}"


def make_tables() -> list[Table]:
    """Return six tables of ROWS rows each."""
    generator = random.Random(14)
    pick, between = generator.choice, generator.randint
    noise: Callable[[float], float] = lambda width: generator.gauss(0, width)  # noqa: E731 - short

    flats, weather, cars, concrete, people, plants = [], [], [], [], [], []
    for _ in range(ROWS):
        area, floor, lift, district = between(20, 140) + pick((0.0, 0.25, 0.5)), between(0, 9), pick((False, True)), ""
        district = pick(("Nordend West", "Höchst", "Old Town", "Riverside"))
        rent = round(200 + 11 * area - 15 * floor + 90 * lift + 40 * len(district) + noise(40), 2)
        flats.append((area, floor, lift, district, rent))

        day = dt.date(2021, 1, 1) + dt.timedelta(days=between(0, 1000))
        degrees, wind = round(12 - 11 * (abs(day.month - 7) / 3) + noise(3), 2), pick((None, *range(1, 30)))
        station = pick(("Hill", "Port", "Valley"))
        weather.append((day, station, degrees, wind, round(500 - 12 * degrees + (wind or 10) + noise(9), 2)))

        mileage, age, fuel = between(1_000, 240_000), between(0, 20), pick(("petrol", "diesel", "electric"))
        worth = round(32_000 - 0.06 * mileage - 700 * age + 4_000 * (fuel == "electric") + noise(900), 2)
        cars.append((mileage, age, fuel, pick((None, 2, 3, 4, 5)), max(worth, 1_001.5)))

        cement, water, days = (
            round(generator.uniform(1.1, 5.4), 2),
            round(generator.uniform(0.5, 1.9), 2),
            between(1, 90),
        )
        concrete.append((cement, water, days, round(8 + 9 * cement - 6 * water + 0.2 * days + noise(1), 2)))

        city, job = (
            pick(("Łódź", "Zürich", "São Paulo", "Brno")),
            pick(('the "boss"', "clerk, junior", "engineer; senior")),
        )
        years = between(0, 40)
        people.append((city, job, years, round(1800 + 45 * years + 300 * len(city) + 20 * len(job) + noise(70), 2)))

        species, soil, native = (
            pick(("oak", "birch", "alder")),
            pick(("sand", "clay", "loam", "peat")),
            pick((False, True)),
        )
        plants.append((species, soil, native, round(4 * len(species) + 2 * len(soil) - 3 * native + noise(0.8), 2)))
    return [
        Table("flats", ("area", "floor", "lift", "district", "rent"), tuple(flats), "rent"),
        Table("weather", ("day", "station", "degrees", "wind", "energy"), tuple(weather), "energy"),
        Table("cars", ("Mileage (km)", "Age", "Fuel", "Doors", "Price"), tuple(cars), "Price"),
        Table("concrete", ("cement", "water", "days", "strength"), tuple(concrete), "strength"),
        Table("people", ("City", "Job title", "Years", "Salary"), tuple(people), "Salary"),
        Table("plants", ("species", "soil", "native", "height"), tuple(plants), "height"),
    ]


TABLES = make_tables()
Cells = list[list[str]]


def cells(table: Table, style: Style | None = None, styles: dict[type, Style] | None = None) -> Cells:
    """Return the table's texts, without the header; some types of values may have a style of their own."""
    plain = style or Style()
    kinds = [table.kind(name) for name in table.names]
    by_kind = [(styles or {}).get(kind, plain) for kind in kinds]
    return [
        [of.cell(value, whole=kind is int) for of, kind, value in zip(by_kind, kinds, row, strict=True)]
        for row in table.rows
    ]


def csv_text(
    rows: Cells, separator: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL, quote: str = '"'
) -> str:
    """Return rows as CSV, quoted where it is needed."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting, quotechar=quote).writerows(rows)
    return text.getvalue()


def whole(table: Table, style: Style | None = None, styles: dict[type, Style] | None = None) -> Cells:
    """Return the table's texts with the header."""
    return [list(table.names), *cells(table, style, styles)]


def text_of(table: Table, separator: str = ",", style: Style | None = None, end: str = "\n") -> str:
    """Return the table as CSV text."""
    return csv_text(whole(table, style), separator, end)
