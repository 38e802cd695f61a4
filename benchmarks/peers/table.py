"""The table of what was measured, in Markdown, with the machine, the versions and the date."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median

from benchmarks.peers.contenders import Contender
from benchmarks.peers.environments import versions
from benchmarks.peers.measure import CONNECTIONS, Figures
from benchmarks.serving import ratios

HEADER = (
    "| server | requests/s | ratio | p50 ms | p99 ms | CPU µs a request | rows/s | ratio | MB | s to the first 200 "
    "| versions |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass
class Result:
    """What was measured of a contender: a round's figures each; or why it was not, or not to the end."""

    contender: Contender
    rounds: list[Figures] = field(default_factory=list)
    failure: str = ""


def table(results: Sequence[Result], seconds: float) -> str:
    """Return the table. Its ratios are to the first result, round by round: the median, the lowest and the highest."""
    reference, *_ = results
    lines = [_conditions(len(reference.rounds), seconds), "", HEADER, *(_line(result, reference) for result in results)]
    return "\n".join(lines)


def _line(result: Result, reference: Result) -> str:
    name = result.contender.name
    if result.failure:
        return f"| {name} | {result.failure.replace('|', '/')} {'| ' * 9}|"

    def middle(value: Callable[[Figures], float]) -> float:
        return median(map(value, result.rounds))

    def ratio(value: Callable[[Figures], float]) -> str:
        return ratios([*map(value, result.rounds)], [*map(value, reference.rounds)])

    cells = [
        name,
        f"{middle(lambda of: of.requests_per_second):,.0f}",
        ratio(lambda of: of.requests_per_second),
        f"{middle(lambda of: of.p50):.1f}",
        f"{middle(lambda of: of.p99):.1f}",
        f"{middle(lambda of: of.cpu):,.0f}",
        f"{middle(lambda of: of.rows_per_second):,.0f}",
        ratio(lambda of: of.rows_per_second),
        f"{middle(lambda of: of.memory):.0f}",
        f"{middle(lambda of: of.start):.2f}",
        ", ".join(f"{name} {version}" for name, version in _versions(result.contender).items()),
    ]
    return f"| {' | '.join(cells)} |"


def _versions(contender: Contender) -> dict[str, str]:
    if contender.requirements:
        return versions(contender.requirements)
    return {package: metadata.version(package) for package in contender.packages}


def _conditions(rounds: int, seconds: float) -> str:
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    machine = f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}, Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%-d %B %Y}, {machine}. {rounds} rounds in turn, each with {seconds:g} s of one row a "
        f"request and {seconds / 2:g} s of 1,000; {CONNECTIONS} connections; medians."
    )
