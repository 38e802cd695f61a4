"""A source of wrong truths is named, and the honest ones are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monitor.accuracy.sources import MOST, Source, judge_sources

SD = 3.0


def told(
    random: np.random.Generator, rows: int, client: str, *, bias: float = 0, source: str = "", alike: float = 1
) -> pd.DataFrame:
    """Truths of requests of 5 rows; ``alike`` is the standard deviation between the requests, that of rows is SD."""
    requests = np.arange(rows) // 5
    residual = random.normal(bias, SD, rows) + random.normal(0, alike, requests.max() + 1)[requests]
    names = [f"{client}{source}-{number}" for number in requests]
    return pd.DataFrame({"request_id": names, "residual": residual, "client": client, "source": source})


def named(sources: list[Source]) -> set[str]:
    return {source.source for source in sources if source.verdict == "differs"}


def test_the_one_client_that_tells_a_third_too_much_is_named_and_no_other() -> None:
    random = np.random.default_rng(1)
    honest = [told(random, 600, f"192.0.2.{number}") for number in range(10)]
    sources = judge_sources(pd.concat([told(random, 4000, "eve@198.51.100.1", bias=-6.6), *honest]))
    assert named(sources) == {"eve"}
    first = sources[0]
    assert (first.kind, first.share) == ("client", 0.4)
    assert first.bias == pytest.approx(-6.6, abs=0.3)
    assert first.effect == pytest.approx(-6.6 / np.hypot(SD, 1), abs=0.15)
    assert first.p < 1e-10
    assert first.rmse == pytest.approx(np.sqrt(6.6**2 + SD**2 + 1), abs=0.3)


def test_of_two_sources_the_one_with_less_truths_is_named() -> None:
    random = np.random.default_rng(2)
    rows = [told(random, 600, "a", source="survey"), told(random, 400, "a", source="guess", bias=-6)]
    sources = judge_sources(pd.concat(rows))
    assert named(sources) == {"guess"}
    assert {source.source for source in sources if source.verdict == "cannot_judge"} == {"survey", "a"}  # none is left


def test_of_two_sources_with_half_of_the_truths_each_nobody_knows_which_is_wrong() -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        rows = [told(random, 500, "a", source="survey"), told(random, 520, "a", source="guess", bias=6)]
        sources = [source for source in judge_sources(pd.concat(rows)) if source.kind == "source"]
        assert {source.verdict for source in sources} == {"differs"}
        assert sources[0].others == pytest.approx(sources[1].bias)


def test_two_liars_are_both_named() -> None:
    random = np.random.default_rng(3)
    liars = [told(random, 1000, name, bias=6) for name in ("eve", "mallory")]
    assert named(judge_sources(pd.concat([*liars, told(random, 3000, "ann"), told(random, 3000, "bob")]))) == {
        "eve",
        "mallory",
    }


def test_honest_sources_are_seldom_named_though_their_requests_differ() -> None:
    random = np.random.default_rng(4)
    alarms = 0
    for _ in range(150):
        rows = [told(random, 200, f"c{number}", source=f"s{number % 3}", alike=3) for number in range(8)]
        alarms += bool(named(judge_sources(pd.concat(rows))))
    assert alarms <= 5  # 1 % of 150, and chance


def test_what_one_source_tells_or_a_few_requests_cannot_be_compared() -> None:
    random = np.random.default_rng(5)
    assert {source.verdict for source in judge_sources(told(random, 500, "ann", bias=9))} == {"cannot_judge"}
    sources = judge_sources(pd.concat([told(random, 500, "ann"), told(random, 10, "eve", bias=20)]))
    assert {source.source: source.verdict for source in sources if source.kind == "client"} == {
        "ann": "cannot_judge",
        "eve": "cannot_judge",
    }
    assert judge_sources(told(random, 5, "ann").head(0)) == []


def test_of_very_many_clients_the_largest_are_looked_at() -> None:
    random = np.random.default_rng(6)
    rows = [told(random, 30, f"c{number}") for number in range(100)]
    sources = judge_sources(pd.concat([*rows, told(random, 500, "eve", bias=5)]))
    assert len([source for source in sources if source.kind == "client"]) == MOST
    assert named(sources) == {"eve"}
