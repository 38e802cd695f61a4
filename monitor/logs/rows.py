"""A block of rows of the prediction log, as arrays: what every reader returns, and all that a profile is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROLES = ("champion", "canary", "fallback", "shadow", "pinned")  # as the log writes them
IMPLAUSIBLE, OUTSIDE, INSTEAD_OF = "output:implausible", ":outside_training", "instead_of:"  # its flags
MISSING, OTHER = ":missing", ":other"  # so are these, behind an input: it was left out; its text is no level
EXPLAINED = "explained"  # is one, too
INTERVAL = "interval:"  # begins one, too: also an input may have this name, so those of inputs are looked for first
MAX_ERROR = 300  # characters of an error that are read
FEEDBACK = "/feedback"  # the end of each path to which ground truth is sent
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
Micros = NDArray[np.int64]  # microseconds since 1970 in UTC
Hashes = NDArray[np.uint64]


@dataclass(slots=True)
class PredictionRows:
    """Rows of the prediction log, in the order of the file; each array has an element a row.

    Attributes:
        times: when the request arrived, microseconds since 1970, int64 (n,).
        requests: of the request id, see :func:`hash_id`, uint64 (n,).
        numbers: which row of the request it is, int64 (n,).
        versions: int64 (n,).
        roles: positions in ROLES, int8 (n,); -1 for a role of another name.
        values: the inputs and the prediction, float32 (n, k + 1).
        flags: positions in ``texts``, int64 (n,).
        texts: the different flags of the block.
    """

    times: Micros
    requests: Hashes
    numbers: NDArray[np.int64]
    versions: NDArray[np.int64]
    roles: NDArray[np.int8]
    values: NDArray[np.float32]
    flags: NDArray[np.int64]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(slots=True)
class RequestRows:
    """Rows of the request log, in the order of the file; each array has an element a row.

    Attributes:
        times: as in PredictionRows, int64 (n,).
        statuses: of HTTP, int64 (n,).
        durations: milliseconds, float64 (n,).
        feedback: whether it brought ground truth, and asked for no prediction, bool (n,).
        errors: positions in ``texts``, int64 (n,).
        texts: the different errors of the block, the first MAX_ERROR characters of each; "" for none.
    """

    times: Micros
    statuses: NDArray[np.int64]
    durations: NDArray[np.float64]
    feedback: NDArray[np.bool_]
    errors: NDArray[np.int64]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.times)


Rows = TypeVar("Rows", PredictionRows, RequestRows)


def select(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """Return the rows where a mask, bool (n,), holds."""
    if chosen.all():
        return rows
    values = {item.name: getattr(rows, item.name) for item in fields(rows)}
    changes: Any = {name: value[chosen] for name, value in values.items() if isinstance(value, np.ndarray)}
    return replace(rows, **changes)


def factorize(texts: Sequence[str | None] | NDArray[np.object_]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the position of each text among the different ones, and these; the first is "", for None."""
    codes, different = pd.factorize(np.asarray(texts, dtype=object))
    return codes + 1, ["", *map(str, different)]


def micros(time: datetime) -> int:
    """Return a time in UTC as microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def hash_id(request_id: str) -> int:
    """Return the hash of a request id as the log's field holds it: the last 8 bytes of its MD5, little-endian.

    It is DuckDB's ``md5_number_lower``. It tells rows apart and picks a sample; nothing is kept safe by it.
    """
    digest = hashlib.md5(request_id.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "little")


def mix(hashes: Hashes, numbers: NDArray[np.int64]) -> Hashes:
    """Return a hash of each pair, uint64 (n,): the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    mixed = hashes + numbers.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
