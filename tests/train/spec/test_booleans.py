"""Words for false and true: a known pair is put in order, any other is left alone."""

from __future__ import annotations

import unicodedata

import pytest

from train.spec.booleans import false_first


@pytest.mark.parametrize(
    ("texts", "ordered"),
    [
        (["yes", "no"], ["no", "yes"]),
        (["FALSE", "TRUE"], ["FALSE", "TRUE"]),
        (["Ja", "Nein"], ["Nein", "Ja"]),
        (["oui", "non"], ["non", "oui"]),
        (["sí", "no"], ["no", "sí"]),
        ([unicodedata.normalize("NFD", "sí"), "no"], ["no", unicodedata.normalize("NFD", "sí")]),
        (["si", "no"], ["no", "si"]),
        (["да", "нет"], ["нет", "да"]),
        (["wahr", "falsch"], ["falsch", "wahr"]),
        (["on", "off"], ["off", "on"]),
        (["t", "f"], ["f", "t"]),
        (["yes", "off"], []),
        (["yes", "Yes"], []),
        (["no"], []),
        (["yes", "no", "No"], []),
    ],
)
def test_what_means_false_comes_first(texts: list[str], ordered: list[str]) -> None:
    assert false_first(texts) == ordered
