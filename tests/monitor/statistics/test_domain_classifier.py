"""The domain classifier: calm on equal rows, finds a changed relation, and keeps rows of one request together."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.statistics import domain_classifier


def rows(rng: np.random.Generator, count: int, correlation: float) -> np.ndarray:
    values = rng.standard_normal((count, 2))
    values[:, 1] = correlation * values[:, 0] + np.sqrt(1 - correlation**2) * values[:, 1]
    return np.clip(values / 6, -0.5, 0.5)


def test_a_relation_that_no_column_shows_is_found() -> None:
    rng = np.random.default_rng(1)
    numbers = np.arange(1000)
    found = domain_classifier.statistic(rows(rng, 1000, 0.8), rows(rng, 400, 0), numbers, numbers[:400])
    assert found.auc > 0.6
    assert domain_classifier.p_value(found) < 1e-4
    assert domain_classifier.effect(found) == pytest.approx(found.auc - 0.5)


@pytest.mark.parametrize("alike", [False, True])
def test_calm_windows_have_a_z_around_0_also_if_the_rows_of_a_request_are_alike(alike: bool) -> None:
    rng = np.random.default_rng(2)
    z = []
    for _ in range(200):
        window = rows(rng, 60 if alike else 600, 0.3)
        requests = np.arange(len(window))
        if alike:
            window, requests = np.repeat(window, 10, axis=0), np.repeat(requests, 10)
        z.append(domain_classifier.statistic(window, rows(rng, 400, 0.3), requests, np.arange(400)).z)
    assert np.std(z) < 1.2
    assert np.mean(np.array(z) > 2.9) <= 0.01


def test_rows_that_a_line_parts_and_columns_that_are_constant_are_no_trouble() -> None:
    window, reference = np.full((200, 3), 0.4), np.full((200, 3), -0.4)
    window[:, 2] = reference[:, 2] = 0
    numbers = np.arange(200)
    found = domain_classifier.statistic(window, reference, numbers, numbers)
    assert found.auc == 1
    assert found.z > 10
    same = domain_classifier.statistic(np.zeros((200, 3)), np.zeros((200, 3)), numbers, numbers)
    assert (same.auc, same.z) == (0.5, 0)
