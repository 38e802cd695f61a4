"""Rows of one version for another one, whose codes stand for other texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry import Input, Missing, Signature
from registry.recoding import Recoder
from tests.conftest import FLATS, HOUSES

ROOMS, DISTRICT, BALCONY = FLATS.inputs


def with_input(item: Input) -> Signature:
    """FLATS with another input in the place of the one of this name."""
    return replace(FLATS, inputs=tuple(item if item.name == old.name else old for old in FLATS.inputs))


def with_levels(*levels: str, other: float | None = None, codes: tuple[float, ...] = ()) -> Signature:
    codes = codes or tuple(map(float, range(len(levels))))
    ends = (codes[0], codes[-1])
    return with_input(
        replace(DISTRICT, levels=levels, categories=codes, other=other, limits=ends, training=ends, example=codes[0])
    )


ROWS = np.array([[4, 0, 1], [-13, 1, 2], [5, 2, 0], [6, 3, 1]], dtype=np.float32)


def test_versions_of_the_same_levels_take_the_rows_as_they_are() -> None:
    for signature in (FLATS, HOUSES):
        recoder = Recoder(signature, replace(signature, title="Another"))
        assert recoder.changes_nothing
        assert recoder.recode(ROWS).rows is ROWS


def test_a_code_becomes_that_of_the_same_text() -> None:
    target = with_levels("Höchst", 'the "old" town', "Nordend, West", "elsewhere", other=8, codes=(2, 4, 6, 8))
    recoded = Recoder(FLATS, target).recode(ROWS)
    assert recoded.taken.all()
    np.testing.assert_array_equal(recoded.rows[:, 1], [8, 6, 4, 2])
    np.testing.assert_array_equal(recoded.rows[:, [0, 2]], ROWS[:, [0, 2]])
    np.testing.assert_array_equal(Recoder(target, FLATS).recode(recoded.rows).rows, ROWS)


def test_a_text_that_the_other_version_does_not_know_is_its_level_for_others_or_refused() -> None:
    texts = ("elsewhere", "Höchst")
    recoded = Recoder(FLATS, with_levels(*texts, other=0)).recode(ROWS)
    assert recoded.rows[:, 1].tolist() == [0, 0, 0, 1]
    assert recoded.taken.all()
    recoded = Recoder(FLATS, with_levels(*texts)).recode(ROWS)
    assert recoded.taken.tolist() == [True, False, False, True]
    assert recoded.refused[1] == "district: it does not know 'Nordend, West'"


def test_a_missing_value_stays_missing_or_is_refused() -> None:
    assert ROOMS.missing is not None
    other = with_input(replace(ROOMS, missing=replace(ROOMS.missing, value=-20)))
    assert Recoder(FLATS, other).recode(ROWS).rows[:, 0].tolist() == [4, -20, 5, 6]
    recoded = Recoder(FLATS, with_input(replace(ROOMS, missing=None))).recode(ROWS)
    assert recoded.refused == {1: "rooms: is missing, and it needs a value"}


@pytest.mark.parametrize("word", ["-999", "-999.0", "-99.9"])
def test_a_number_of_one_version_may_be_a_word_for_no_value_in_another(word: str) -> None:
    number = np.float32(word)
    source = with_input(replace(ROOMS, limits=(-2000, 15), missing=None))
    target = with_input(replace(ROOMS, missing=Missing(-1, 3, texts=("NA", word))))
    rows = np.array([[4, 0, 1], [number, 1, 0]], dtype=np.float32)
    recoded = Recoder(source, target).recode(rows)
    assert (recoded.rows[:, 0].tolist(), recoded.refused) == ([4, -1], {})
    words_alone = with_input(replace(ROOMS, missing=Missing(-1, 3)))
    assert not Recoder(words_alone, target).changes_nothing
    only_texts = with_input(replace(ROOMS, missing=Missing(-1, 3, texts=("NA",))))
    assert Recoder(words_alone, only_texts).changes_nothing


def test_what_was_a_number_in_one_version_may_be_a_text_in_another() -> None:
    numbers = with_input(replace(DISTRICT, categories=(), levels=(), other=None, limits=(0, 9), training=(0, 9)))
    texts = with_levels("0", "1", "2.5")
    rows = np.array([[4, 1, 0], [4, 2.5, 0], [4, 7, 0]], dtype=np.float32)
    recoded = Recoder(numbers, texts).recode(rows)
    assert recoded.rows[:2, 1].tolist() == [1, 2]
    assert list(recoded.refused) == [2]
    np.testing.assert_array_equal(Recoder(texts, numbers).recode(recoded.rows[:2]).rows, rows[:2])
    assert Recoder(FLATS, numbers).recode(ROWS).refused[1] == "district: it expects a number, not 'Nordend, West'"


def test_a_boolean_understands_the_words_of_another_version() -> None:
    source = with_input(replace(BALCONY, levels=("no", "yes")))
    assert Recoder(source, FLATS).recode(ROWS).rows[:, 2].tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize("text", ["nan", "inf", "-13"])
def test_no_text_becomes_a_number_that_the_other_version_would_take_for_something_else(text: str) -> None:
    source, target = with_levels("4", text), with_input(replace(ROOMS, name="district", aliases=()))
    recoded = Recoder(source, target).recode(np.array([[4, 0, 0], [4, 1, 0]], dtype=np.float32))
    assert recoded.refused == {1: f"district: it does not take {text}"}
