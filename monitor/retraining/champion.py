"""What a retraining starts from: the champion, its spec and its training rows.

The spec is the one in the champion's card, which the history protects. Its data file may be anywhere, but must have the
SHA-256 that the card names.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import train
from filesystem import read_plain
from monitor.errors import MonitorError
from monitor.profiles.reference import Float32s
from monitor.retraining.golden import Golden
from monitor.retraining.selection import key
from registry import Input, Signature, Version, VersionStore, name_beside
from train.errors import TrainError
from train.spec.toml_writer import format_toml

if TYPE_CHECKING:
    from train.dataset import Dataset
    from train.spec import InputSpec, Spec

DATASET = "dataset.csv"
FROM_FEEDBACK = "from_feedback"  # a column of each data set made here: see feedback_marks


@dataclass(frozen=True, slots=True)
class Champion:
    """The champion, ready to predict, and what it was trained with.

    Attributes:
        spec: the content of its spec, as it is over a file with these columns.
        data_sha256: of the file that it was trained with.
        columns: the names of the inputs in a data set, then that of the label: those of the data, but each input has
            one of its own, which holds what the input is and no date.
        old_rows: the rows it was trained with, but those that came as feedback: these columns, float64 or texts, NaN
            for what is missing.
        code: the author's code that builds its network, by the name of the file; empty for a network of ours.
    """

    version: Version
    spec: Mapping[str, Any]
    data_sha256: str
    columns: tuple[str, ...]
    old_rows: pd.DataFrame
    code: Mapping[str, bytes] = field(default_factory=dict)


def load_champion(store: VersionStore, golden: Golden, retrainings: Path, data_file: Path | None = None) -> Champion:
    """Open the champion and read its training rows.

    Args:
        retrainings: the folder of the data sets that were made here before; the champion's may be one of them.
        data_file: the champion's data, if they are neither there nor beside a shipped spec.

    Raises:
        MonitorError: if the card names no data, or they can't be found or read.
        RegistryError: if the champion's files were changed.
    """
    from train.dataset import load_dataset
    from train.metadata import test_rows_digest
    from train.spec import read_spec

    number = store.number_of("champion")
    card = store.card(number)
    try:
        content, sha256, test_rows = card["spec"]["content"], card["data"]["sha256"], card["split"]["test_rows_sha256"]
        names = [Path(train.__file__).parent / content["data"]["file"], *sorted(retrainings.glob(f"*/{DATASET}"))]
    except (KeyError, TypeError) as error:
        raise MonitorError(
            f"{store.folder / str(number)}: its card does not say what it was trained with ({error} is missing); "
            "train a version from a spec, and promote it"
        ) from error
    if "fitted" in card:
        raise MonitorError(
            f"version {number} came fitted, in the file {card['fitted']['file']}: nothing here can fit it to new rows; "
            "fit it again where it was made, or train a version from a spec with `[fit] architecture`, and promote it"
        )
    code = {name: store.check(number).read(name) for name in [card["build"]["file"]]} if "build" in card else {}
    file = _find([data_file] if data_file else names, sha256, number)
    try:
        with tempfile.TemporaryDirectory() as folder:
            toml = format_toml({**content, "data": {**content["data"], "file": str(file.absolute())}})
            for name, source in {"spec.toml": toml.encode(), **code}.items():
                Path(folder, name).write_bytes(source)
            spec = read_spec(Path(folder, "spec.toml"))
        data = load_dataset(spec)
    except TrainError as error:
        raise MonitorError(f"the training rows of version {number} can't be read: {error}") from error
    if test_rows_digest(data) != test_rows:
        raise MonitorError(f"{file}: is divided in another way than when version {number} was trained with it")
    old = np.sort(data.train_rows)
    if FROM_FEEDBACK in data.columns:
        # The test rows of a retrained version were training rows of the versions before. Feedback is chosen anew each
        # time, so its share does not grow from version to version.
        no, _ = feedback_marks(spec.csv_format.missing)
        old = np.flatnonzero(data.columns[FROM_FEEDBACK] == no)
    version = store.open(number)
    golden_keys = golden.encoded(version.signature).keys
    old = old[[key(row) not in golden_keys for row in data.inputs[old].astype(np.float32)]]
    names = _own_columns(spec)
    rows = pd.DataFrame(
        {
            name: _old_values(data, place, item, described)[old]
            for place, (name, item, described) in enumerate(
                zip(names, spec.inputs, version.signature.inputs, strict=True)
            )
        }
        | {spec.label_column: data.label[old]}
    )
    return Champion(version, _over(content, names), sha256, (*names, spec.label_column), rows, code)


def feedback_marks(words: Collection[str]) -> tuple[str, str]:
    """Return what FROM_FEEDBACK has for an old training row, and for a truth: neither is a word for a missing value."""
    return name_beside(words, "no"), name_beside(words, "yes")


def _own_columns(spec: Spec) -> list[str]:
    """Return a column for each input: that of the spec, or one of the input's name if it is a date or not its alone."""
    counts = Counter(item.column for item in spec.inputs)
    kept = [item.column if counts[item.column] == 1 and not item.reads_dates else "" for item in spec.inputs]
    taken = {*kept, spec.label_column, FROM_FEEDBACK}
    for place, item in enumerate(spec.inputs):
        if not kept[place]:
            name = item.name
            while name in taken:
                name += "_"
            kept[place] = name
            taken.add(name)
    return kept


def _old_values(data: Dataset, place: int, item: InputSpec, described: Input) -> NDArray[Any]:
    """Return the values of an input in the file, (n,): the texts of levels that were merged too."""
    if not item.reads_dates:
        return data.columns[item.column].astype(object if item.levels else np.float64).to_numpy()
    values = data.inputs[:, place]
    return np.where(values == described.missing.value, np.nan, values) if described.missing else values


def _over(content: Mapping[str, Any], columns: Sequence[str]) -> Mapping[str, Any]:
    """Return a spec's content over a file in which the inputs have these columns."""
    inputs = []
    for item, column in zip(content["inputs"], columns, strict=True):
        before, held_dates = item.get("column", item["name"]), "date" in item and "date_column" not in item
        if before != column or held_dates:
            sent = {"date_column": before} if held_dates else {}  # where clients go on to send the dates
            item = {**item, "column": column, **sent}
        inputs.append(item)
    return {**content, "inputs": inputs}


def takes_rows(rows: Float32s, signature: Signature) -> NDArray[np.bool_]:
    """Return which rows, float32 (n, k), a version of this signature takes: all values are there, each text is known.

    Whether numbers are within the limits was asked when they came.
    """
    taken = np.asarray(np.isfinite(rows).all(axis=1))
    for values, item in zip(rows.T, signature.inputs, strict=True):
        if item.levels:
            taken &= np.isin(values, np.array(list(item.texts), dtype=np.float32))
    return taken


def _find(paths: Iterable[Path], sha256: str, number: int) -> Path:
    """Return the file with a SHA-256."""
    tried = []
    for path in paths:
        tried.append(str(path))
        try:
            if hashlib.sha256(read_plain(path)).hexdigest() == sha256:
                return path
        except OSError:
            continue
    raise MonitorError(
        f"version {number} was trained with a file of the SHA-256 {sha256}, and none of these is it: "
        f"{', '.join(tried)}; name the file with --data"
    )
