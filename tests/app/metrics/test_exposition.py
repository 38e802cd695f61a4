"""Prometheus' text format: what its own parser would read back."""

from __future__ import annotations

from app.metrics.exposition import Family, render


def test_a_counter_has_its_help_its_type_and_its_samples() -> None:
    family = Family("a_total", "counter", "What it is.")
    family.add(3, route="/x", status="200")
    family.add(0.25)
    assert render([family]) == (
        '# HELP a_total What it is.\n# TYPE a_total counter\na_total{route="/x",status="200"} 3\na_total 0.25\n'
    )


def test_labels_and_help_are_escaped() -> None:
    family = Family("a", "gauge", 'back\\slash, "quotes"\nnext line')
    family.add(1, label='back\\slash, "quotes"\nnext line')
    help_line, _, sample, end = render([family]).split("\n")
    assert help_line == '# HELP a back\\\\slash, "quotes"\\nnext line'
    assert sample == 'a{label="back\\\\slash, \\"quotes\\"\\nnext line"} 1'
    assert end == ""


def test_the_buckets_of_a_histogram_add_up() -> None:
    family = Family("a_seconds", "histogram", "Times.")
    family.add_histogram([0.5, 1], [2, 0, 3], 7.5, route="/")
    assert render([family]).splitlines()[2:] == [
        'a_seconds_bucket{route="/",le="0.5"} 2',
        'a_seconds_bucket{route="/",le="1"} 2',
        'a_seconds_bucket{route="/",le="+Inf"} 5',
        'a_seconds_sum{route="/"} 7.5',
        'a_seconds_count{route="/"} 5',
    ]


def test_every_double_is_written_as_prometheus_reads_it() -> None:
    family = Family("a", "gauge", "Numbers.")
    numbers = [float("nan"), float("inf"), float("-inf"), 0.1, 1e-300, 2.0**53, -0.5]
    for number in numbers:
        family.add(number)
    texts = [line.rpartition(" ")[2] for line in render([family]).splitlines()[2:]]
    assert texts == ["NaN", "+Inf", "-Inf", "0.1", "1e-300", "9007199254740992", "-0.5"]
