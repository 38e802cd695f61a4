"""Ground truth: what turned out to be true of a row that was predicted. The third stream of the logs, ``feedback``.

The same truth may come twice, and a later one supersedes the one before it: all of them stay, and who reads them counts
the last one of each request and row. Knows no model: what is plausible is said by who calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from journal.encoding import escape_field
from journal.timestamps import timestamp
from request_ids import is_request_id

FEEDBACK = "feedback"
# What whoever sends a truth may say of it, and which of it is a number.
FEEDBACK_FIELDS = ("request_id", "row", "actual", "measured_at", "source", "comment")
FEEDBACK_NUMBERS = ("row", "actual")
FEEDBACK_COLUMNS = ("time", *FEEDBACK_FIELDS, "client")

MAX_ROW, MAX_SOURCE, MAX_COMMENT = 999_999_999, 100, 1000  # the last two in characters
_AHEAD = timedelta(days=1)  # clocks are wrong, and days begin elsewhere first
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_MAX_UNKNOWN, _MAX_QUOTED = 10, 40  # names of no field that are spelled out, and characters of a text


@dataclass(frozen=True, slots=True)
class Truth:
    """What was true of one row.

    Attributes:
        time: when it came, as a timestamp (timestamps.py).
        request_id, row: of the prediction that it is about.
        actual: the value, in the unit of the model's output.
        measured_at: when it was measured, as a timestamp (timestamps.py); empty if nobody said.
        source: who or what measured it; may be empty.
        comment: may be empty.
        client: who sent it.
    """

    time: str
    request_id: str
    row: int
    actual: float
    measured_at: str
    source: str
    comment: str
    client: str


class TruthError(ValueError):
    """Something is wrong with a truth; ``problems`` has what, by the name of a field."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in problems))
        self.problems = problems


def parse_truth(
    members: Iterable[tuple[str, Any]], plausible: tuple[float, float], *, time: datetime, client: str
) -> Truth:
    """Return the truth that the members of a JSON object or the cells of a CSV row say.

    Args:
        members: names and values, a name perhaps twice: texts, numbers as floats, and None for nothing. A ValueError in
            place of a value says why there is none.
        plausible: the smallest and the largest value that can be true.
        time: when it came, in UTC.

    Raises:
        TruthError: naming every field that is wrong, and what was expected.
    """
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    unknown: dict[str, None] = {}
    for name, value in members:
        if name not in FEEDBACK_FIELDS:
            unknown[name] = None
        elif name in values:
            problems.append((name, "appears twice"))
        else:
            values[name] = value
    no_field = f"no such field; the fields are {', '.join(FEEDBACK_FIELDS)}"
    problems += [(_quoted(name)[1:-1], no_field) for name in list(unknown)[:_MAX_UNKNOWN]]

    def take(name: str, check: Callable[..., Any], *bounds: Any) -> Any:
        value = values.get(name)
        try:
            if isinstance(value, ValueError):
                raise value
            return check(value, *bounds)
        except ValueError as error:
            problems.append((name, str(error)))

    truth = Truth(
        timestamp(time),
        take("request_id", _check_request_id),
        take("row", _check_row),
        take("actual", _check_actual, *plausible),
        take("measured_at", _check_time, time),
        take("source", _check_text, MAX_SOURCE),
        take("comment", _check_text, MAX_COMMENT),
        client,
    )
    if problems:
        raise TruthError(problems)
    return truth


def encode_feedback(truths: Iterable[Truth]) -> bytes:
    """Return truths as lines of CSV; ``actual`` has the fewest digits that read back as the same float64."""
    return "".join(
        f"{truth.time},{escape_field(truth.request_id)},{truth.row},{truth.actual!r},{truth.measured_at},"
        f"{escape_field(truth.source)},{escape_field(truth.comment)},{escape_field(truth.client)}\n"
        for truth in truths
    ).encode()


def _check_request_id(value: Any) -> str:
    if value is None:
        raise ValueError("is missing")
    if not isinstance(value, str) or not is_request_id(value):
        expected = "the X-Request-ID of a prediction: 1 to 128 characters of A-Z a-z 0-9 . _ -"
        raise ValueError(f"expected {expected}{_instead(value)}")
    return value


def _check_row(value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, float) or not 0 <= value <= MAX_ROW or not value.is_integer():
        raise ValueError(f"expected which row of the request, a whole number from 0 on{_instead(value)}")
    return int(value)


def _check_actual(value: Any, low: float, high: float) -> float:
    if value is None:
        raise ValueError("is missing")
    if not isinstance(value, float) or not low <= value <= high:
        raise ValueError(f"expected a number from {low:.15g} to {high:.15g}, as is plausible{_instead(value)}")
    return value


def _check_time(value: Any, now: datetime) -> str:
    if value in (None, ""):
        return ""
    try:
        if not isinstance(value, str) or not _TIME.fullmatch(value):
            raise ValueError
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        expected = "a time like 2026-11-25T21:50:10Z or a date like 2026-11-25 (ISO 8601; UTC, if there is no offset)"
        raise ValueError(f"expected {expected}{_instead(value)}") from None
    if moment > now + _AHEAD:
        raise ValueError(f"expected a time that is not in the future{_instead(value)}")
    return timestamp(moment)


def _check_text(value: Any, longest: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"expected a text of at most {longest} characters{_instead(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"expected a text in UTF-8{_instead(value)}") from None
    return value


def _instead(value: Any) -> str:
    """Return what stands there, for the end of a message, if it can be said in short."""
    if isinstance(value, str):
        return f", not the text {_quoted(value)}"
    return f", not {value!r}" if isinstance(value, float | bool) else ""


def _quoted(text: str) -> str:
    """Return a client's text in quotes: short, and in characters that a terminal and UTF-8 can take."""
    return json.dumps(text[:_MAX_QUOTED])
