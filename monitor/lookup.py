"""Finds the prediction rows of given requests in the files of the log, without reading each file each time.

Of each file there is an index, the hashes of its request ids, and the rows that were found in it the last time. Both
are kept beside the profiles, named by the file's size and time of change: a file is read again only if it changed, or
if rows are looked for that were not looked for before. DuckDB reads; what it makes of a file is counted, and of a file
with torn lines it gets a copy of the whole rows.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from filesystem import only_plain
from journal import whole_lines
from monitor.errors import MonitorError

Hashes = NDArray[np.uint64]

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 26  # a prediction row has a few hundred bytes; a comment or an id may be longer
_MEMORY = "256MB"


class Lookup:
    """Looks rows up in the files of a log folder.

    Args:
        cache: the folder to keep what was found in; None keeps nothing.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        folder = os.path.join(tempfile.gettempdir(), f"duckdb-{os.getpid()}")  # else it would be in the present folder
        self._duckdb = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": folder, "threads": 2})

    def read(self, path: Path) -> pd.DataFrame:
        """Return all whole rows of a log file, as text without the quotes; escapes are left as they are.

        Raises:
            MonitorError: if the file has no header.
            OSError: if it can't be read.
        """
        with self._whole_rows(path) as rows:
            return pd.DataFrame(rows.df()).fillna("").astype("str")

    def hashes(self, request_ids: pd.Series) -> Hashes:
        """Return the hash of each request id, uint64 (n,)."""
        return _hashes(self._duckdb.from_df(pd.DataFrame({"request_id": request_ids})))

    def index(self, path: Path) -> Hashes:
        """Return the hashes of the request ids in a prediction file, ascending, uint64 (r,).

        Raises:
            MonitorError, OSError: as read().
        """
        kept = self._kept(path, f"{_state(path)}-{duckdb.__version__}.npy")  # another version may hash otherwise
        if kept is not None and kept.exists():
            index: Hashes = np.load(kept, mmap_mode="r")
            return index
        with self._whole_rows(path) as rows:
            hashes = _hashes(rows)
        # Rows of a request stand together, so most repetitions go before anything is sorted.
        index = np.unique(hashes[np.append(True, hashes[1:] != hashes[:-1])] if len(hashes) else hashes)
        if kept is not None:
            with _replaced(kept) as new, open(new, "wb") as file:
                np.save(file, index)
        return index

    def rows(self, path: Path, wanted: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a prediction file that are wanted, of every version and role, in the order of the file.

        Args:
            wanted: their ``request_id`` and ``row``, as text as the log has it.

        Returns:
            the columns of the log; ``version`` is int32, the inputs and ``prediction`` float32, and
            ``time`` datetime64 in UTC without a zone. What is no number is NaN.

        Raises:
            MonitorError, OSError: as read().
        """
        keys = wanted[["request_id", "row"]].drop_duplicates().sort_values(["request_id", "row"])
        digest = hashlib.sha256("\n".join(keys["request_id"] + "," + keys["row"]).encode()).hexdigest()[:16]
        kept = self._kept(path, f"{_state(path)}-{digest}.parquet")
        if kept is None or not kept.exists():
            with self._whole_rows(path) as rows:
                found = rows.join(self._duckdb.from_df(keys), "request_id, row", how="semi").select(*_typed(path))
                if kept is None:
                    return pd.DataFrame(found.df())
                with _replaced(kept) as new:
                    found.write_parquet(str(new))
        return pd.DataFrame(self._duckdb.read_parquet(str(kept)).df())

    def forget_missing(self, paths: list[Path]) -> None:
        """Remove what is kept of files that are not among these: who deletes a log wants its rows gone."""
        names = {path.stem for path in paths}
        for kept in self._cache.glob("predictions-*~*") if self._cache else ():
            if kept.name.partition("~")[0] not in names:
                kept.unlink(missing_ok=True)

    def _kept(self, path: Path, name: str) -> Path | None:
        return self._cache and self._cache / f"{path.stem}~{name}"

    @contextmanager
    def _whole_rows(self, path: Path) -> Iterator[duckdb.DuckDBPyRelation]:
        """Provide the whole rows of a file, all columns as text."""
        columns = columns_of(path)
        relation = self._read_csv(path, columns)
        if relation.count("*").fetchall()[0][0] == _whole_lines(path) - 1:
            yield relation
            return
        with tempfile.NamedTemporaryFile(prefix="whole-", suffix=".csv") as copy:
            copy.writelines(whole_lines(path))
            copy.flush()
            yield self._read_csv(Path(copy.name), columns)

    def _read_csv(self, path: Path, columns: list[str]) -> duckdb.DuckDBPyRelation:
        return self._duckdb.read_csv(
            str(path),
            columns=dict.fromkeys(columns, "VARCHAR"),
            auto_detect=False,
            header=True,
            sep=",",
            quotechar='"',
            escapechar='"',
            ignore_errors=True,
            max_line_size=_LONGEST_LINE,
        )


def columns_of(path: Path) -> list[str]:
    """Return the columns that a log file's header names.

    Raises:
        MonitorError: if the first line is no header.
        OSError: if the file can't be read.
    """
    with open(path, encoding="utf-8", errors="replace", newline="\n", opener=only_plain) as file:
        columns = file.readline(_BLOCK).rstrip("\n").split(",")
    if columns[:2] != ["time", "request_id"] or len(set(columns)) < len(columns):
        raise MonitorError(f"{path}: the first line is no header of a log; move the file away, or give it one")
    return columns


def _hashes(rows: duckdb.DuckDBPyRelation) -> Hashes:
    return np.asarray(rows.select(duckdb.SQLExpression("hash(request_id) AS h")).fetchnumpy()["h"], dtype=np.uint64)


def _typed(path: Path) -> list[duckdb.Expression]:
    """Return the columns of a prediction file with their types; a text is empty, not null."""
    columns = columns_of(path)
    inputs = columns[columns.index("role") + 1 : columns.index("prediction")]
    types = {"time": "TIMESTAMP", "version": "INTEGER", "prediction": "FLOAT"} | dict.fromkeys(inputs, "FLOAT")
    return [
        duckdb.SQLExpression(
            f'TRY_CAST("{name}" AS {types[name]}) AS "{name}"'
            if name in types
            else f'coalesce("{name}", \'\') AS "{name}"'
        )
        for name in columns
    ]


def _whole_lines(path: Path) -> int:
    """Return how many lines a file has, its header among them; 0 if the last one has no end."""
    lines, end = 0, b""
    with open(path, "rb", opener=only_plain) as file:
        while block := file.read(_BLOCK):
            lines, end = lines + block.count(b"\n"), block[-1:]
    return lines if end == b"\n" else 0


def _state(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Provide a file to write, which then takes the place of all of its kind that were kept of the same log file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield new
        for old in path.parent.glob(f"{path.name.partition('~')[0]}~*{path.suffix}"):
            old.unlink(missing_ok=True)
        new.rename(path)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
