"""The encoding of a CSV file, found from its bytes. What may be another one is refused."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from train.errors import TrainError

WESTERN = "cp1252"  # what Windows programs of Western Europe and America write
_KINDS = {  # the first bytes of files that are no text
    b"PK\x03\x04": "a workbook or another zip file",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"SQLite": "a SQLite database",
}
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SAMPLE = 1 << 16
# Bytes that are letters in other encodings, and signs that nobody writes inside or before a word in this one.
_NO_WESTERN_BYTE = re.compile(rb"[\x81-\x84\x86-\x90\x98\x9a-\x9f]")
_UTF_8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")  # of a file that is UTF-8 mostly
_NO_WESTERN_WORD = re.compile(
    r"[¤¦¨©¬\u00ad®¯±²³´¶¸¹¼½¾][^\W\d_]|[a-zß-ÿ][“”…•–—™][a-zß-ÿ]|[a-z][À-ÖØ-Þ]|[ðþÐÞ]|[¡-¿×÷]{2}"
)


def decode(path: Path, content: bytes) -> tuple[str, str]:
    """Return the text of a file without its byte order mark, and the name of its encoding.

    Raises:
        TrainError: if it is no text, or its encoding can't be told.
    """
    for beginning, kind in _KINDS.items():
        if content.startswith(beginning):
            raise TrainError(f"{path}: this is {kind}; save it as CSV, in UTF-8")
    if content.startswith(_UTF_32):
        raise TrainError(f"{path}: this is UTF-32; save it as UTF-8")
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "") or _guess(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise TrainError(f"{path}: begins like {encoding}, but is not: {error.reason}; save it as UTF-8") from error
        encoding, text = WESTERN, _western(path, content)
    if "\0" in text:
        raise TrainError(f"{path}, line {_line(text, text.index(chr(0)))}: has a NUL character; save it as UTF-8 text")
    return text, encoding


def _guess(content: bytes) -> str:
    """Return UTF-16 if nearly every second byte of the first ones is a NUL, and UTF-8 if not."""
    head = content[:_SAMPLE]
    first, second = head[::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if second > 0.4 * half and first < 0.05 * half:
        return "utf-16-le"
    if first > 0.4 * half and second < 0.05 * half:
        return "utf-16-be"
    return "utf-8"


def _western(path: Path, content: bytes) -> str:
    """Return the text if its words look like those of a Western language.

    Raises:
        TrainError: naming the first line that does not, or that is not UTF-8.
    """
    at = next(position for position, byte in enumerate(content) if byte > 127)
    found = _NO_WESTERN_BYTE.search(content) or _UTF_8_LETTER.search(content)
    if not found:
        text = content.decode(WESTERN)
        strange = _NO_WESTERN_WORD.search(text) or _foreign(text)
        if strange is None and b"\n" in content:  # a file without line feeds comes from old Macs, whose letters differ
            return text
        at = strange.start() if strange else at  # a character is a byte in this encoding
    else:
        at = found.start()
    line = _line(content.decode("latin-1"), at)
    raise TrainError(f"{path}, line {line}: is not UTF-8, and can't be told from other encodings; save it as UTF-8")


def _foreign(text: str) -> re.Match[str] | None:
    """Return a word that is made of accents mostly, as those of other alphabets look in this encoding."""
    for word in re.finditer(r"[^\W\d_]{2,}", text):
        accents = sum(ord(letter) > 127 for letter in word[0])
        if accents == len(word[0]) or (accents > 2 and 2 * accents > len(word[0])):
            return word
    return None


def _line(text: str, position: int) -> int:
    return len(re.findall(r"\r\n|\r|\n", text[:position])) + 1
