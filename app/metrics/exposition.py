"""Prometheus' text format 0.0.4: families of samples as lines of text.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its samples, each with its labels and a suffix of its name, which only those of histograms have."""

    name: str
    kind: Kind
    help: str
    samples: list[tuple[str, Labels, float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> None:
        """Add a sample."""
        self.samples.append(("", labels, value))

    def add_histogram(self, bounds: Sequence[float], counts: Iterable[float], total: float, **labels: str) -> None:
        """Add the samples of a histogram.

        Args:
            bounds: the upper bounds of the buckets, ascending.
            counts: of each bucket, and of what is above them all.
            total: the sum of all values.
        """
        cumulated = list(accumulate(counts))
        for bound, count in zip([*map(_number, bounds), "+Inf"], cumulated, strict=True):
            self.samples.append(("_bucket", {**labels, "le": bound}, count))
        self.samples.extend([("_sum", labels, total), ("_count", labels, cumulated[-1])])


def render(families: Iterable[Family]) -> str:
    """Return the text of some metrics."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {_escape(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for suffix, labels, value in family.samples:
        pairs = ",".join(f'{name}="{_escape(text, quote=True)}"' for name, text in labels.items())
        yield f"{family.name}{suffix}{f'{{{pairs}}}' if pairs else ''} {_number(value)}"


def _escape(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text


def _number(value: float) -> str:
    """Return a number as Go's ParseFloat reads it: whole ones without a point, others in their shortest digits."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(float(value))]
    return str(int(value)) if value == int(value) else repr(float(value))
