"""The text of a spec: its tables in the order in which a person reads them, and the comments that say why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from train.init.inputs import PlannedInput
from train.init.limits import Limits
from train.init.plain_numbers import plain_number
from train.spec.csv_format import CsvFormat
from train.spec.toml_writer import format_toml

_WIDTH = 118
LARGE = 20_000  # rows; with more, fewer samples of the bootstrap tell as much


@dataclass(frozen=True, slots=True)
class Draft:
    """What a spec says, as far as it does not depend on the network.

    Attributes:
        file: the data, as the spec names it.
        rows: how many have a label; ``unlabelled`` have none.
        left_out: the columns that are no inputs, each with the reason, and how to keep it if that can be.
        strong: the columns that explain most of the label alone, with the share that they explain.
        notes: what a person should check.
    """

    model: str
    title: str
    seed: int
    file: str
    sha256: str
    form: CsvFormat
    inputs: Sequence[PlannedInput]
    label_column: str
    label_name: str
    label_title: str
    plausible: Limits
    rows: int
    unlabelled: int
    left_out: Mapping[str, str]
    strong: Mapping[str, float]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The network and the gates of a spec, and what was compared.

    Attributes:
        fit: the keys of `[fit]`; ``gates``: of `[gates]`.
        compared, measured: lines that say what was measured.
    """

    fit: Mapping[str, Any]
    gates: Mapping[str, float]
    compared: Sequence[str] = ()
    measured: Sequence[str] = ()


# Enough to read the data with, before anything was compared.
UNDECIDED = Choice({"architecture": "ridge", "penalty": 1.0}, {"parity": 1e-5, "test_vs_mean": 1.0})


def format_spec(draft: Draft, choice: Choice) -> str:
    """Return the text of a spec."""
    return "\n".join(_lines(draft, choice)) + "\n"


def _lines(draft: Draft, choice: Choice) -> Iterator[str]:
    yield from _comment(
        f"Written by `python -m train init` from {draft.file}: a beginning. Read it, correct it, add units."
    )
    yield from _keys({"model": draft.model, "title": draft.title, "seed": draft.seed})
    yield from ("", "[data]")
    yield from _keys({"file": draft.file}, {"file": "relative to this file's folder"})
    yield from _keys({"sha256": draft.sha256})
    yield from _comment("How the file is written:")
    yield from _keys(draft.form.to_toml(), {"missing": "these texts mean that there is no value"})
    for note in draft.notes:
        yield from _comment(note)
    if draft.left_out:
        yield from ("", "# These columns are left out:")
        for name, reason in draft.left_out.items():
            yield from _comment(f"{name}: {reason}", "  ")
    if draft.strong:
        yield ""
        yield from _comment(
            "Each of these columns explains much of the label by itself. If one is known only after the label is, take "
            "it out: nobody could send it."
        )
        for name, share in draft.strong.items():
            yield from _comment(f"{name}: {share:.0%}", "  ")
    for item in draft.inputs:
        yield from ("", "[[inputs]]")
        yield from _keys(item.content, item.comments)
    yield from ("", "[label]")
    yield from _keys({"column": draft.label_column})
    if draft.label_name != draft.label_column:
        yield from _keys({"name": draft.label_name})
    yield from _keys({"label": draft.label_title})
    low, high = plain_number(draft.plausible.low), plain_number(draft.plausible.high)
    yield from _keys({"plausible": [low, high]}, {"plausible": f"no prediction outside is sent; {draft.plausible.why}"})
    if draft.unlabelled:
        yield from _keys({"missing": "drop"}, {"missing": f"rows without a label: {draft.unlabelled}"})
    yield from ("", "[split]", "test = 0.2", "")
    yield from _table("fit", choice.fit, choice.compared)
    yield from ("", "[judge]  # every input is judged by its slices; add `slices` for columns that are no inputs")
    yield from _keys({"folds": 5, "bootstrap": 1000 if draft.rows <= LARGE else 200})
    yield ""
    yield from _table("gates", choice.gates, choice.measured)


def _table(name: str, content: Mapping[str, Any], comments: Sequence[str]) -> Iterator[str]:
    yield f"[{name}]"
    for comment in comments:
        yield from _comment(comment)
    yield from _keys(content)


def _keys(content: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a line for each key, with its comment behind it, or above it if the line would be too long."""
    for key, value in content.items():
        line = format_toml({key: value}).rstrip("\n")
        comment = (comments or {}).get(key, "")
        if comment and len(line) + len(comment) < _WIDTH:
            yield f"{line}  # {_printable(comment)}"
        else:
            yield from _comment(comment)
            yield line


def _comment(text: str, indent: str = "") -> Iterator[str]:
    """Yield a text as lines of comments; nothing for an empty one."""
    line = f"#{indent}"
    for word in _printable(text).split(" ") if text else ():
        if len(line) + len(word) >= _WIDTH and line.strip() != "#":
            yield line
            line = f"#{2 * indent}"  # a continued item of a list hangs
        line += f" {word}"
    if text:
        yield line


def _printable(text: str) -> str:
    """Return a text that is safe in a comment: a name of a column may hold anything."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
