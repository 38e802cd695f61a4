"""Simulated rows, calm and changed, for the rates of error of drift tests. Needs numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAMES = ("normal", "skewed", "tied", "category", "prediction")


@dataclass(frozen=True)
class Change:
    """What is different in a window.

    Attributes:
        column: the input that changes. shift: in standard deviations of the normal variable behind it.
        correlation: of the first two inputs. missing: more missing cells, as a share.
        code: the share of rows that have the last category instead of their own. unseen: a new one.
        outside: the share of rows far beyond the reference's range.
    """

    column: int = 0
    shift: float = 0.0
    correlation: float = 0.5
    missing: float = 0.0
    code: float = 0.0
    unseen: float = 0.0
    outside: float = 0.0


CALM = Change()


def simulate(
    rng: np.random.Generator, rows: int, change: Change, size: int = 1, alike: float = 0.0, missing: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return rows, float32 (n, 5), the prediction last, and the request of each, int64 (n,)."""
    if size == 1:
        requests = np.arange(rows)
    else:
        sizes = 1 + rng.poisson(size - 1, 2 * rows // size + 10)
        requests = np.repeat(np.arange(len(sizes)), sizes)[:rows]
    latent = rng.standard_normal((rows, 4))
    if alike:
        of_requests = rng.standard_normal((int(requests[-1]) + 1, 4))
        latent = np.sqrt(alike) * of_requests[requests] + np.sqrt(1 - alike) * latent
    latent[:, 1] = change.correlation * latent[:, 0] + np.sqrt(1 - change.correlation**2) * latent[:, 1]
    latent[:, change.column] += change.shift
    latent[rng.random(rows) < change.outside, change.column] += 20
    category = np.digitize(latent[:, 3], [-1.3, 0.0, 1.0]).astype(float)  # shares 0.10, 0.40, 0.34, 0.16
    category[rng.random(rows) < change.code] = 3
    category[rng.random(rows) < change.unseen] = 9
    prediction = latent[:, 0] + np.tanh(latent[:, 1]) - 0.5 * latent[:, 2] + 0.3 * category
    skewed = np.exp(np.minimum(latent[:, 1], 80))
    table = np.stack([latent[:, 0], skewed, np.floor(2 * latent[:, 2]), category, prediction], axis=1).astype(
        np.float32
    )
    by_request = rng.random(int(requests[-1]) + 1)[requests] if alike else rng.random(rows)
    share = missing + change.missing
    if share:
        table[by_request < share, change.column] = np.nan
    return table, requests
