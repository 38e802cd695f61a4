"""The report as HTML and as text: whole, small, inert, and the same as its JSON."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from monitor.report.render import to_html, to_text
from monitor.report.words import add_words
from tests.monitor.report.example import example, hostile, of_size, of_verdict

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[2J\x9b\u202e\n"
VERDICTS = ("calm", "drift", "accuracy", "cannot_judge")


class Tags(HTMLParser):
    """The tags of a page, each with its attributes, and whether each was closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_file_draws_each_verdict_and_needs_no_script_and_no_other_file(verdict: str) -> None:
    report = of_verdict(verdict)
    page = to_html(report)
    parsed = Tags(page)
    assert parsed.open == []
    assert report["headline"].replace("'", "&#39;") in page
    for tag, attributes in parsed.tags:
        assert tag not in ("script", "link", "iframe", "img", "object")
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "href")]
    assert [tag for tag, _ in parsed.tags].count("style") == 1
    assert "url(" not in page
    assert "@import" not in page
    assert not re.search(r"\b(nan|inf|None|Undefined)\b", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))


def test_each_chart_has_a_title_and_a_description_for_screen_readers_or_stands_beside_its_numbers() -> None:
    parsed = Tags(to_html(example()))
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    charts = [attributes for tag, attributes in parsed.tags if tag == "svg"]
    assert len(charts) == 3 + 2 * 4  # bars, lines, points; a histogram and the shift by day for each column
    for chart in charts:
        named = (chart.get("aria-labelledby") or "").split()
        assert chart.get("aria-hidden") == "true" or (len(named) == 2 and set(named) <= set(ids))


def test_the_file_stays_small_whatever_the_report_has() -> None:
    assert len(to_html(of_size(40, 90)).encode()) < 200_000
    assert len(to_html(of_size(300, 30)).encode()) < 200_000


def test_every_number_may_be_unknown() -> None:
    report = of_verdict("cannot_judge")
    for column in report["drift"]["columns"]:
        for name in ("mean", "sd", "shift_sd", "p", "effect", "psi", "wasserstein", "outside_share", "missing_share"):
            column[name] = None
        column |= {"tests": {}, "histogram": None, "power": None}
    report["drift"] |= {"joint": None, "shares": [], "days": []}
    report["accuracy"] |= {"expected": None, "representative": None}
    report["traffic"] |= {"series": [], "versions": [], "latency_ms": {"median": None, "p99": None}, "requests": 0}
    report["accuracy"]["days"] = [{**example()["accuracy"]["days"][1], "too_few": True}]
    assert "can’t judge" in to_html(report)
    assert "Can't judge" in to_text(report)


def test_hostile_text_is_text_in_the_file_and_harmless_on_a_terminal() -> None:
    report = hostile(HOSTILE)
    allowed = {tag for tag, _ in Tags(to_html(example())).tags}
    page = to_html(report)
    assert {tag for tag, _ in Tags(page).tags} == allowed
    assert "&lt;script&gt;alert(1)" in page
    assert all(line.isprintable() for line in to_text(report).split("\n"))


def test_the_text_has_the_verdict_the_columns_and_all_sentences() -> None:
    report = of_verdict("accuracy")
    text = to_text(report)
    assert text.startswith("Worse accuracy: RMSE 6.54, and at most 4.9 was expected\n")
    assert "rm                        +0.29 sd   0.173  p < 0.0001       0 %  calm" in text
    for sentence in (*report["findings"], *report["actions"], *report["not_judged"], *report["faults"]):
        assert f"  {sentence}\n" in f"{text}\n"


def test_the_share_inside_the_intervals_is_in_the_page_and_in_the_text() -> None:
    report = example()
    line = "89 % of 1127 true values (87 % to 91 %) lie inside the 90 % interval of their prediction"
    assert f"{line}.</p>" in to_html(add_words(report))
    assert "89 % (87 % to 91 %) of 1,127 true values lie inside" in to_text(add_words(report))
    report["accuracy"]["intervals"] |= {"verdict": "below"}
    assert f"{line}: <strong>too few</strong>.</p>" in to_html(add_words(report))
    report["accuracy"]["intervals"] |= {"verdict": "cannot_judge"}
    assert f"{line}, too few to judge by.</p>" in to_html(add_words(report))
    report["accuracy"]["intervals"] = None
    assert "interval of their prediction" not in to_html(add_words(report))
