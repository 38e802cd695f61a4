"""Text files that a person edits: read once, as UTF-8, with the digest of exactly the bytes that were read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from filesystem import read_plain
from train.errors import TrainError


def read_text_file(path: Path, advice: str) -> tuple[str, str]:
    """Read a UTF-8 file, with or without a byte order mark.

    Args:
        advice: what to do if the file can't be read, for the error message.

    Returns:
        its text, and the SHA-256 of its bytes in lower-case hexadecimal.

    Raises:
        TrainError: if the file can't be read, or naming the first line that is not UTF-8.
    """
    try:
        content = read_plain(path)
    except OSError as error:
        raise TrainError(f"{path}: can't be read ({error.strerror}); {advice}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1  # the decoder's own bytes: without the byte order mark
        raise TrainError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from error
    return text, hashlib.sha256(content).hexdigest()
