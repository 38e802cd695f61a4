"""The draft of a spec: which columns become inputs, and all else that does not depend on the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from train.errors import TrainError
from train.init.column import NUMBER, Column
from train.init.column_types import Table
from train.init.inputs import plan_inputs
from train.init.leakage import find_leaks
from train.init.limits import label_limits
from train.init.missing import sentinel
from train.init.names import human
from train.init.plain_numbers import shown
from train.init.redundancy import find_useless, why_no_input
from train.init.report import column_table, how_to_keep
from train.init.sniffer import Sniffed
from train.init.spec_writer import Draft

SEED = 42


def make_draft(
    path: Path, out: Path, model: str, sniffed: Sniffed, table: Table, label: Column, unlabelled: int
) -> tuple[Draft, list[str]]:
    """Return what the spec says without the network, and what to say on the terminal.

    Args:
        label: one of the table's columns; all of them have only the rows with a label.
        unlabelled: how many rows have none.

    Raises:
        TrainError: if no column is left, or one is wanted that can be no input.
    """
    _require_wanted(path, table.columns)
    find_useless(table.columns, label)
    used = [column for column in table.columns if column is not label and not column.left_out]
    strong = find_leaks(used, label, SEED)
    inputs, label_name = plan_inputs(table.columns, label)
    names: dict[int, list[str]] = {}
    for item in inputs:
        names.setdefault(id(item.column), []).append(item.content["name"])
    left_out = {
        column.name or "(no name)": f"{column.left_out}{how_to_keep(column)}"
        for column in table.columns
        if column.left_out
    }
    form = ", ".join(f"{key} {value!r}" for key, value in table.form.to_toml().items())
    summary = [f"{path}: {table.rows} rows, {len(table.columns)} columns; {form}"]
    summary += [*sniffed.notes, "", column_table(table.columns, label, names), ""]
    if unlabelled:
        summary.append(f"rows without a label, which are dropped: {unlabelled}")
    doubts = _doubts([item for item in used if not item.left_out])
    notes = [*sniffed.notes, *doubts]
    if strong:
        strongest = ", ".join(f"{name} {share:.0%}" for name, share in list(strong.items())[:5])
        summary.append(
            f"warning: each of these explains much of the label by itself; is it known before the label is? {strongest}"
        )
    summary += [f"warning: {doubt}" for doubt in doubts]
    if not inputs:
        raise TrainError(
            "\n".join([*summary, f"{path}: no column is left that a model could learn from; see the table"])
        )
    draft = Draft(
        model=model,
        title=f"{human(label.name)}, from {path.name}",
        seed=SEED,
        file=Path(os.path.relpath(path.resolve(), out.resolve().parent)).as_posix(),
        sha256=table.sha256,
        form=table.form,
        inputs=inputs,
        label_column=label.name,
        label_name=label_name,
        label_title=human(label.name),
        plausible=label_limits(label.values),
        rows=label.rows,
        unlabelled=unlabelled,
        left_out=left_out,
        strong=strong,
        notes=notes,
    )
    return draft, summary


def _require_wanted(path: Path, columns: Sequence[Column]) -> None:
    for column in columns:
        if column.is_wanted and (reason := why_no_input(column)):
            raise TrainError(f"{path}: --keep {column.name}: it can't be an input: {reason}")


def _doubts(columns: Sequence[Column]) -> list[str]:
    """Return what a person should check: numbers that may mean missing ones, and decimals that may be thousands."""
    doubts = []
    for column in columns:
        if column.thousands:
            doubts.append(
                f"{column.name}: all its numbers have three digits behind the mark, as {column.thousands!r}, and "
                "are read as decimals; if they are thousands, write them without the mark"
            )
        value = sentinel(column.values[~np.isnan(column.values)]) if column.kind == NUMBER else None
        if value is not None:
            doubts.append(
                f"{column.name}: {shown(value)} in {int(np.sum(column.values == value))} rows may mean that the value "
                f'is missing; if so, add "{shown(value)}" to data.missing, add missing to {column.name}, and set its '
                "limits so that they leave the number out"
            )
    return doubts
