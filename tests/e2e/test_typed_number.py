"""Numbers as people type them: the scripts of the pages read each text as the service does."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from app.codecs.json_decoder import JsonDecoder
from app.codecs.typed_number import parse_typed
from app.codecs.validation import SignatureValidator
from registry import Missing
from tests.conftest import FLATS
from tests.e2e.conftest import open_page
from tests.e2e.server import serving

READ = """async (texts) => {
  const { parseTyped } = await import("/static/typed_number.js");
  return texts.map(parseTyped);
}"""
IS_NO_VALUE = """async ([texts, words]) => {
  const { isNoValue } = await import("/static/typed_number.js");
  return texts.map((value) => isNoValue({ value, dataset: { words } }));
}"""
SIGNS = ("", "+", "-", "\u2212", "--")
WHOLE = ("", "0", "6", "12", "066", "538", "1234", "12 34", "1 23", "0 234", "1 234", "1\u00a0234", "1\u2007234",
         "1\u2009234", "1\u202f234", "1'234", "1\u2019234", "1  234", "1 234 567", "1 234'567", "1,234", "0,234",
         "1.234", "1234.567", "1,234,567", "1.234.567", "12,345,678", "1,23,456", "1,234.567,", "0,123,456",
         "\u0663")  # fmt: skip
ENDS = ("", ".", ",", ".5", ",5", ",567", ".567", ",5678", "e3", "E-2", ",5e3", "e999", "e", "x", " \u20ac")
# What Python counts as space, and not all of what JavaScript does.
EDGES = ("", " ", "\t", "\n", "\u00a0", "\u202f", "\u3000", "\u2028", "\x1c", "\x85", "\ufeff", "'")
TEXTS = [*map("".join, product(SIGNS, WHOLE, ENDS)), *(f"{edge}1 234,5{edge}" for edge in EDGES), "0x10", "nan", "1_0"]
MARKS = st.text("0123456789" * 2 + ",. '-+\u2212e\u00a0\u202f\ufeffx", max_size=12)


def read(texts: Sequence[str]) -> list[float | None]:
    """Return what the service reads; None for what it does not take as a number."""
    return [value if isinstance(value, float) else None for value in map(parse_typed, texts)]


def test_the_script_reads_each_text_as_the_service_does(browser: Browser, models: Path) -> None:
    with serving(models, workers=1) as server, open_page(browser, server) as page:
        page.goto("/form")

        def read_in_page(texts: Sequence[str]) -> list[float | None]:
            return [None if math.isnan(value) else value for value in page.evaluate(READ, texts)]

        known = list(zip(TEXTS, read(TEXTS), strict=True))
        assert list(zip(TEXTS, read_in_page(TEXTS), strict=True)) == known
        assert 300 < sum(value is not None for _, value in known) < len(known) - 300

        @settings(max_examples=100, deadline=None, derandomize=True, database=None)
        @given(st.lists(MARKS, min_size=20, max_size=40))
        def check(texts: list[str]) -> None:
            assert read_in_page(texts) == read(texts)

        check()


WORDS = ("NA", "-999", "1,234", "0.5")
ITEM = replace(FLATS.inputs[0], limits=(600, 700), training=(600, 700), missing=Missing(-1, 650, texts=WORDS))
WRITTEN = ("NA", "na", " NA ", "N A", "-999", "-999.0", "\u2212999", " -999,00 ", "-9.99e2", "999", "-999x", "1,234",
           "1234", "1.234", "1 234", "0.5", "0,5", ",50", ".5", "5e-1", "+.5", "", " ", "\x1c", "\ufeff",
           "620")  # fmt: skip


def test_the_script_takes_the_same_texts_for_no_value_as_the_service_does(browser: Browser, models: Path) -> None:
    decoder = JsonDecoder(replace(FLATS, inputs=(ITEM,)), 1)
    validator = SignatureValidator(replace(FLATS, inputs=(ITEM,)))
    expected = []
    for text in WRITTEN:
        batch, _ = decoder.decode_form([(ITEM.name, text)])
        expected.append(not batch.errors and validator.make_rows(batch.values).item() == -1)
    assert (expected.count(True), expected.count(False)) == (17, 9)
    with serving(models, workers=1) as server, open_page(browser, server) as page:
        page.goto("/form")
        found = page.evaluate(
            IS_NO_VALUE, [WRITTEN, json.dumps([*WORDS, *ITEM.missing.numbers] if ITEM.missing else [])]
        )
        assert dict(zip(WRITTEN, found, strict=True)) == dict(zip(WRITTEN, expected, strict=True))
