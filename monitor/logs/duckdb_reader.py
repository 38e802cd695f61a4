"""Reads log files with DuckDB, in blocks, so that memory does not grow with the file.

The types of all columns are given: nothing is guessed from the first lines, and a line that does not fit is left out,
which the number of rows shows (checked_reader.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from filesystem import only_plain
from monitor.logs.log_file import LogFile
from monitor.logs.rows import FEEDBACK, MAX_ERROR, ROLES, PredictionRows, RequestRows, factorize

_MEMORY = "128MB"
_VECTORS = 24  # of 2,048 rows: a block
_LINE, _BUFFER = 5 << 20, 10 << 20  # bytes: the longest line, with a body of 1 MiB in escapes; what is read at once
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",
    "memory_limit": _MEMORY,
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_ROLE = (
    f"CASE {{role}} {' '.join(f'WHEN {role!r} THEN {code}' for code, role in enumerate(ROLES))} ELSE -1 END::TINYINT"
)


class ReaderError(Exception):
    """DuckDB can't read a file."""


def read_predictions(file: LogFile, values: Sequence[str]) -> Iterator[PredictionRows]:
    """Read the prediction log.

    Args:
        values: the columns of float32: the inputs and the prediction.
    """
    query = [
        "epoch_us({time})",
        "md5_number_lower(coalesce({request_id}, ''))",
        "{row}::BIGINT",
        "{version}::BIGINT",
        _ROLE,
        *(f"{{{name}}}" for name in values),
        "{flags}",
    ]
    types = {"time": "TIMESTAMP", "row": "INTEGER", "version": "INTEGER"} | dict.fromkeys(values, "FLOAT")
    for times, ids, numbers, versions, roles, *cells, flags in fetch(file, query, types, ("time", "row", "version")):
        yield PredictionRows(times, ids, numbers, versions, roles, np.stack(cells, axis=1), *factorize(flags))


def read_requests(file: LogFile) -> Iterator[RequestRows]:
    """Read the request log."""
    is_feedback = f"ends_with(coalesce(split_part({{path}}, '?', 1), ''), '{FEEDBACK}')"
    query = ["epoch_us({time})", "{status}::BIGINT", "{duration_ms}", is_feedback, f"left({{error}}, {MAX_ERROR})"]
    types = {"time": "TIMESTAMP", "status": "INTEGER", "duration_ms": "DOUBLE"}
    for times, statuses, durations, feedback, errors in fetch(file, query, types, tuple(types)):
        yield RequestRows(times, statuses, durations, feedback, *factorize(errors))


def fetch(
    file: LogFile, query: Sequence[str], types: Mapping[str, str], needed: Sequence[str]
) -> Iterator[list[NDArray[Any]]]:
    """Yield the columns of blocks of rows.

    Args:
        query: an expression each, with the names of columns in braces.
        types: of columns; the others are texts.
        needed: rows without a value there are left out.

    Raises:
        ReaderError: if DuckDB can't read the file.
    """
    # Columns are called by their position: names in a file can't become a part of the query.
    names = {name: f"c{position}" for position, name in enumerate(file.columns)}
    columns = ", ".join(f"'{column}': '{types.get(name, 'VARCHAR')}'" for name, column in names.items())
    selected = ", ".join(expression.format_map(names) for expression in query)
    where = " AND ".join(f"{names[name]} IS NOT NULL" for name in needed)
    with open(file.path, "rb", opener=only_plain) as opened, duckdb.connect(config=_SETTINGS) as connection:
        # By its descriptor: a name may have characters that DuckDB takes for a pattern, or be another file by now.
        source = (
            f"read_csv('/dev/fd/{opened.fileno()}', columns={{{columns}}}, auto_detect=false, header=true, delim=',', "
            f"quote='\"', escape='\"', ignore_errors=true, max_line_size={_LINE}, buffer_size={_BUFFER})"
        )
        try:
            connection.execute(f"SELECT {selected} FROM {source} WHERE {where}")  # noqa: S608 - see above
            while len(block := connection.fetch_df_chunk(_VECTORS)):
                yield [block.iloc[:, position].to_numpy() for position in range(block.shape[1])]
        except duckdb.Error as error:
            raise ReaderError(str(error).partition("\n")[0]) from error
