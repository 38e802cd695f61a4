"""The data set of a retraining: the old training rows and the truths that were accepted, with a spec to train from.

dataset.csv      the rows; from_feedback tells which are truths, and further columns where each of these comes from
holdout.csv      the newest truths, to judge the new version by
quarantine.csv   every other truth, and why it is in neither; those for a person to look at stand first
dataset.json     counts by reason, client and source, and digests
spec.toml        the champion's spec over dataset.csv: `python -m train` takes it; beside it the code that it names
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journal.encoding import escape_field
from monitor.retraining.champion import DATASET, FROM_FEEDBACK, Champion, feedback_marks
from monitor.retraining.golden import Golden
from monitor.retraining.selection import (
    EACH_SHARE,
    FEEDBACK_SHARE,
    FOR_A_PERSON,
    HOLDOUT,
    MAX_DEVIATIONS,
    REASONS,
    Selection,
)
from registry import Signature
from registry.rows import csv_field
from train.spec.toml_writer import format_toml

HOLDOUT_FILE, QUARANTINE, SUMMARY, SPEC = "holdout.csv", "quarantine.csv", "dataset.json", "spec.toml"
_ORIGIN = {"request_id": "feedback_request_id", "row": "feedback_row", "source": "feedback_source"}
_NAMED = 20  # clients and sources that the summary names: those with the most truths


def write_dataset(
    folder: Path, champion: Champion, golden: Golden, selection: Selection, window: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the files of a data set into an existing folder.

    Args:
        window: what dataset.json says of when the truths are from.

    Returns:
        the content of dataset.json.
    """
    signature, label = champion.version.signature, champion.columns[-1]
    accepted, held_out = selection.of(""), selection.of(HOLDOUT)
    truths = as_sent(accepted.assign(row=accepted["row"].astype(str)), signature)
    truths = truths.rename(columns={**_ORIGIN, **dict(zip(signature.names, champion.columns[:-1], strict=True))})
    truths[label] = truths["actual"]
    words = _words(champion)
    no, yes = feedback_marks(words)
    rows = pd.concat(
        [champion.old_rows.assign(**{FROM_FEEDBACK: no}), truths.assign(**{FROM_FEEDBACK: yes})], ignore_index=True
    )
    digests = {
        DATASET: _write(
            folder / DATASET, rows[[*champion.columns, FROM_FEEDBACK, *_ORIGIN.values()]], champion.columns
        ),
        HOLDOUT_FILE: _write(folder / HOLDOUT_FILE, _readable(held_out, signature)),
        QUARANTINE: _write(
            folder / QUARANTINE, _readable(pd.concat(selection.of(reason) for reason in REASONS), signature)
        ),
    }
    spec, dropped = _derive_spec(champion, digests[DATASET], words)
    (folder / SPEC).write_text(spec, encoding="utf-8")
    for name, code in champion.code.items():
        (folder / name).write_bytes(code)
    summary = {
        "format": 1,
        "model": signature.model,
        "champion": champion.version.number,
        **window,
        "rows": {
            "old": len(champion.old_rows),
            "feedback": len(accepted),
            "holdout": len(held_out),
            "quarantine": len(selection.of(*REASONS)),
        },
        "caps": {"feedback": FEEDBACK_SHARE, "each": EACH_SHARE, "rows_each": selection.rows_each},
        "residuals": {
            "median": selection.center,
            "median_deviation": selection.spread,
            "most": MAX_DEVIATIONS * selection.spread,
        },
        "reasons": {reason: len(selection.of(reason)) for reason in REASONS},
        "clients": _by("client", selection.truths),
        "sources": _by("source", selection.truths),
        "golden": {"version": golden.version, "rows": len(golden.rows), "sha256": golden.sha256},
        "slices_left_out": dropped,
        "sha256": digests,
    }
    (folder / SUMMARY).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def describe(summary: Mapping[str, Any], folder: Path) -> str:
    """Return what a data set is made of, as text for a person."""
    rows, caps = summary["rows"], summary["caps"]
    lines = [
        f"{folder}: {rows['old']} old training rows, {rows['feedback']} truths; {rows['holdout']} newer for the test",
        f"a client or source may give {caps['rows_each']} truths, and all feedback {caps['feedback']:.0%} of the rows",
    ]
    lines += [f"left out, {reason}: {count}" for reason, count in summary["reasons"].items() if count]
    for kind in ("client", "source"):
        loud = [item for item in summary[f"{kind}s"] if item["put_aside"] + item["capped"] > item["used"]][:3]
        lines += [
            f"{kind} {item['name']!r}: of {item['truths']} truths, {item['put_aside']} are put aside for a person, and "
            f"{item['capped']} are over the cap"
            for item in loud
        ]
    if summary["slices_left_out"]:
        lines.append(f"not judged by slices of {', '.join(summary['slices_left_out'])}: truths have no such column")
    return "\n".join(lines)


