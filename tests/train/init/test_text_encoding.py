"""Encodings: told from the bytes, and refused where letters may be others."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.errors import TrainError
from train.init.text_encoding import decode

FILE = Path("data.csv")


@pytest.mark.parametrize(
    "text",
    ["Café crème", "Größe in m²", "niño, año, España", "Ærø", "5 € – “quoted”", "été", "don’t", "25 °C", "naïve"],
)
def test_words_of_western_languages_are_read_without_utf_8(text: str) -> None:
    assert decode(FILE, f"a\n{text}\n".encode("cp1252")) == (f"a\n{text}\n", "cp1252")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Москва", "cp1251"),
        ("Москва", "koi8-r"),
        ("Αθήνα", "cp1253"),
        ("Łódź", "cp1250"),
        ("Příbram, Žďár", "cp1250"),
        ("Iğdır", "cp1254"),
        ("東京", "shift_jis"),
        ("東京", "euc_jp"),
        ("北京", "gbk"),
        ("서울", "euc_kr"),
        ("Café", "mac_roman"),
        ("Größe", "cp850"),
        ("niño", "cp437"),
    ],
)
def test_other_languages_without_utf_8_are_refused(text: str, encoding: str) -> None:
    with pytest.raises(TrainError, match=r"data.csv, line 2: is not UTF-8, and can't be told .*; save it as UTF-8"):
        decode(FILE, f"a\n{text}\n".encode(encoding))


def test_a_file_that_only_begins_like_utf_16_is_refused() -> None:
    with pytest.raises(TrainError, match="begins like utf-16, but is not"):
        decode(FILE, b"\xff\xfea\0b")


def test_a_file_that_is_mostly_utf_8_is_not_read_as_another() -> None:
    with pytest.raises(TrainError, match="line 1: is not UTF-8"):
        decode(FILE, "Café\n".encode() + "Café\n".encode("cp1252"))
