"""Finds rows of a file of the prediction log by request and row, without reading every file each time.

Of each file an index is cached, the hashes of its request ids, and the rows that were found in it the last time; both
under the file's size and time of change. So a file is read again only if it changed, or if rows are looked for in it
that were not looked for before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journal import prediction_columns
from monitor.cache import Arrays, Cache, state_of
from monitor.errors import MonitorError
from monitor.logs.checked_reader import read_predictions
from monitor.logs.levels import NO_LEVELS, LevelsByInput, digest_of
from monitor.logs.log_file import LogFile, bounds_of
from monitor.logs.rows import ROLES, Hashes, PredictionRows, mix, select


def find_rows(
    path: Path,
    requests: Hashes,
    keys: Hashes | None,
    *,
    inputs: Sequence[str] | None = None,
    levels: LevelsByInput = NO_LEVELS,
    cache: Path | None = None,
) -> tuple[NDArray[np.bool_], pd.DataFrame]:
    """Find rows in a file of the prediction log, of every version and role.

    Args:
        requests: the hashes of the ids of the requests that are looked for (rows.hash_id), uint64 (n,).
        keys: the hashes of request and row (rows.mix), uint64 (n,); None if no rows are asked for.
        inputs: the names of the model's inputs, or of those that are wanted; None: those between "role" and
            "prediction" in the file's header.
        levels: of those that are texts.
        cache: the folder to cache what is found in; None caches nothing.

    Returns:
        whether the file has each request, bool (n,); and the rows that it has, in its order: ``key``, ``time``
        (datetime64 in UTC without a zone), ``version`` (int64), ``role``, the inputs and ``prediction`` (float32),
        ``flags``.

    Raises:
        MonitorError: if the file's columns are not those of a prediction log.
        OSError: if it can't be read.
    """
    state, store = state_of(path), Cache(cache)
    read: list[Any] = []  # the index and the rows, once the file is read

    def reading(wanted: Hashes) -> list[Any]:
        read[:] = read or _read(path, wanted, inputs, levels)
        return read

    none = np.zeros(0, dtype=np.uint64)
    index = store.get(path, "index", state, lambda: reading(none if keys is None else keys)[0], _pack_index, _index)
    here = _is_in(requests, index)
    if keys is None or not here.any():
        return here, no_rows(inputs or ())
    wanted = keys[here]
    depends_on = [*state, inputs, hashlib.sha256(np.unique(wanted).tobytes()).hexdigest()]
    kind = f"rows-{digest_of(levels)}" if levels else "rows"
    return here, store.get(path, kind, depends_on, lambda: reading(wanted)[1], _pack_rows, _rows)


def open_log(path: Path, inputs: Sequence[str] | None = None) -> tuple[LogFile, Sequence[str]]:
    """Return a file of the prediction log, and the names of the model's inputs in it.

    Raises:
        MonitorError: if its columns are not those of a prediction log.
        OSError: if it can't be read.
    """
    file = LogFile.open(path)
    columns = file.columns
    if inputs is None:
        known = "role" in columns and "prediction" in columns
        inputs = columns[columns.index("role") + 1 : columns.index("prediction")] if known else ()
    comparable, problems = file.find_problems(prediction_columns(inputs))
    if not comparable:
        raise MonitorError(problems[0])
    return file, inputs


def _read(path: Path, keys: Hashes, inputs: Sequence[str] | None, levels: LevelsByInput) -> tuple[Hashes, pd.DataFrame]:
    """Return the hashes of the requests of a file, ascending, and its rows with one of the keys."""
    file, inputs = open_log(path, inputs)
    names = (*inputs, "prediction")
    ascending = np.unique(keys)
    begin, end = bounds_of(path)

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

    return read_predictions(file, names, make, levels)[0]


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


def _is_in(values: Hashes, ascending: Hashes) -> NDArray[np.bool_]:
    """Return of each value whether it is among others; with so many others, much faster than numpy.isin."""
    places = np.searchsorted(ascending, values)
    found: NDArray[np.bool_] = np.append(ascending, np.uint64(0))[places] == values
    return found & (places < len(ascending))


def _pack_index(index: Hashes) -> Arrays:
    return {"index": index}


def _index(arrays: Arrays) -> Hashes:
    index = arrays["index"]
    if index.dtype != np.uint64 or index.ndim != 1:
        raise ValueError("it is no index")
    return index


def _pack_rows(rows: pd.DataFrame) -> Arrays:
    """Return rows as arrays that need no pickle."""
    texts = rows.astype({"role": "object", "flags": "object"})
    arrays = {f"column {place}": texts[name].to_numpy() for place, name in enumerate(texts)}
    arrays = {name: array.astype(np.str_) if array.dtype == object else array for name, array in arrays.items()}
    return arrays | {"names": np.array(rows.columns, dtype=np.str_)}


def _rows(arrays: Arrays) -> pd.DataFrame:
    names = arrays["names"].tolist()
    rows = pd.DataFrame({column: arrays[f"column {place}"] for place, column in enumerate(names)})
    return rows.astype({"role": "str", "flags": "str"})
