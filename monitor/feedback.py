"""Take ground truth from a CSV file into the log, where the service's /feedback writes it too.

The whole file is checked before the first row is written. Reads the registry and the logs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from csv_dialect import DialectError, Record, read_records
from journal import (
    FEEDBACK,
    FEEDBACK_COLUMNS,
    FEEDBACK_NUMBERS,
    Journal,
    JournalError,
    TruthError,
    daily_files,
    encode_feedback,
    parse_truth,
    timestamp,
)
from journal.encoding import escape_field
from monitor.errors import MonitorError
from registry import CHAMPION, CommonSettings, current_user

_BLOCK = 1 << 18  # bytes of rows that are appended at a time
_MAX_SHOWN = 100  # things that are wrong
_MAX_IDS = 1_000_000  # request ids that are looked for in the logs: as many as fit into 100 MB


class _Import:
    """The rows of one file, checked and encoded; those that are sound are in a temporary file.

    Attributes:
        sound, bad: how many lines are.
        ids: the request ids, at most _MAX_IDS.
    """

    def __init__(self, plausible: tuple[float, float], source: str, target: IO[bytes]) -> None:
        self._plausible = plausible
        self._source = source
        self._target = target
        self._time = datetime.now(UTC)
        self._client = f"command:{current_user()}"
        self._shown = 0
        self.day = timestamp(self._time)[:10]
        self.sound = self.bad = 0
        self.ids: set[str] = set()

    def read(self, name: str, records: Iterable[Record]) -> None:
        """Check and encode every record; say on standard error what is wrong, and where in the file of this name."""
        for line, cells, fault in records:
            members = cells
            if self._source and not any(field == "source" for field, _ in cells):
                members = [*cells, ("source", self._source)]
            try:
                if fault:
                    raise TruthError([("", fault)])
                truth = parse_truth(members, self._plausible, time=self._time, client=self._client)
            except TruthError as error:
                self.bad += 1
                self._show(f"{name}, line {line}", error)
                continue
            self.sound += 1
            self._target.write(encode_feedback([truth]))
            if len(self.ids) < _MAX_IDS:
                self.ids.add(truth.request_id)

    def _show(self, place: str, error: TruthError) -> None:
        for field, message in error.problems:
            self._shown += 1
            if self._shown <= _MAX_SHOWN:
                print(f"{place}{f', column {field}' if field else ''}: {message}", file=sys.stderr)
            elif self._shown == _MAX_SHOWN + 1:
                print("and more, which are only counted", file=sys.stderr)


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``feedback`` to the commands."""
    meaning = "take ground truth from a CSV file into the log"
    parser = commands.add_parser("feedback", help=meaning, description=meaning)
    parser.add_argument("file", metavar="FILE.csv", help="its header names the fields; - is the standard input")
    parser.add_argument("--source", default="", metavar="NAME", help="who or what measured, for lines that say nothing")
    parser.add_argument("--skip-bad", action="store_true", help="record the other lines of a file with bad ones")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    store = settings.store()
    plausible = store.signature(store.number_of(CHAMPION)).output.plausible
    with ExitStack() as held:
        rows = held.enter_context(TemporaryFile())
        checked = _Import(plausible, arguments.source, rows)
        is_piped = arguments.file == "-"
        name = "standard input" if is_piped else arguments.file
        try:
            file = sys.stdin.buffer if is_piped else held.enter_context(open(name, "rb"))
            checked.read(name, read_records(file.read, FEEDBACK_NUMBERS))
        except OSError as error:
            raise MonitorError(f"{name}: can't be read into a temporary file ({error.strerror or error})") from error
        except DialectError as error:
            raise MonitorError(f"{name}: {error}; nothing was recorded") from error
        if checked.bad and not arguments.skip_bad:
            raise MonitorError(
                f"{name}: {checked.bad} bad lines, {checked.sound} sound ones; nothing was recorded: correct the "
                "bad lines, or leave them out with --skip-bad"
            )
        if not checked.sound:
            raise MonitorError(f"{name}: has no line to record; expected a header like request_id,row,actual")
        rows.seek(0)
        _append(settings.log_folder, checked.day, rows)
    print(f"{name}: {checked.sound} truths recorded, {checked.bad} bad lines left out")
    unknown = _unknown(settings.log_folder, sorted(checked.ids))
    if unknown:
        print(
            f"{len(unknown)} of {len(checked.ids)} request ids are in no prediction log, like {unknown[0]}; their "
            "truths are kept, and count when such a prediction is there"
        )
    return 0


def _append(logs: Path, day: str, rows: IO[bytes]) -> None:
    """Append rows to the log, block by block, each safe on the disk before the next."""
    journal = Journal(logs, durability="fsync")
    journal.add_stream(FEEDBACK, FEEDBACK_COLUMNS)
    recorded = 0
    while lines := rows.readlines(_BLOCK):
        try:
            journal.append(day, {FEEDBACK: b"".join(lines)})
        except JournalError as error:
            message = f"{error}; {recorded} truths were recorded before: run the command again, no truth counts twice"
            raise MonitorError(message) from error
        recorded += len(lines)


def _unknown(logs: Path, ids: list[str]) -> list[str]:
    """Return the ids that no prediction log has."""
    import numpy as np

    from monitor.logs.rows import hash_id
    from monitor.lookup import find_rows

    hashes = np.array([hash_id(escape_field(name)) for name in ids], dtype=np.uint64)
    known = np.zeros(len(ids), dtype=bool)
    for path in reversed(daily_files(logs, "predictions")):
        if not known.all():
            with suppress(MonitorError, OSError):  # a report names what can't be read
                known |= find_rows(path, hashes, None, inputs=(), cache=logs / "reports" / "profiles")[0]
    return [name for name, is_known in zip(ids, known.tolist(), strict=True) if not is_known]
