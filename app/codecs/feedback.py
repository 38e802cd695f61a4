"""Ground truth as clients send it: JSON or CSV, to members that the log checks. Knows no log and no model."""

from __future__ import annotations

import io
from codecs import BOM_UTF8
from typing import Any

from app.codecs.json_strict import ObjectPairs, is_list, json_type, parse_strict
from app.errors import MalformedRequest, TooLarge
from csv_dialect import DialectError, Record, read_records

_NUMBERS = ("row", "actual")  # columns of CSV
_EXPECTED = 'expected an object like {"request_id": "order-4711", "row": 0, "actual": 21.5}'


def decode_objects(body: bytes, max_rows: int) -> list[list[tuple[str, Any]] | str]:
    """Return the members of each object in a JSON body, which has one or a list; or why it is no object.

    Raises:
        MalformedRequest: if it is not JSON, or has neither.
        TooLarge: if there are more than ``max_rows``.
    """
    content = parse_strict(body.removeprefix(BOM_UTF8), f"{_EXPECTED}, or a list of them")
    if not isinstance(content, list):
        raise MalformedRequest(f"the body: {_EXPECTED}, or a list of them, not {json_type(content)}")
    items = content if is_list(content) else [content]
    _check_count(len(items), max_rows)
    return [item if isinstance(item, ObjectPairs) else f"{_EXPECTED}, not {json_type(item)}" for item in items]


def decode_records(body: bytes, max_rows: int) -> list[Record]:
    """Return the records of a CSV body, whose header names the fields.

    Raises:
        MalformedRequest: if it can't be read as CSV.
        TooLarge: if there are more than ``max_rows``.
    """
    records = []
    try:
        for record in read_records(io.BytesIO(body).read, _NUMBERS):
            records.append(record)
            if len(records) > max_rows:
                break
    except DialectError as error:
        raise MalformedRequest(f"the body: {error}") from error
    _check_count(len(records), max_rows)
    return records


def _check_count(count: int, max_rows: int) -> None:
    if not count:
        raise MalformedRequest(f"there is no truth: {_EXPECTED}, or CSV with a header and rows")
    if count > max_rows:
        raise TooLarge(f"too many truths at once: send at most {max_rows}")
