"""The columns of the logs, and how a value is written into a CSV field (RFC 4180) and read back.

A row is one line: every character that could end a line is escaped. Text reads back exactly, and so do bytes that are
not UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import orjson
from numpy.typing import NDArray

REQUEST_COLUMNS = (
    "time",
    "request_id",
    "client",
    "method",
    "path",
    "content_type",
    "status",
    "duration_ms",
    "error",
    "body",
)


def prediction_columns(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the prediction log of a model with these inputs."""
    return ("time", "request_id", "row", "model", "version", "role", *inputs, "prediction", "flags")


def encode_request(
    *,
    time: str,
    request_id: str,
    client: str,
    method: str,
    path: str,
    content_type: str,
    status: int,
    duration_ms: float,
    error: str,
    body: bytes,
) -> bytes:
    """Return a request and its outcome as one line of CSV; ``time`` is a timestamp."""
    return (
        f"{time},{escape_field(request_id)},{_escape_repeated(client)},"
        f"{_join_repeated(method, path, content_type)},{status},{duration_ms:.3f},"
        f"{error and escape_field(error)},{_escape_body(body)}\n"
    ).encode()


def encode_predictions(
    time: str,
    request_id: str,
    model: str,
    version: int,
    role: str,
    rows: NDArray[np.float32],
    predictions: NDArray[np.float32],
    flags: Sequence[str] | None = None,
    numbers: Sequence[int] | None = None,
    texts: Mapping[int, Mapping[float, str]] | None = None,
) -> bytes:
    """Return the prediction rows of one request as lines of CSV.

    Args:
        time: when the request arrived, as a timestamp (timestamps.py).
        rows: what the model saw, shape (n, k), float32; written with the fewest digits that read back the same.
        predictions: shape (n,), float32; written likewise, or as nan, inf, -inf.
        flags: remarks on each row, n texts; None if there is no remark on any row.
        numbers: the rows' numbers in the request; None for 0 to n - 1.
        texts: by column, what is written for some of its values: the text of a code, nothing for a missing value.
    """
    cells = _join_row(rows, predictions, texts) if len(rows) == 1 and flags is None else ""
    if cells:
        number, name = 0 if numbers is None else numbers[0], _escape_repeated(model)
        return f"{time},{escape_field(request_id)},{number},{name},{version},{role},{cells},\n".encode()
    table = np.empty((len(rows), rows.shape[1] + 1), dtype=np.float32)
    table[:, :-1] = rows
    table[:, -1] = predictions
    ends = _mixed(table, texts) if texts else _numbers(table)
    if flags is not None:
        escaped = {flag: escape_field(flag) for flag in set(flags)}
        ends = [f"{end},{escaped[flag]}" for end, flag in zip(ends, flags, strict=True)]
    head = f"{time},{escape_field(request_id)},"
    middle = f",{_escape_repeated(model)},{version},{role},"
    end = "\n" if flags is not None else ",\n"
    # One join over all is a third of the time of formatting each line; and of texts it is a third of that of bytes,
    # which looks for a buffer in each.
    parts = [end + head, "", ""] * len(rows)
    parts[0] = head
    parts[1::3] = _numbered(middle, range(len(rows)) if numbers is None else numbers)
    parts[2::3] = ends
    parts.append(end)
    return "".join(parts).encode()


