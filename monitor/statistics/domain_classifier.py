"""The domain classifier: can a model tell the window's rows from the reference's? It adds up many small changes.

A logistic regression on the inputs' mid-ranks, their squares and their products. It found a changed correlation more
often than boosting, in a thirtieth of the time (docs/monitoring.md). It is blind to a relation in which no single input
and no correlation of two has changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.profiles.reference import Floats, Ints
from monitor.statistics.request_sums import Requests, request_sums, variance_of_mean

FOLDS = 5
_PENALTY = 1.0  # of the squared weights of standardized features: keeps separable rows and equal features harmless
_STEPS = 8  # of Newton; far from the optimum each halves the distance at least


@dataclass(frozen=True, slots=True)
class Separation:
    """The AUC of rows that the classifier was not fitted to, and how far it is above ½, in standard errors."""

    auc: float
    z: float


def statistic(window: Floats, reference: Floats, window_requests: Requests, reference_requests: Requests) -> Separation:
    """Return how well a classifier tells the rows apart, cross-fitted over five folds of whole requests.

    The variance of the AUC is that of its two means (DeLong, Biometrics 44 (1988) 837), between requests (Obuchowski,
    Biometrics 53 (1997) 567). It is doubled: if nothing has changed, what one fold has in common with another by chance
    raises the AUC of both, and counts twice. Without that, z of calm windows has the standard deviation 1.4.

    Args:
        window, reference: the mid-ranks of the inputs less ½, float64 (n, k) and (R, k); 0 for a missing value.
        window_requests, reference_requests: which request each row came with.
    """
    is_window = np.repeat([True, False], [len(window), len(reference)])
    folds = np.concatenate([_folds(window_requests), _folds(reference_requests)])
    all_scores = _cross_fit(_features(np.concatenate([window, reference])), is_window, folds)
    better = np.full(len(folds), np.nan)  # the share of the other sample's rows in the fold that the row beats
    for fold in range(FOLDS):
        test = folds == fold
        scores = all_scores[test]
        mine = is_window[test]
        if mine.any() and not mine.all():
            places = np.empty(len(scores))
            places[mine] = _share_below(scores[mine], scores[~mine])
            places[~mine] = 1 - _share_below(scores[~mine], scores[mine])
            better[test] = places
    of_window = request_sums(better[is_window, None], window_requests)
    of_reference = request_sums(better[~is_window, None], reference_requests)
    auc = float(of_window.mean[0])
    error = math.sqrt(2 * float(variance_of_mean(of_window)[0] + variance_of_mean(of_reference)[0]))
    if error > 0:
        return Separation(auc, (auc - 0.5) / error)
    return Separation(auc, 0.0 if auc == 0.5 else math.copysign(math.inf, auc - 0.5))  # all rows are equal, or none


def p_value(separation: Separation) -> float:
    """Return the one-sided probability of such an AUC if no classifier can tell the rows apart."""
    return math.erfc(separation.z / math.sqrt(2)) / 2


def effect(separation: Separation) -> float:
    """Return how far the AUC is above ½."""
    return separation.auc - 0.5


def _features(scores: Floats) -> Floats:
    """Return an intercept, the scores, their squares and products, each standardized, float64 (n, f)."""
    first, second = np.triu_indices(scores.shape[1])
    features = np.concatenate([scores, scores[:, first] * scores[:, second]], axis=1)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 1e-12, spread, np.inf)
    return np.concatenate([np.ones((len(features), 1)), features], axis=1)


def _cross_fit(features: Floats, label: np.ndarray, folds: Ints) -> Floats:
    """Return the score of each row by a classifier that was fitted to the other folds, float64 (n,)."""
    scores = np.empty(len(features))
    for fold in range(FOLDS):
        test = folds == fold
        scores[test] = features[test] @ _fit(features[~test], label[~test])
    return scores


def _fit(features: Floats, label: np.ndarray) -> Floats:
    """Return the weights of a logistic regression with a small ridge, by Newton's method, float64 (f,)."""
    penalty = np.full(features.shape[1], _PENALTY)
    penalty[0] = 1e-9
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        odds = np.clip(features @ weights, -30, 30)
        probability = 1 / (1 + np.exp(-odds))
        curvature = np.maximum(probability * (1 - probability), 1e-4)
        gradient = features.T @ (label - probability) - penalty * weights
        hessian = (features * curvature[:, None]).T @ features + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        weights += step
        if np.abs(step).max() < 1e-4:
            break
    return weights


def _folds(requests: Requests) -> Ints:
    """Return the fold of each row; all rows of a request are in one. The same requests have the same folds."""
    known, codes = np.unique(requests, return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(len(known))
    folds: Ints = shuffled[codes] % FOLDS
    return folds


def _share_below(values: Floats, others: Floats) -> Floats:
    """Return the share of the others that each value is larger than; equal ones count half."""
    ordered = np.sort(others)
    below: Floats = (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, "right")) / (2 * len(ordered))
    return below
