"""Ground truth: which truths are in force, and the predictions that they are about.

A truth names a request and a row. It may come long after its prediction, twice, corrected, or with a wrong id: the day
of a joined row is that of its prediction, the last value that was told counts, and what fits no prediction is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journal import daily_files, day_of
from journal.encoding import unescape_field
from monitor.errors import MonitorError
from monitor.lookup import Lookup

KEY = ["request_id", "row"]
_COLUMNS = ["told", *KEY, "actual", "measured_at", "source", "comment", "client"]
_NAMED = 20  # unknown ids that are named
_TEXTS = ["source", "comment", "client"]

_NO_ROWS = pd.DataFrame(
    {"time": [], "request_id": [], "row": [], "version": [], "role": [], "prediction": [], "flags": []}
).astype(
    {
        "time": "datetime64[us]",
        "request_id": "str",
        "row": "str",
        "version": "int32",
        "role": "str",
        "prediction": "float32",
        "flags": "str",
    }
)


@dataclass(frozen=True)
class Truths:
    """The truths in force.

    Attributes:
        table: one row for each request and row, in the order in which they were told: ``told`` (when), ``request_id``
            and ``row`` (text, as the log has them), ``actual`` (float64), ``measured_at``, ``source``, ``comment``,
            ``client``, ``corrects`` (how many other values it replaced). Times are datetime64 in UTC without a zone.
        superseded: how many earlier values were replaced by a later, different one.
        repeated: how many told again what was in force.
        unusable: how many have a value that is no number, or outside the plausible range.
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
        rows: as join_truths() returns them.
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


def read_truths(logs: Path, plausible: tuple[float, float] = (-np.inf, np.inf), lookup: Lookup | None = None) -> Truths:
    """Read the truths in force from the files ``feedback-DAY.csv``, of all days.

    Args:
        plausible: the range of the model's output; a value outside it, or one that is no number, is only counted.
    """
    lookup, parts, faults = lookup or Lookup(), [], []
    for path in daily_files(logs, "feedback"):
        try:
            parts.append(lookup.read(path))
        except (MonitorError, OSError) as error:
            faults.append(str(error))
    told = pd.concat(parts) if parts else pd.DataFrame()
    told = told.rename(columns={"time": "told"}).reindex(columns=_COLUMNS).fillna("").astype("str")
    told["told"], told["measured_at"] = _times(told["told"]), _times(told["measured_at"])
    told["actual"] = pd.to_numeric(told["actual"], errors="coerce").astype(np.float64)
    usable = told[np.isfinite(told["actual"]) & told["actual"].between(*plausible)]
    usable = usable.sort_values("told", kind="stable", ignore_index=True)  # workers write a little out of order
    changes = usable[usable["actual"] != usable.groupby(KEY)["actual"].shift()]
    changes = changes.assign(corrects=changes.groupby(KEY).cumcount())
    table = changes.drop_duplicates(KEY, keep="last", ignore_index=True)
    for name in _TEXTS:
        table[name] = _original(table[name])
    superseded = len(changes) - len(table)
    return Truths(table, superseded, len(usable) - len(changes), len(told) - len(usable), tuple(faults))


def join_truths(
    logs: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    plausible: tuple[float, float] = (-np.inf, np.inf),
    cache: Path | None = None,
) -> pd.DataFrame:
    """Return the predictions whose truth is known, a row for each prediction of each version in each role.

    Args:
        logs: the folder of the model's logs.
        since, until: the predictions' window, with a zone; None leaves the side open. Their truths may be younger.
        plausible: the range of the model's output; truths outside it are left out.
        cache: the folder to keep what was found in, so that files are read again only for new truths.

    Returns:
        ``time``, ``request_id``, ``row`` (int64), ``version`` (int32), ``role``, the inputs (float32), ``prediction``
        (float32, may be NaN), ``flags``, ``actual`` (float64), ``told`` (when the truth came), ``measured_at``,
        ``source``, ``comment``, ``client`` (who told it), ``corrects`` (how many other values it
        replaced). Times are datetime64 in UTC without a zone; texts are as they
        were sent, empty if there was none. The rows are in the order of the log, whatever order truth came in.
    """
    return find_truths(logs, since=since, until=until, plausible=plausible, cache=cache).rows


