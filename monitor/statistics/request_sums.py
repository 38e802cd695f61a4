"""Sums by request from rows in memory: of a reference, or of a sample."""

from __future__ import annotations

import numpy as np

from monitor.profiles.profile import RequestSums
from monitor.profiles.reference import Floats, Ints


def request_sums(scores: Floats, requests: Ints) -> RequestSums:
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


def variance_of_mean(sums: RequestSums) -> Floats:
    """Return the variance of each mean score, from the differences between requests (as RequestSums.design_effect)."""
    mean = sums.mean
    between = sums.request_squares - 2 * mean * sums.request_products + mean**2 * sums.size_squares
    variance: Floats = np.maximum(between, 0) / sums.rows**2 * sums.requests / np.maximum(sums.requests - 1, 1)
    return variance
