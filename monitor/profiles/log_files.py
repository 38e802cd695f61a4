"""The profile and the traffic of one log file. Whatever is wrong with its rows is counted and named.

A day's file holds rows of that day only, so rows of another time were put there by somebody: they are not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from journal import REQUEST_COLUMNS, day_of, prediction_columns
from monitor.logs.checked_reader import read_predictions, read_requests
from monitor.logs.log_file import LogFile, bounds_of
from monitor.logs.rows import PredictionRows, RequestRows, micros, select
from monitor.logs.traffic import Traffic, TrafficCounter
from monitor.profiles.profile import MAX_FAULTS, FileProfile
from monitor.profiles.profiler import Profiler
from monitor.profiles.reference import Reference
from monitor.window import Window

Rows = TypeVar("Rows", PredictionRows, RequestRows)
Result = TypeVar("Result", FileProfile, Traffic)


def profile_file(file: LogFile, reference: Reference, window: Window) -> FileProfile:
    """Return the profile of the rows of a prediction log that lie in a window.

    Raises:
        OSError: if it can't be read.
    """
    comparable, problems = file.find_problems(prediction_columns(reference.names[:-1]))
    if not comparable:
        return FileProfile(faults=problems)

    def make(blocks: Iterable[PredictionRows]) -> FileProfile:
        profiler, filter_ = Profiler(reference), _Filter(file, window)
        for rows in filter_(blocks):
            profiler.add(rows)
        profile = profiler.profile()
        profile.faults = [*filter_.faults(), *profiler.faults(file.path.name)]
        return profile

    return _with_faults(problems, read_predictions(file, reference.names, make, reference.levels))


def count_traffic(file: LogFile, inputs: Sequence[str], window: Window) -> Traffic:
    """Return the traffic of the rows of a request log that lie in a window.

    Args:
        inputs: the names of the model's inputs.

    Raises:
        OSError: if it can't be read.
    """
    comparable, problems = file.find_problems(REQUEST_COLUMNS)
    if not comparable:
        return Traffic(faults=problems)

    def make(blocks: Iterable[RequestRows]) -> Traffic:
        counter, filter_ = TrafficCounter(inputs), _Filter(file, window)
        for rows in filter_(blocks):
            counter.add(rows)
        back = f"{file.path.name}: the clock went back by more than a minute; {counter.gone_back} rows came after it"
        counter.traffic.faults = filter_.faults() + [back] * bool(counter.gone_back)
        return counter.traffic

    return _with_faults(problems, read_requests(file, make))


class _Filter:
    """Passes on the rows of a file's day that lie in a window, and counts those of another day."""

    def __init__(self, file: LogFile, window: Window) -> None:
        self._path = file.path
        self._start, self._end = bounds_of(file.path)
        self._since, self._until = micros(window.since), micros(window.until)
        self.foreign = 0

    def __call__(self, blocks: Iterable[Rows]) -> Iterator[Rows]:
        since, until = max(self._start, self._since), min(self._end, self._until)
        for rows in blocks:
            least, most = rows.times.min(), rows.times.max()
            if least < self._start or most >= self._end:
                self.foreign += int(np.count_nonzero((rows.times < self._start) | (rows.times >= self._end)))
            if least < since or most >= until:
                rows = select(rows, (rows.times >= since) & (rows.times < until))
            if len(rows):
                yield rows

    def faults(self) -> list[str]:
        """Return a sentence if there were rows of another day."""
        path = self._path
        return [f"{path.name}: {self.foreign} rows are not of {day_of(path)}, and are not compared"] * bool(
            self.foreign
        )


def _with_faults(problems: list[str], reading: tuple[Result, list[str]]) -> Result:
    """Return the result of a file with all sentences about what could not be read."""
    result: Result = reading[0]
    result.faults = [*problems, *reading[1], *result.faults][:MAX_FAULTS]
    return result
