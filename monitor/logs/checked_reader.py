"""The rows of a log file, from a reader that can be trusted.

DuckDB reads ten times as fast as Python, but an open quote can make it lose whole rows without a word. So its rows are
counted: they must be the lines of the file less the torn ones. Else the file is read again, line by line. (In one thing
they differ: DuckDB takes a row with a few empty cells too many, which the service never writes.)
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from filesystem import only_plain
from monitor.logs import duckdb_reader, line_reader
from monitor.logs.duckdb_reader import ReaderError
from monitor.logs.levels import NO_LEVELS, LevelsByInput
from monitor.logs.log_file import LogFile
from monitor.logs.rows import PredictionRows, RequestRows

_ANY_SIZE = 2**31 - 1  # of a field: the csv module refuses those over 128 KiB, and a body may be longer


class _Sized(Protocol):
    def __len__(self) -> int: ...


Block = TypeVar("Block", bound=_Sized)
Made = TypeVar("Made")


def read_rows(
    file: LogFile,
    fast: Callable[[LogFile], Iterable[Block]],
    sure: Callable[[LogFile], Iterable[Block]],
    make: Callable[[Iterable[Block]], Made],
) -> tuple[Made, list[str]]:
    """Make something of the blocks of a file. Return it, and sentences about lines that can't be read.

    Args:
        fast, sure: two readers; the second is right about every file.
        make: is called again if the fast one's count of rows disagrees with the number of lines.

    Raises:
        OSError: if the file can't be read.
    """
    count = 0

    def counted(blocks: Iterable[Block]) -> Iterator[Block]:
        nonlocal count
        count = 0
        for block in blocks:
            count += len(block)
            yield block

    name, lines = file.path.name, file.lines
    torn = unreadable = 0
    doubt = ""
    try:
        made = make(counted(fast(file)))
        if count != lines or file.was_repaired or not _is_ended(file.path):
            torn, whole, open_quote = _count_torn(file.path)
            if open_quote or not lines - torn <= count <= whole:
                doubt = f"DuckDB finds {count} of {whole} rows"
    except ReaderError as error:
        doubt = f"DuckDB can't: {error}"
        torn, whole, _ = _count_torn(file.path)
    if doubt:
        made = make(counted(sure(file)))
        unreadable = max(whole - count, 0)  # it is negative if the service has added rows meanwhile
        doubt = f"{name}: was read line by line; {doubt}"
    faults = [doubt] * bool(doubt)
    faults += [f"{name}: {torn} lines are no whole rows"] * bool(torn)
    faults += [f"{name}: {unreadable} rows have another text where a number or a time is expected"] * bool(unreadable)
    return made, faults


def read_predictions(
    file: LogFile,
    values: Sequence[str],
    make: Callable[[Iterable[PredictionRows]], Made],
    levels: LevelsByInput = NO_LEVELS,
) -> tuple[Made, list[str]]:
    """Make something of a prediction log, as :func:`read_rows`.

    Args:
        values: the inputs and the prediction.
        levels: of the inputs that are texts.
    """
    modules = duckdb_reader, line_reader
    fast, sure = (partial(module.read_predictions, values=values, levels=levels) for module in modules)
    return read_rows(file, fast, sure, make)


def read_requests(file: LogFile, make: Callable[[Iterable[RequestRows]], Made]) -> tuple[Made, list[str]]:
    """Make something of a request log, as :func:`read_rows`."""
    return read_rows(file, duckdb_reader.read_requests, line_reader.read_requests, make)


def _is_ended(path: Path) -> bool:
    """Return whether the last line of a file that is not empty has an end."""
    with open(path, "rb", opener=only_plain) as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _count_torn(path: Path) -> tuple[int, int, bool]:
    """Return how many lines are torn, how many are whole, and whether a torn one could hide others from DuckDB.

    The rule is that of journal.LogReader: a row is one line, and has as many fields as the header. A line that leaves
    a quote open could hide others.
    """
    csv.field_size_limit(_ANY_SIZE)
    torn, whole, open_quote = 0, 0, False
    with open(path, "rb", opener=only_plain) as file:
        commas = file.readline().count(b",")
        for line in file:
            found = line.count(b",")
            if b'"' in line or b"\r" in line:
                try:
                    text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
                    found = len(next(csv.reader([text], strict=True), [])) - 1
                except csv.Error:
                    found, open_quote = -1, True
            is_whole = found == commas and line.endswith(b"\n")
            whole += is_whole
            torn += not is_whole
    return torn, whole, open_quote