def _by(column: str, truths: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return what became of the truths of each client, or of each source; first those who told most."""
    reason = truths["reason"]
    counted = {
        "truths": reason.notna(),
        "used": reason == "",
        "held_out": reason == HOLDOUT,
        "put_aside": reason.isin(FOR_A_PERSON),
        "capped": reason == f"cap of the {column}",
    }
    counts = pd.DataFrame(counted).groupby(truths[column].rename("name")).sum()
    return counts.sort_values("truths", ascending=False, kind="stable").head(_NAMED).reset_index().to_dict("records")


def _words(champion: Champion) -> list[str]:
    """Return what clients may send for a missing value, as a file with decimal points has it; the rows have nothing."""
    sent = (text for item in champion.version.signature.inputs if item.missing for text in item.missing.texts)
    return list(dict.fromkeys((*champion.spec["data"].get("missing", ()), *sent)))


def _derive_spec(champion: Champion, sha256: str, words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the champion's spec over dataset.csv, and the slices that it had to leave out."""
    slices = champion.spec["judge"].get("slices", [])
    kept = [name for name in slices if name in champion.columns and name != FROM_FEEDBACK]
    content = {
        **champion.spec,
        "data": {"file": DATASET, "sha256": sha256, **({"missing": words} if words else {})},
        "judge": {**champion.spec["judge"], "slices": [*kept, FROM_FEEDBACK]},
    }
    return format_toml(content), [name for name in slices if name not in (*kept, FROM_FEEDBACK)]


def as_sent(rows: pd.DataFrame, signature: Signature) -> pd.DataFrame:
    """Return rows with the inputs as clients send them: texts for codes, and nothing for what is missing."""
    columns = {}
    for item in signature.inputs:
        values = rows[item.name].to_numpy()
        if item.levels:
            columns[item.name] = np.array([item.texts.get(float(value), "") for value in values], dtype=object)
        else:  # float32 as the log has it: with the fewest digits that read back the same
            numbers = np.array([float(str(value)) for value in values])
            columns[item.name] = np.where(values == item.missing.value, np.nan, numbers) if item.missing else numbers
    return rows.assign(**columns)


def _readable(rows: pd.DataFrame, signature: Signature) -> pd.DataFrame:
    return as_sent(rows, signature) if any(item.texts for item in signature.inputs) else rows


def _write(path: Path, rows: pd.DataFrame, plain: Collection[str] = ()) -> str:
    """Write rows as CSV that is safe to open in a spreadsheet, as the logs are. Return the SHA-256 of the file.

    Args:
        plain: columns whose texts are written as they are, for a training must read these and no others.
    """
    columns = [_fields(rows[name], csv_field if name in plain else escape_field) for name in rows]
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(rows.columns)  # as the spec names them: no guard, but quotes
    lines = map(",".join, zip(*columns, strict=True))
    content = (header.getvalue() + "".join(f"{line}\n" for line in lines)).encode()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _fields(values: pd.Series[Any], field: Callable[[str], str]) -> list[str]:
    """Return values as CSV fields, texts as ``field`` writes them.

    Numbers have the fewest digits that read back the same, float32 as such.
    """
    if pd.api.types.is_object_dtype(values) or pd.api.types.is_string_dtype(values):
        return [field(text) for text in values.fillna("")]
    return ["" if pd.isna(value) else str(value) for value in values.to_numpy()]
