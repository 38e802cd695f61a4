"""Words for missing values, which may be levels of texts, and numbers that stand for them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from train.init.missing import in_numbers, in_texts, sentinel


def test_every_known_word_means_a_missing_number() -> None:
    assert in_numbers(["1", "", "NA", "?", "-", "None", "2"]) == {"NA", "?", "-", "None"}


def test_words_that_may_be_levels_stay_texts() -> None:
    assert in_texts(Counter({"None": 5, "Gable": 9, "-": 2, "unknown": 3, "": 1, "?": 1})) == {"?"}


def test_na_is_a_level_among_codes_of_two_letters() -> None:
    assert in_texts(Counter({"EU": 5, "NA": 3, "AS": 2})) == set()
    assert in_texts(Counter({"Asia": 5, "NA": 3, "Europe": 2})) == {"NA"}


def test_a_number_far_from_all_others_may_stand_for_a_missing_one() -> None:
    values = [float(n) for n in range(30)]
    assert sentinel(np.array([*values, -999.0, -999.0])) == -999.0
    assert sentinel(np.array([*values, -1.0, -1.0])) is None
    assert sentinel(np.array([*values, -999.0])) is None
