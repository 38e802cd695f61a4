"""What a retraining starts from: the champion, its spec, its training rows, and the golden rows.

The spec is the one in the champion's card, which the history protects. Its data file may be anywhere, but must have the
SHA-256 that the card names.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import train
from filesystem import read_plain
from monitor.errors import MonitorError
from monitor.profiles.reference import Float32s, Floats
from monitor.retraining.selection import key
from registry import NotPublishedError, Version, VersionStore
from registry.history_line import RETRAIN
from registry.history_queries import published_digests
from registry.rows import TEST, read_rows
from train.errors import TrainError
from train.toml_writer import format_toml

DATASET = "dataset.csv"
FROM_FEEDBACK = "from_feedback"  # a column of each data set made here: 1 for a row that came as feedback, else 0


@dataclass(frozen=True, slots=True)
class Golden:
    """The test rows of the first version that has some. No retraining learns from them.

    Attributes:
        version: whose test rows they are.
        sha256: of the file that holds them.
        rows: float32 (n, k).
        label: float64 (n,).
    """

    version: int
    sha256: str
    rows: Float32s
    label: Floats

    @property
    def keys(self) -> frozenset[bytes]:
        """The inputs of each row, as :func:`key` has them."""
        return frozenset(map(key, self.rows))


@dataclass(frozen=True, slots=True)
class Champion:
    """The champion, ready to predict, and what it was trained with.

    Attributes:
        spec: the content of its spec.
        data_sha256: of the file that it was trained with.
        columns: the names of the inputs in the data, then that of the label.
        old_rows: the rows it was trained with, but those that came as feedback: these columns, float64.
    """

    version: Version
    spec: Mapping[str, Any]
    data_sha256: str
    columns: tuple[str, ...]
    old_rows: pd.DataFrame


def load_golden(store: VersionStore) -> Golden:
    """Read the golden rows.

    Raises:
        MonitorError: if no version has test rows, or others than in earlier retrainings come first.
        RegistryError: if the version's files were changed.
    """
    entries = store.history.entries()
    earlier = {entry.content["golden_sha256"] for entry in entries if entry.content["action"] == RETRAIN}
    for number in sorted(published_digests(entries)):
        try:
            verified = store.check(number)
        except NotPublishedError:  # somebody has removed it
            continue
        if TEST in verified:
            signature = store.signature(number)
            table = read_rows(verified, TEST, signature)
            sha256 = hashlib.sha256(verified.read(TEST)).hexdigest()
            if earlier - {sha256}:
                raise MonitorError(
                    f"{store.folder}: earlier retrainings had other golden rows than those of version {number}: "
                    f"SHA-256 {', '.join(earlier - {sha256})}; restore the version that has them"
                )
            return Golden(number, sha256, table[:, :-1].astype(np.float32), table[:, -1])
    raise MonitorError(f"{store.folder}: no version has a {TEST}, so there are no golden rows to judge a new one by")


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
    file = _find([data_file] if data_file else names, sha256, number)
    try:
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder, "spec.toml")
            written.write_text(format_toml({**content, "data": {**content["data"], "file": str(file.absolute())}}))
            spec = read_spec(written)
        data = load_dataset(spec)
    except TrainError as error:
        raise MonitorError(f"the training rows of version {number} can't be read: {error}") from error
    if test_rows_digest(data) != test_rows:
        raise MonitorError(f"{file}: is divided in another way than when version {number} was trained with it")
    inputs = [item.column for item in spec.inputs]
    rows = data.columns.iloc[np.sort(data.train_rows)]
    if FROM_FEEDBACK in data.columns:
        # The test rows of a retrained version were training rows of the versions before. Feedback is chosen anew each
        # time, so its share does not grow from version to version.
        rows = data.columns[data.columns[FROM_FEEDBACK] == 0]
    golden_keys = golden.keys
    is_golden = [key(row) in golden_keys for row in rows[inputs].to_numpy(dtype=np.float32)]
    columns = (*inputs, spec.label_column)
    return Champion(store.open(number), content, sha256, columns, rows.loc[~np.array(is_golden), list(columns)])


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
