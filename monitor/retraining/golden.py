"""The golden rows: test rows that no retraining learns from, and that every new version is judged by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from monitor.errors import MonitorError
from monitor.profiles.reference import Float32s, Floats
from monitor.retraining.selection import key
from registry import NotPublishedError, Signature, VersionStore
from registry.history_line import RETRAIN
from registry.history_queries import published_digests
from registry.recoding import Recoder
from registry.rows import TEST, read_rows


@dataclass(frozen=True, slots=True)
class Golden:
    """The test rows of the first version that has some. No retraining learns from them.

    Attributes:
        version: whose test rows they are.
        sha256: of the file that holds them.
        rows: float32 (n, k).
        label: float64 (n,).
        signature: by which the rows are encoded: that of the version.
    """

    version: int
    sha256: str
    rows: Float32s
    label: Floats
    signature: Signature

    @property
    def keys(self) -> frozenset[bytes]:
        """The inputs of each row, as :func:`key` has them."""
        return frozenset(map(key, self.rows))

    def encoded(self, signature: Signature) -> Golden:
        """Return the rows that another version takes, encoded by its signature."""
        recoded = Recoder(self.signature, signature).recode(self.rows)
        rows, label = recoded.rows[recoded.taken], self.label[recoded.taken]
        return Golden(self.version, self.sha256, rows, label, signature)

    def taken_by(self, *signatures: Signature) -> Golden:
        """Return the rows that all of some versions take."""
        taken = [Recoder(self.signature, signature).recode(self.rows).taken for signature in signatures]
        common = np.all(taken, axis=0)
        return Golden(self.version, self.sha256, self.rows[common], self.label[common], self.signature)


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
            return Golden(number, sha256, table[:, :-1].astype(np.float32), table[:, -1], signature)
    raise MonitorError(f"{store.folder}: no version has a {TEST}, so there are no golden rows to judge a new one by")
