"""The table of results: medians and ratios round by round, and a reason where there are none."""

from __future__ import annotations

from benchmarks.peers.contenders import Contender, instances
from benchmarks.peers.measure import Figures
from benchmarks.peers.table import Result, table


def contender(name: str) -> Contender:
    return Contender(name, instances("/predict"), "")


def figures(rate: float) -> Figures:
    return Figures(rate, p50=1.0, p99=9.0, cpu=250.0, rows_per_second=rate * 100, memory=60.0, start=0.5)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_are_medians_and_ratios_are_taken_within_a_round() -> None:
    ours = Result(contender("ours"), [figures(1000), figures(2000), figures(4000)])
    peer = Result(contender("peer"), [figures(500), figures(3000), figures(1000)])
    *_, first, second = table([ours, peer], 4).splitlines()
    assert cells(first)[:3] == ["ours", "2,000", "1.00 (1.00 to 1.00)"]
    assert cells(second)[:3] == ["peer", "1,000", "0.50 (0.25 to 1.50)"]
    assert cells(second)[3:10] == ["1.0", "9.0", "250", "100,000", "0.50 (0.25 to 1.50)", "60", "0.50"]


def test_who_was_not_measured_to_the_end_has_a_reason_instead() -> None:
    ours = Result(contender("ours"), [figures(1000), figures(2000)])
    peer = Result(contender("peer"), [figures(500)], failure="no | wheel")
    *_, header, _rule, first, second = table([ours, peer], 4).splitlines()
    assert cells(second) == ["peer", "no / wheel", *[""] * 9]
    assert len(cells(header)) == len(cells(first)) == len(cells(second))
