"""Text files: what is read, and which errors name the file and the line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from train.errors import TrainError
from train.text_file import read_text_file


@pytest.mark.parametrize(
    "content", [b"caf\xc3\xa9\r\n", b"\xef\xbb\xbfcaf\xc3\xa9\r\n"], ids=["plain", "byte order mark"]
)
def test_the_text_and_the_digest_of_the_bytes_are_returned(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    file = read_text_file(path, "")
    assert file.text == "café\r\n"
    assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_the_first_line_that_is_not_utf8_is_named(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(start + b"a\ncaf\xe9\n\xe9")
    with pytest.raises(TrainError, match="latin.txt, line 2: not UTF-8; save the file as UTF-8"):
        read_text_file(path, "")


def test_a_missing_file_is_named_with_the_advice(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="none.txt: can't be read .*; look elsewhere"):
        read_text_file(tmp_path / "none.txt", "look elsewhere")
