"""Files that a person edits: read once, with the digest of exactly the bytes that were read; text as UTF-8."""

from __future__ import annotations

import hashlib
from pathlib import Path

from filesystem import read_plain
from train.errors import TrainError


def read_file(path: Path, advice: str) -> tuple[bytes, str]:
    """Read a file.

    Args:
        advice: what to do if the file can't be read, for the error message.

    Returns:
        its bytes, and their SHA-256 in lower-case hexadecimal.

    Raises:
        TrainError: if the file can't be read.
    """
    try:
        content = read_plain(path)
    except OSError as error:
        raise TrainError(f"{path}: can't be read ({error.strerror}); {advice}") from error
    return content, hashlib.sha256(content).hexdigest()


def decode_text(path: Path, content: bytes) -> str:
    """Decode the bytes of a file as UTF-8, with or without a byte order mark.

    Raises:
        TrainError: naming the first line that is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1  # the decoder's own bytes: without the byte order mark
        raise TrainError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from error
