"""Reads log files line by line, as the journal does: slower than DuckDB, and right about every line. Same blocks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import numpy as np

from journal import whole_lines
from monitor.logs.levels import NO_LEVELS, LevelsByInput
from monitor.logs.log_file import LogFile
from monitor.logs.rows import FEEDBACK, MAX_ERROR, ROLES, PredictionRows, RequestRows, factorize, hash_id, micros

_LINES = 20_000  # of a block
_ROLE_CODES = {role: code for code, role in enumerate(ROLES)}


def read_predictions(
    file: LogFile, values: Sequence[str], levels: LevelsByInput = NO_LEVELS
) -> Iterator[PredictionRows]:
    """Read the prediction log.

    Args:
        values: the columns of float32: the inputs and the prediction.
        levels: of those that are texts in the log.
    """
    parse = partial(_prediction, read=[levels[name].code if name in levels else float for name in values])
    for rows in _blocks(file, ("time", "request_id", "row", "version", "role", "flags", *values), parse):
        times, ids, numbers, versions, roles, flags, *cells = zip(*rows, strict=True)
        with np.errstate(over="ignore"):  # what is too large becomes an infinity
            table = np.array(cells, dtype=np.float64).T.astype(np.float32)
        yield PredictionRows(
            np.array(times, dtype=np.int64),
            np.array([hash_id(text) for text in ids], dtype=np.uint64),
            np.array(numbers, dtype=np.int64),
            np.array(versions, dtype=np.int64),
            np.array([_ROLE_CODES.get(role, -1) for role in roles], dtype=np.int8),
            table,
            *factorize(flags),
        )


def read_requests(file: LogFile) -> Iterator[RequestRows]:
    """Read the request log."""
    for rows in _blocks(file, ("time", "status", "duration_ms", "path", "error"), _request):
        times, statuses, durations, feedback, errors = zip(*rows, strict=True)
        yield RequestRows(
            np.array(times, dtype=np.int64),
            np.array(statuses, dtype=np.int64),
            np.array(durations, dtype=np.float64),
            np.array(feedback, dtype=bool),
            *factorize(errors),
        )


def _prediction(fields: Sequence[str], read: Sequence[Callable[[str], float]]) -> tuple[object, ...]:
    time, request_id, number, version, role, flags, *cells = fields
    numbers = [value(cell) if cell else np.nan for value, cell in zip(read, cells, strict=True)]
    return _micros(time), request_id, _integer(number), _integer(version), role, flags, *numbers


def _request(fields: Sequence[str]) -> tuple[object, ...]:
    time, status, duration, path, error = fields
    is_feedback = path.partition("?")[0].endswith(FEEDBACK)
    return _micros(time), _integer(status), float(duration), is_feedback, error[:MAX_ERROR]


def _micros(time: str) -> int:
    return micros(datetime.fromisoformat(time).replace(tzinfo=UTC))


def _integer(text: str) -> int:
    number = int(text)
    if not -(1 << 31) <= number < 1 << 31:  # as DuckDB's INTEGER
        raise ValueError(text)
    return number


def _blocks(
    file: LogFile, names: Sequence[str], parse: Callable[[Sequence[str]], tuple[object, ...]]
) -> Iterator[list[tuple[object, ...]]]:
    """Yield the parsed rows of a file; those that can't be parsed are left out, which their number shows."""
    positions = [file.columns.index(name) for name in names]
    lines = whole_lines(file.path)
    next(lines)
    while block := list(islice(lines, _LINES)):
        rows = []
        for fields in csv.reader(line.decode("utf-8", "backslashreplace").rstrip("\r\n") for line in block):
            try:
                rows.append(parse([fields[position] for position in positions]))
            except ValueError:
                continue
        if rows:
            yield rows
