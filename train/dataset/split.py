"""The split: which rows are trained with and which are tested with, and the folds of the cross-validation.

Copies, which are rows with the inputs of an earlier row, stay with that row: or else the model would be tested with
rows that it was trained with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, train_test_split

from train.dataset.csv_table import Indices
from train.errors import TrainError
from train.spec import Spec


def find_originals(rows: NDArray[np.float32]) -> Indices:
    """Return the position of the first row that is the same as each of the rows (n, k), int64 (n,).

    Args:
        rows: without NaN; -0 in them becomes 0.
    """
    rows += np.float32(0)  # then the bytes of a row say what it is
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, row = np.unique(keys, return_index=True, return_inverse=True)
    originals: Indices = first[row]
    return originals


def divide(spec: Spec, originals: Indices) -> tuple[Indices, Indices, tuple[tuple[Indices, Indices], ...]]:
    """Return the positions of the training rows, of the test rows, and of the rows of each fold: training, held-out.

    Args:
        originals: of each row, as :func:`find_originals` returns them.

    Raises:
        TrainError: if the copies leave a part with less than half of its rows, so that it can't be judged.
    """
    positions = np.arange(len(originals))
    split = train_test_split(positions, test_size=spec.test_fraction, random_state=spec.seed)
    train_rows, test_rows = _with_copies(spec, originals, split)
    kfold = KFold(spec.evaluation.folds, shuffle=True, random_state=spec.seed)
    held_out = _with_copies(spec, originals, [rows for _, rows in kfold.split(positions)])
    return train_rows, test_rows, tuple((np.delete(positions, rows), rows) for rows in held_out)


def keep_copies_together(originals: Indices, parts: Sequence[Indices]) -> list[Indices]:
    """Return parts of the rows, in which each copy has moved to the part of its original.

    Args:
        originals: of each row, as :func:`find_originals` returns them.
        parts: positions of rows; each row is in one of them.
    """
    drawn = np.empty_like(originals)
    for number, rows in enumerate(parts):
        drawn[rows] = number
    final = drawn[originals]
    return [
        np.concatenate([rows[final[rows] == number], np.flatnonzero((final == number) & (drawn != number))])
        for number, rows in enumerate(parts)
    ]


def _with_copies(spec: Spec, originals: Indices, parts: Sequence[Indices]) -> list[Indices]:
    """Return the parts with copies kept together, if each is still large enough."""
    divided = keep_copies_together(originals, parts)
    for before, after in zip(parts, divided, strict=True):
        if len(after) < len(before) / 2:
            raise TrainError(
                f"{spec.data_file}: too many rows have the inputs of an earlier row. They stay with that row, so a "
                f"part of the split or a fold has {len(after)} rows instead of {len(before)} and can't be judged; "
                f"remove such rows, or set fewer judge.folds or a larger split.test in {spec.file}"
            )
    return divided
