"""Ground truth: which truths are in force, and the predictions that they are about.

A truth names a request and a row. It may come long after its prediction, twice, corrected, or with a wrong id: the day
of a joined row is that of its prediction, the last value that was told counts, and what fits no prediction is counted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from journal import FEEDBACK, FEEDBACK_COLUMNS, daily_files, day_of, whole_lines
from journal.encoding import unescape_field
from journal.feedback import MAX_ROW
from monitor.errors import MonitorError
from monitor.logs.checked_reader import read_rows
from monitor.logs.duckdb_reader import fetch
from monitor.logs.levels import NO_LEVELS, LevelsByInput
from monitor.logs.log_file import LogFile, unreadable
from monitor.logs.rows import hash_id, mix
from monitor.lookup import find_rows, no_rows
from monitor.window import Window

KEY = ["request_id", "row"]
_TEXTS = ["request_id", "source", "comment", "client"]
_EARLY = timedelta(days=1)  # by how much a clock may be wrong
_FIRST = datetime.min.replace(tzinfo=UTC) + _EARLY
_NAMED = 20  # unknown ids that are named


@dataclass(frozen=True)
class Truths:
    """The truths in force.

    Attributes:
        table: one row for each request and row, in the order in which they were told: ``told`` (when), ``request_id``,
            ``row`` (int64), ``actual`` (float64), ``measured_at``, ``source``, ``comment``, ``client``, ``corrects``
            (how many other values it replaced), and the hashes ``request`` and ``key`` of request, and of request and
            row (uint64). Times are datetime64 in UTC without a zone; texts are as they were sent.
        superseded: how many earlier values were replaced by a later, different one.
        repeated: how many told again what was in force.
        unusable: how many have a value that is no number or outside the plausible range, or no row or no time.
        faults: sentences about files that could not be read.
    """

    table: pd.DataFrame
    superseded: int
    repeated: int
    unusable: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class JoinedTruths:
    """The truths of a window, joined with its predictions.

    Attributes:
        rows: in the order of the log, whatever order truth came in: ``time``, ``request_id``, ``row`` (int64),
            ``version`` (int64), ``role``, the inputs (float32; of a text its code, NaN for a missing value),
            ``prediction`` (float32, may be NaN), ``flags``, and what Truths.table has of their truth. Times are
            datetime64 in UTC without a zone; texts are as they were sent, empty if there was none.
        truths: how many are in force of which the prediction, or the truth itself, is of the window.
        matched: those with a prediction in the window. unknown: those told in the window with no prediction anywhere.
            The others are about predictions before or after the window.
        unknown_ids: request ids of the unknown ones, the last that were told first, at most 20.
        ambiguous: rows left out, because two requests with different predictions share an id.
        told: what is said of the truths themselves.
        faults: sentences about files that could not be read.
    """

    rows: pd.DataFrame
    truths: int
    matched: int
    unknown: int
    unknown_ids: tuple[str, ...]
    ambiguous: int
    told: Truths
    faults: list[str] = field(default_factory=list)


def read_truths(
    logs: Path, plausible: tuple[float, float] = (-np.inf, np.inf), since: datetime | None = None
) -> Truths:
    """Read the truths in force from the files ``feedback-DAY.csv``.

    Args:
        plausible: the range of the model's output; a value outside it, or one that is no number, is only counted.
        since: in UTC; files that are more than a day older are left out, for what was told then is about no prediction
            after it. So memory grows with the window, not with all truths that ever came. None reads all.
    """
    parts, faults = [_concat(())], []
    first = (max(since, _FIRST) - _EARLY).date().isoformat() if since else ""
    for path in (path for path in daily_files(logs, FEEDBACK) if day_of(path) >= first):
        try:
            file = LogFile.open(path)
            comparable, problems = file.find_problems(FEEDBACK_COLUMNS)
            faults += problems
            if comparable:
                rows, problems = read_rows(file, _read_fast, _read_surely, _concat)
                parts.append(rows)
                faults += problems
        except OSError as error:
            faults.append(unreadable(path, error))
    logged = pd.concat(parts, ignore_index=True).rename(columns={"time": "told"})
    logged["told"], logged["measured_at"] = _times(logged["told"]), _times(logged["measured_at"])
    logged["actual"] = pd.to_numeric(logged["actual"], errors="coerce").astype(np.float64)
    logged["row"] = pd.to_numeric(logged["row"], errors="coerce").astype(np.float64)
    usable = np.isfinite(logged["actual"]) & logged["actual"].between(*plausible)
    usable &= logged["row"].between(0, MAX_ROW) & logged["told"].notna()
    table = logged[usable].astype({"row": np.int64})
    # The hash is that of the field in the log.
    table["request"] = np.array([hash_id(text) for text in table["request_id"].tolist()], dtype=np.uint64)
    table["key"] = mix(table["request"].to_numpy(), table["row"].to_numpy())
    table = table.sort_values("told", kind="stable")  # workers write a little out of order
    changes = table[table["actual"] != table.groupby("key")["actual"].shift()]
    changes = changes.assign(corrects=changes.groupby("key").cumcount())
    in_force = changes.drop_duplicates("key", keep="last").reset_index(drop=True)
    for name in _TEXTS:
        in_force[name] = _original(in_force[name])
    superseded, repeated = len(changes) - len(in_force), len(table) - len(changes)
    return Truths(in_force, superseded, repeated, len(logged) - len(table), tuple(faults))


def _concat(blocks: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(columns=list(FEEDBACK_COLUMNS), dtype="str"), *blocks], ignore_index=True)


def _read_fast(file: LogFile) -> Iterator[pd.DataFrame]:
    for columns in fetch(file, [f"coalesce({{{name}}}, '')" for name in FEEDBACK_COLUMNS], {}, KEY):
        yield pd.DataFrame(dict(zip(FEEDBACK_COLUMNS, columns, strict=True)), dtype="str")


def _read_surely(file: LogFile) -> Iterator[pd.DataFrame]:
    lines = (line.decode("utf-8", "backslashreplace").rstrip("\r\n") for line in whole_lines(file.path))
    rows = csv.DictReader(lines)
    yield pd.DataFrame(list(rows), columns=list(FEEDBACK_COLUMNS), dtype="str")


def join_truths(
    logs: Path,
    window: Window | None = None,
    *,
    inputs: Sequence[str] | None = None,
    levels: LevelsByInput = NO_LEVELS,
    plausible: tuple[float, float] = (-np.inf, np.inf),
    cache: Path | None = None,
) -> JoinedTruths:
    """Join the truths with their predictions, of each version in each role.

    Args:
        logs: the folder of the model's logs.
        window: of the predictions, by default all that is logged; their truths may be younger.
        inputs: the names of the model's inputs, or of those that are wanted; by default, those in the header of each
            file, which must all be numbers.
        levels: of those that are texts.
        plausible: the range of the model's output; truths outside it are left out.
        cache: the folder to cache what was found in, so that files are read again only for new truths.
    """
    truths = read_truths(logs, plausible, window.since if window else None)
    table, faults = truths.table, list(truths.faults)
    requests, keys = table["request"].to_numpy(), table["key"].to_numpy()
    known, looked_up = np.zeros((2, len(table)), dtype=bool)
    days, parts = set(window.days()) if window else None, []
    for path in daily_files(logs, "predictions") if len(table) else ():
        try:
            in_window = days is None or day_of(path) in days
            here, rows = find_rows(
                path, requests, keys if in_window else None, inputs=inputs, levels=levels, cache=cache
            )
        except MonitorError as error:
            faults.append(str(error))
            continue
        except OSError as error:
            faults.append(unreadable(path, error))
            continue
        known |= here
        if in_window and here.any():
            looked_up |= here
            parts.append(rows)
    rows = pd.concat(parts or [no_rows(inputs or ())], ignore_index=True)
    # A request that is known, and has no such row, is as unknown as one that never was.
    known &= ~looked_up | np.isin(keys, rows["key"])
    rows, ambiguous = _without_ambiguous(rows[_within(rows["time"], window)])
    matched, told = np.isin(keys, rows["key"]), _within(table["told"], window).to_numpy()
    unknown = table["request_id"][told & ~known]
    rows = rows.merge(table, on="key")
    first = ["time", *KEY, "version", "role"]
    last = [name for name in rows if name not in {*first, "key", "request"}]
    return JoinedTruths(
        rows=rows[[*first, *last]],
        truths=int((matched | told).sum()),
        matched=int(matched.sum()),
        unknown=len(unknown),
        unknown_ids=tuple(unknown[::-1].drop_duplicates().head(_NAMED)),
        ambiguous=ambiguous,
        told=truths,
        faults=faults,
    )


def _without_ambiguous(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Leave out rows of which nobody can say which is meant: clients choose ids, and two requests may share one."""
    which = ["key", "version", "role"]
    ambiguous = rows.groupby(which, sort=False)["prediction"].transform("nunique") > 1
    return rows[~ambiguous].drop_duplicates(which), int(ambiguous.sum())


def _within(times: pd.Series, window: Window | None) -> pd.Series:
    """Return of each time, in UTC without a zone, whether it is in a window."""
    if window is None:
        return pd.Series(True, index=times.index)
    since, until = (time.astimezone(UTC).replace(tzinfo=None) for time in (window.since, window.until))
    return times.between(since, until, inclusive="left")


def _times(texts: pd.Series) -> pd.Series:
    """Return times in ISO 8601 as datetime64 in UTC without a zone; NaT for what is none."""
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return times.dt.tz_localize(None).astype("datetime64[us]")


def _original(texts: pd.Series) -> pd.Series:
    """Return texts of the log as they were sent; what is not UTF-8 stays escaped, as JSON and pages can't hold it."""
    codes, different = pd.factorize(texts)  # sources and clients are few
    originals = [unescape_field(text).encode(errors="backslashreplace").decode() for text in different.tolist()]
    return pd.Series(np.array(originals, dtype=object)[codes], index=texts.index, dtype="str")
