"""Sums by request from rows in memory: of a reference, or of a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.profiles.profile import RequestSums
from monitor.profiles.reference import Floats

Requests = NDArray[np.int64] | NDArray[np.uint64]


def request_sums(scores: Floats, requests: Requests) -> RequestSums:
    """Return the sums over rows and requests.

    Args:
        scores: float64 (n, s); NaN where a row has none.
        requests: which request each row came with, (n,).
    """
    codes = np.unique(requests, return_inverse=True)[1]
    has = ~np.isnan(scores)
    filled = np.where(has, scores, 0.0)
    by_request = [np.bincount(codes, weights=column) for column in filled.T]
    sizes = [np.bincount(codes, weights=column) for column in has.T]
    total, size = np.array(by_request), np.array(sizes)
    return RequestSums(
        rows=size.sum(axis=1),
        requests=(size > 0).sum(axis=1).astype(np.float64),
        total=total.sum(axis=1),
        squares=(filled**2).sum(axis=0),
        request_squares=(total**2).sum(axis=1),
        request_products=(total * size).sum(axis=1),
        size_squares=(size**2).sum(axis=1),
    )


def equal_requests(sums: RequestSums) -> Floats:
    """Return how many requests of one size weigh as much as these: (Σm)² / Σm². One that has nearly all rows weighs 1.

    The variance between requests says little of a mean that one of them makes.
    """
    return sums.rows**2 / np.maximum(sums.size_squares, 1)


def variance_of_mean(sums: RequestSums) -> Floats:
    """Return the variance of each mean score, from the differences between requests (as RequestSums.design_effect)."""
    mean = sums.mean
    between = sums.request_squares - 2 * mean * sums.request_products + mean**2 * sums.size_squares
    variance: Floats = np.maximum(between, 0) / sums.rows**2 * sums.requests / np.maximum(sums.requests - 1, 1)
    return variance