def _numbers(table: NDArray[np.float32]) -> list[str]:
    """Return each row of a float32 table as comma-separated shortest decimals."""
    text = orjson.dumps(table, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    if "n" not in text:
        return text.strip("[]").split("],[")
    return [",".join(map(str, row)) for row in table]  # JSON has null for what is not finite


def _mixed(table: NDArray[np.float32], texts: Mapping[int, Mapping[float, str]]) -> list[str]:
    """Return each row as :func:`_numbers` does, but with the texts of the values that have one."""
    columns = []
    for position, column in enumerate(np.ascontiguousarray(table.T)[:, :, np.newaxis]):
        words = texts.get(position, {})
        values = column[:, 0].tolist() if words else []
        different = set(values)
        cells = {value: escape_field(words[value]) for value in words.keys() & different}
        if cells and len(cells) == len(different):
            columns.append(list(map(cells.__getitem__, values)))
        else:
            numbers = _numbers(column)
            columns.append(list(map(cells.get, values, numbers)) if cells else numbers)
    return list(map(",".join, zip(*columns, strict=True)))


def _join_row(
    row: NDArray[np.float32], prediction: NDArray[np.float32], texts: Mapping[int, Mapping[float, str]] | None
) -> str:
    """Return one row, (1, k), and its prediction, (1,), as the two above would; empty if a number is not finite."""
    text = orjson.dumps([row, prediction], option=orjson.OPT_SERIALIZE_NUMPY).decode()
    if "n" in text:
        return ""
    text = text[3:-2].replace("]],[", ",")
    if not texts:
        return text
    cells = text.split(",")
    for position, words in texts.items():
        word = words.get(row.item(position))
        if word is not None:
            cells[position] = escape_field(word)
    return ",".join(cells)


def _numbered(middle: str, numbers: Sequence[int]) -> Sequence[str]:
    """Return each row number, followed by ``middle``."""
    if isinstance(numbers, range) and len(numbers) <= _MAX_CACHED_ROWS:
        return _numbered_below(middle, 1 << (len(numbers) - 1).bit_length())[: len(numbers)]
    return [f"{number}{middle}" for number in numbers]


@lru_cache(maxsize=4)
def _numbered_below(middle: str, count: int) -> tuple[str, ...]:
    return tuple(f"{number}{middle}" for number in range(count))


# Up to this many row numbers are cached as text for a version in a role: a megabyte at most.
_MAX_CACHED_ROWS = 1 << 14

# What a spreadsheet may take for a formula, also behind quotes: so the quote that guards a text can be told from one
# that is part of it.
_FORMULA = re.compile(r"'*+[=+\-@\t\r]")
_FORMULA_STARTS = "'=+-@\t\r"
_SHORT = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}  # the backslash comes first
_ESCAPES = str.maketrans(
    {code: f"\\u{code:04x}" for code in (*range(0x80, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000))}
    | {code: f"\\x{code & 0xFF:02x}" for code in (*range(0x20), 0x7F, *range(0xDC80, 0xDD00))}
    | {ord(character): escape for character, escape in _SHORT.items()}
)
_LONG = {escape: character for character, escape in _SHORT.items()}
_ESCAPE = re.compile(r"\\[\\nrt]|\\u[0-9a-f]{4}|(?:\\x[0-9a-f]{2})+")

# The bytes that need no escape, and the characters that make the rest of a body worth no reading.
_PLAIN = bytes(code for code in range(0x20, 0x7F) if code != 0x5C)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


def escape_field(text: str) -> str:
    r"""Return a text as one CSV field (RFC 4180) that is safe to open in a spreadsheet and to print on a terminal.

    Control characters become ``\n``, ``\r``, ``\t``, ``\xNN`` or ``\uNNNN``, and a backslash becomes two (CWE-117). A
    byte that is not UTF-8 (a surrogate, as surrogateescape leaves it) becomes ``\xNN``. A text that a spreadsheet would
    take for a formula gets a leading ``'`` (CWE-1236).
    """
    if "\\" in text or not text.isprintable():
        return _quoted(text, text.translate(_ESCAPES))
    return _quoted(text, text)


# For texts that most requests repeat. Clients can make up new ones, but none longer than a header line may be.
_escape_repeated = lru_cache(maxsize=64)(escape_field)


@lru_cache(maxsize=64)
def _join_repeated(*texts: str) -> str:
    return ",".join(map(escape_field, texts))


def _escape_body(body: bytes) -> str:
    r"""Return bytes as one CSV field, at the speed of memory, whatever they are.

    Text in UTF-8 becomes what :func:`escape_field` makes of it. In other bytes, all that are not ASCII become ``\xNN``.
    """
    if not body.translate(None, _PLAIN):
        text = escaped = body.decode()
    elif not body.isascii() and (decoded := _decode_text(body)) is not None:
        text = escaped = decoded
        for character, escape in _SHORT.items():
            escaped = escaped.replace(character, escape)
    else:
        text = body.decode("latin-1")
        escaped = text.encode("unicode_escape").decode()
    return _quoted(text, escaped)


def _decode_text(body: bytes) -> str | None:
    """Return text that is UTF-8, with no control characters but those of ``_SHORT``; None for other bytes."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _quoted(text: str, escaped: str) -> str:
    guard = "'" if text[:1] in _FORMULA_STARTS and _FORMULA.match(text) else ""
    if '"' in escaped or "," in escaped:
        return '"' + guard + escaped.replace('"', '""') + '"'
    return guard + escaped


def unescape_field(text: str) -> str:
    """Return the text that was escaped. The CSV reader has removed the quotes of the field."""
    text = _ESCAPE.sub(_unescape, text)
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


def _unescape(match: re.Match[str]) -> str:
    escape = match[0]
    if escape in _LONG:
        return _LONG[escape]
    if escape.startswith("\\u"):
        return chr(int(escape.removeprefix("\\u"), 16))
    return bytes.fromhex(escape.replace("\\x", "")).decode("utf-8", "surrogateescape")
