"""The share of a canary."""

from __future__ import annotations

from app.routing.table import bucket


def test_the_share_of_a_canary_is_that_of_the_requests() -> None:
    chosen = sum(bucket(f"request {number}", 7) < 0.05 for number in range(100_000))
    assert abs(chosen - 5000) < 227  # the 99.9 % interval of a binomial distribution: 3.29 standard deviations
