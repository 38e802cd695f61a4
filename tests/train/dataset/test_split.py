"""The split: which rows are copies, and that they stay together. How rows are divided is tested with the data."""

from __future__ import annotations

import numpy as np

from train.dataset.split import find_originals, keep_copies_together


def test_the_original_is_the_first_row_that_is_the_same() -> None:
    rows = np.array([[1, 2], [0, 3], [1, 2], [-0.0, 3], [2, 1], [1, 2]], np.float32)
    assert find_originals(rows).tolist() == [0, 1, 0, 1, 4, 0]
    assert find_originals(np.asfortranarray(rows)).tolist() == [0, 1, 0, 1, 4, 0]


def test_copies_move_to_the_part_of_their_original() -> None:
    originals = np.array([0, 1, 0, 3, 1, 5])
    parts = [np.array([4, 0, 3]), np.array([2, 5, 1])]
    assert [part.tolist() for part in keep_copies_together(originals, parts)] == [[0, 3, 2], [5, 1, 4]]
