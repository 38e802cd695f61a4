"""Finds rows of a file of the prediction log by request and row, without reading every file each time.

Of each file an index is kept, the hashes of its request ids, and the rows that were found in it the last time; both
under the file's size and time of change. So a file is read again only if it changed, or if rows are looked for in it
that were not looked for before.
"""

from __future__ import annotations

import hashlib
import secrets
import zipfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from filesystem import only_plain
from journal import day_of, prediction_columns
from monitor.errors import MonitorError
from monitor.logs import duckdb_reader, log_reader
from monitor.logs.log_file import LogFile, read_rows
from monitor.logs.rows import ROLES, Hashes, PredictionRows, micros, mix, select

_FORMAT = 1  # another number for each change of what is kept


def find_rows(
    path: Path, requests: Hashes, keys: Hashes | None, *, inputs: Sequence[str] | None = None, cache: Path | None = None
) -> tuple[NDArray[np.bool_], pd.DataFrame]:
    """Find rows in a file of the prediction log, of every version and role.

    Args:
        requests: the hashes of the ids of the requests that are looked for (rows.hash_id), uint64 (n,).
        keys: the hashes of request and row (rows.mix), uint64 (n,); None if no rows are asked for.
        inputs: the names of the model's inputs; None: those between "role" and "prediction" in the file's header.
        cache: the folder to keep what is found in; None keeps nothing.

    Returns:
        whether the file has each request, bool (n,); and the rows that it has, in its order: ``key``, ``time``
        (datetime64 in UTC without a zone), ``version`` (int64), ``role``, the inputs and ``prediction`` (float32),
        ``flags``.

    Raises:
        MonitorError: if the file's columns are not those of a prediction log.
        OSError: if it can't be read.
    """
    status = path.stat()
    name = f"{path.stem}~{status.st_size}-{status.st_mtime_ns}-{_FORMAT}"
    index, rows = _load_index(cache, name), None
    if index is None:
        index, rows = _read(path, np.zeros(0, dtype=np.uint64) if keys is None else keys, inputs)
        _save(cache, f"{name}.index.npz", {"index": index})
    here = _is_in(requests, index)
    if keys is None or not here.any():
        return here, no_rows(inputs or ())
    name += f"-{hashlib.sha256(np.unique(keys[here]).tobytes()).hexdigest()[:16]}.rows.npz"
    if rows is None and (rows := _load_rows(cache, name)) is not None:
        return here, rows
    rows = _read(path, keys[here], inputs)[1] if rows is None else rows
    _save(
        cache,
        name,
        {"names": np.array(rows.columns, dtype=np.str_)}
        | {f"column {place}": _plain(rows[column]) for place, column in enumerate(rows)},
    )
    return here, rows


def forget_missing(cache: Path, paths: Collection[Path]) -> None:
    """Remove what is kept of prediction logs that are not among these: who deletes a log wants its rows gone."""
    names = {path.stem for path in paths}
    for kept in cache.glob("predictions-*~*"):
        if kept.name.partition("~")[0] not in names:
            kept.unlink(missing_ok=True)


def _read(path: Path, keys: Hashes, inputs: Sequence[str] | None) -> tuple[Hashes, pd.DataFrame]:
    """Return the hashes of the requests of a file, ascending, and its rows with one of the keys."""
    file = LogFile.measure(path)
    columns = file.columns
    if inputs is None:
        known = "role" in columns and "prediction" in columns
        inputs = columns[columns.index("role") + 1 : columns.index("prediction")] if known else ()
    comparable, problems = file.find_problems(prediction_columns(inputs))
    if not comparable:
        raise MonitorError(problems[0])
    names = (*inputs, "prediction")
    start = datetime.fromisoformat(day_of(path)).replace(tzinfo=UTC)
    ascending = np.unique(keys)
    begin, end = micros(start), micros(start + timedelta(days=1))

    def make(blocks: Iterable[PredictionRows]) -> tuple[Hashes, pd.DataFrame]:
        requests, found = [np.zeros(0, dtype=np.uint64)], [no_rows(inputs)]
        for rows in blocks:
            ids = rows.requests
            # Rows of a request stand together: most repetitions go before anything is sorted.
            requests.append(ids[np.append(True, ids[1:] != ids[:-1])])
            wanted = _is_in(mix(ids, rows.numbers), ascending) & (rows.times >= begin) & (rows.times < end)
            if wanted.any():
                found.append(_table(select(rows, wanted & (rows.roles >= 0)), names))
        return np.unique(np.concatenate(requests)), pd.concat(found, ignore_index=True)

    fast, sure = (module.prediction_reader(names) for module in (duckdb_reader, log_reader))
    return read_rows(file, fast, sure, make).made


def _table(rows: PredictionRows, names: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "key": mix(rows.requests, rows.numbers),
            "time": rows.times.astype("datetime64[us]"),
            "version": rows.versions,
            "role": np.array(ROLES)[rows.roles],
            **{name: rows.values[:, place] for place, name in enumerate(names)},
            "flags": np.array(rows.texts)[rows.flags],
        }
    ).astype({"role": "str", "flags": "str"})


def no_rows(inputs: Sequence[str]) -> pd.DataFrame:
    """Return the table of find_rows() without rows."""
    names = (*inputs, "prediction")
    integers, values = np.zeros(0, dtype=np.int64), np.zeros((0, len(names)), dtype=np.float32)
    requests, roles = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int8)
    return _table(PredictionRows(integers, requests, integers, integers, roles, values, integers, [""]), names)


def _plain(column: pd.Series) -> np.ndarray:
    """Return a column as an array that needs no pickle."""
    return column.to_numpy(dtype=np.str_ if column.dtype == "str" else None)


def _is_in(values: Hashes, ascending: Hashes) -> NDArray[np.bool_]:
    """Return of each value whether it is among others; with so many others, much faster than numpy.isin."""
    places = np.searchsorted(ascending, values)
    found: NDArray[np.bool_] = np.append(ascending, np.uint64(0))[places] == values
    return found & (places < len(ascending))


def _load_index(cache: Path | None, name: str) -> Hashes | None:
    arrays = _load(cache, f"{name}.index.npz")
    index = arrays.get("index")
    return index if index is not None and index.dtype == np.uint64 and index.ndim == 1 else None


def _load_rows(cache: Path | None, name: str) -> pd.DataFrame | None:
    arrays = _load(cache, name)
    with suppress(KeyError, ValueError):  # a column is missing, or is longer than the others
        names = arrays["names"].tolist()
        rows = pd.DataFrame({column: arrays[f"column {place}"] for place, column in enumerate(names)})
        return rows.astype({"role": "str", "flags": "str"})
    return None


def _load(cache: Path | None, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file that is kept; none if it is missing or damaged. Nothing in it is executed."""
    with suppress(OSError, ValueError, EOFError, zipfile.BadZipFile):
        if cache is not None:
            with open(cache / name, "rb", opener=only_plain) as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
    return {}


def _save(cache: Path | None, name: str, arrays: dict[str, np.ndarray]) -> None:
    """Keep arrays, in the place of what was kept of the same log; what can't be written is found again next time."""
    if cache is None:
        return
    new = cache / f".{name}.{secrets.token_hex(4)}"
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        try:
            with open(new, "wb", opener=only_plain) as file:
                np.savez(file, allow_pickle=False, **arrays)
            stem, kind = name.partition("~")[0], "".join(Path(name).suffixes[-2:])
            for old in cache.glob(f"{stem}~*{kind}"):
                old.unlink(missing_ok=True)
            new.rename(cache / name)
        finally:
            new.unlink(missing_ok=True)
