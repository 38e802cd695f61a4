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
from monitor.logs.levels import NO_LEVELS, Levels, LevelsByInput
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

# The place of a text among those of an enum; -1 for an empty cell, -2 for any other text. To look a text up costs the
# same whatever their number.
_PLACE = (
    "CASE WHEN {name} IS NULL OR {name} = '' THEN -1 "
    "ELSE coalesce(enum_code(try_cast({name} AS enum{type}))::INTEGER, -2) END::INTEGER"
)


class ReaderError(Exception):
    """DuckDB can't read a file."""


def read_predictions(
    file: LogFile, values: Sequence[str], levels: LevelsByInput = NO_LEVELS
) -> Iterator[PredictionRows]:
    """Read the prediction log.

    Args:
        values: the columns of float32: the inputs and the prediction.
        levels: of those that are texts in the log.
    """
    texts = [name for name in values if name in levels]
    query = [
        "epoch_us({time})",
        "md5_number_lower(coalesce({request_id}, ''))",
        "{row}::BIGINT",
        "{version}::BIGINT",
        _ROLE,
        *(
            _PLACE.format(name=f"{{{name}}}", type=texts.index(name)) if name in texts else f"{{{name}}}"
            for name in values
        ),
        "{flags}",
    ]
    types = {"time": "TIMESTAMP", "row": "INTEGER", "version": "INTEGER"}
    types |= {name: "FLOAT" for name in values if name not in texts}
    codes = {values.index(name): _codes(levels[name]) for name in texts}
    needed, enums = ("time", "row", "version"), [list(levels[name].codes) for name in texts]
    for times, ids, numbers, versions, roles, *cells, flags in fetch(file, query, types, needed, enums):
        for place, known in codes.items():
            cells[place] = known[cells[place]]
        yield PredictionRows(times, ids, numbers, versions, roles, np.stack(cells, axis=1), *factorize(flags))


def read_requests(file: LogFile) -> Iterator[RequestRows]:
    """Read the request log."""
    is_feedback = f"ends_with(coalesce(split_part({{path}}, '?', 1), ''), '{FEEDBACK}')"
    query = ["epoch_us({time})", "{status}::BIGINT", "{duration_ms}", is_feedback, f"left({{error}}, {MAX_ERROR})"]
    types = {"time": "TIMESTAMP", "status": "INTEGER", "duration_ms": "DOUBLE"}
    for times, statuses, durations, feedback, errors in fetch(file, query, types, tuple(types)):
        yield RequestRows(times, statuses, durations, feedback, *factorize(errors))


def _codes(levels: Levels) -> NDArray[np.float32]:
    """Return the codes of a column, where _PLACE has the place of each, float32 (l + 2,)."""
    return np.array([*levels.codes.values(), levels.unknown, np.nan], dtype=np.float32)


def fetch(
    file: LogFile,
    query: Sequence[str],
    types: Mapping[str, str],
    needed: Sequence[str],
    enums: Sequence[Sequence[str]] = (),
) -> Iterator[list[NDArray[Any]]]:
    """Yield the columns of blocks of rows.

    Args:
        query: an expression each, with the names of columns in braces.
        types: of columns; the others are texts.
        needed: rows without a value there are left out.
        enums: different texts each; the query calls these types enum0, enum1 and so on.

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
            for number, texts in enumerate(enums):
                members = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
                connection.execute(f"CREATE TYPE enum{number} AS ENUM ({members})")
            connection.execute(f"SELECT {selected} FROM {source} WHERE {where}")  # noqa: S608 - see above
            while len(block := connection.fetch_df_chunk(_VECTORS)):
                yield [block.iloc[:, position].to_numpy() for position in range(block.shape[1])]
        except duckdb.Error as error:
            raise ReaderError(str(error).partition("\n")[0]) from error