def find_truths(
    logs: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    plausible: tuple[float, float] = (-np.inf, np.inf),
    cache: Path | None = None,
) -> JoinedTruths:
    """Join as join_truths(), and count what fits and what does not."""
    lookup = Lookup(cache)
    truths = read_truths(logs, plausible, lookup)
    table, faults, parts = truths.table, list(truths.faults), []
    hashes = lookup.hashes(table["request_id"])
    known, looked_up = np.zeros((2, len(table)), dtype=bool)
    paths = daily_files(logs, "predictions")
    lookup.forget_missing(paths)
    for path in paths if len(table) else ():
        try:
            inside = np.isin(hashes, lookup.index(path))
            known |= inside
            if inside.any() and _overlaps(path, since, until):
                looked_up |= inside
                parts.append(lookup.rows(path, table[inside]))
        except (MonitorError, OSError) as error:
            faults.append(str(error))
    rows = pd.concat(parts, ignore_index=True) if parts else _NO_ROWS
    # A request that is known, and has no such row, is as unknown as one that never was.
    known &= ~looked_up | _is_in(table, rows)
    rows, ambiguous = _without_ambiguous(rows[_within(rows["time"], since, until)])
    matched, told = _is_in(table, rows), _within(table["told"], since, until).to_numpy()
    unknown = table["request_id"][told & ~known]
    rows = rows.merge(table, on=KEY)
    rows["request_id"], rows["row"] = _original(rows["request_id"]), rows["row"].astype(np.int64)
    return JoinedTruths(
        rows=rows,
        truths=int((matched | told).sum()),
        matched=int(matched.sum()),
        unknown=len(unknown),
        unknown_ids=tuple(_original(unknown[::-1].drop_duplicates().head(_NAMED))),
        ambiguous=ambiguous,
        told=truths,
        faults=faults,
    )


def _is_in(table: pd.DataFrame, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return of each truth whether a row has its request and number."""
    found: NDArray[np.bool_] = pd.MultiIndex.from_frame(table[KEY]).isin(pd.MultiIndex.from_frame(rows[KEY]))
    return found


def _without_ambiguous(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Leave out rows of which nobody can say which is meant: clients choose ids, and two requests may share one."""
    groups = rows.groupby([*KEY, "version", "role"], sort=False)["prediction"]
    ambiguous = groups.transform("nunique") > 1
    return rows[~ambiguous].drop_duplicates([*KEY, "version", "role"]), int(ambiguous.sum())


def _overlaps(path: Path, since: datetime | None, until: datetime | None) -> bool:
    """Return whether a file's day is one of a window's."""
    first, last = ((time.astimezone(UTC).date().isoformat() if time else None) for time in (since, until))
    return (first or "") <= day_of(path) <= (last or "9999")


def _within(times: pd.Series, since: datetime | None, until: datetime | None) -> pd.Series:
    """Return of each time, in UTC without a zone, whether it is in a window; the end is not."""
    inside = pd.Series(True, index=times.index)
    if since is not None:
        inside &= times >= since.astimezone(UTC).replace(tzinfo=None)
    if until is not None:
        inside &= times < until.astimezone(UTC).replace(tzinfo=None)
    return inside


def _times(texts: pd.Series) -> pd.Series:
    """Return times in ISO 8601 as datetime64 in UTC without a zone; NaT for what is none."""
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    return times.dt.tz_localize(None).astype("datetime64[us]")


def _original(texts: pd.Series) -> pd.Series:
    """Return texts of the log as they were sent."""
    escaped = texts.str.contains("\\", regex=False) | texts.str.startswith("'")
    return texts.mask(escaped, texts[escaped].map(unescape_field)) if escaped.any() else texts
