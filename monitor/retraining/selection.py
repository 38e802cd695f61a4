"""The selection: which truths the next model learns from, which ones it is tested with, and why the others are neither.

Each truth is checked for itself. Then caps hold back what comes from one client or one source: whoever may send
feedback could otherwise write the next model. Reads no file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.profiles.reference import Float32s

FEEDBACK_SHARE = 0.30  # of the data set, at most
EACH_SHARE = 0.01  # of the data set, at most, for one client and for one source; but one row at least
HOLDOUT_SHARE = 0.20  # of the truths, the newest
MAX_DEVIATIONS = 6.0  # median absolute deviations of the residuals

# Why a truth is not in the data set.
RESIDUAL, CORRECTION, IMPLAUSIBLE = "residual", "corrects an earlier truth", "outside the plausible range"
NOT_TAKEN = "inputs that the champion does not take"
AMBIGUOUS, NOT_CHAMPION, GOLDEN = "request id was used twice", "not answered by the champion", "inputs of a golden row"
CLIENT_CAP, SOURCE_CAP, FEEDBACK_CAP = "cap of the client", "cap of the source", "cap of all feedback"
FOR_A_PERSON = (RESIDUAL, CORRECTION, IMPLAUSIBLE)
REASONS = (*FOR_A_PERSON, NOT_TAKEN, AMBIGUOUS, NOT_CHAMPION, GOLDEN, CLIENT_CAP, SOURCE_CAP, FEEDBACK_CAP)
HOLDOUT = "holdout"  # kept out of the data set, to test the next model with


@dataclass(frozen=True, slots=True)
class Selection:
    """What became of each truth.

    Attributes:
        truths: a row a truth: the columns of join_truths(), residual (actual less the champion's prediction) and
            reason: empty for a row of the data set, HOLDOUT, or one of REASONS.
        rows_each: how many rows of the data set one client or one source may have.
        center, spread: median and median absolute deviation of the residuals, in the label's unit.
    """

    truths: pd.DataFrame
    rows_each: int
    center: float
    spread: float

    def of(self, *reasons: str) -> pd.DataFrame:
        """Return the truths with one of some reasons; with an empty one, those of the data set."""
        return self.truths[self.truths["reason"].isin(reasons)]


def every_row(rows: Float32s) -> NDArray[np.bool_]:
    """Return that each row is taken."""
    return np.ones(len(rows), dtype=bool)


def select(
    joined: pd.DataFrame,
    inputs: Sequence[str],
    predict: Callable[[Float32s], Float32s],
    plausible: tuple[float, float],
    golden: frozenset[bytes],
    old_rows: int,
    trusted: frozenset[str] = frozenset(),
    takes: Callable[[Float32s], NDArray[np.bool_]] = every_row,
) -> Selection:
    """Say of each truth whether it enters the data set.

    The choice is repeatable: where a cap binds, the rows with the smallest SHA-256 of request and row stay.

    Args:
        joined: as :func:`monitor.truth.join_truths` returns it.
        predict: the champion: float32 rows (n, k) to predictions (n,).
        golden: the inputs of the golden rows, each as :func:`key` has it.
        old_rows: how many rows the data set has without feedback.
        trusted: the clients and sources that have no cap of their own.
        takes: says of rows (n, k) whether the champion takes them: another version may have answered them.
    """
    table = _prepare(joined, inputs, predict, takes)
    table["reason"] = _check_each(table, inputs, plausible, golden, takes)
    caps = _Caps(old_rows, trusted)

    # Of a capped sample, so that who sends most of the truths does not set the measure for the others.
    sound = table[table["reason"] == ""]
    residuals = sound.loc[caps.of_data_set(sound)[0] == "", "residual"].to_numpy()
    center = float(np.median(residuals)) if len(residuals) else 0.0
    spread = float(np.median(np.abs(residuals - center))) if len(residuals) else 0.0
    is_far = np.abs(table["residual"] - center) > MAX_DEVIATIONS * spread
    table.loc[is_far & (table["reason"] == ""), "reason"] = RESIDUAL

    sound = table[table["reason"] == ""]
    rows_each = caps.rows_each(old_rows)
    times = np.sort(sound.loc[caps.of_each(sound, rows_each) == "", "time"].to_numpy())
    if len(times):
        is_new = sound["time"] >= times[int((1 - HOLDOUT_SHARE) * len(times))]
        held_out = caps.of_each(sound[is_new], rows_each).replace("", HOLDOUT)
        taken, rows_each = caps.of_data_set(sound[~is_new])
        table.loc[sound.index, "reason"] = pd.concat([held_out, taken])
    table["source"] = table["source"].mask(table["source"] == "", table["client"])
    return Selection(table, rows_each, center, spread)


def key(row: Float32s) -> bytes:
    """Return a row of inputs as bytes: the same for rows that are the same to a model, as 0 and -0 are."""
    return (row + np.float32(0)).tobytes()


def _prepare(
    joined: pd.DataFrame,
    inputs: Sequence[str],
    predict: Callable[[Float32s], Float32s],
    takes: Callable[[Float32s], NDArray[np.bool_]],
) -> pd.DataFrame:
    """Return a row a truth, in the order in which they are taken, with its residual and with a source."""
    names = ["request_id", "row"]
    # A shadow's row of a request that the champion answered says nothing of its own.
    table = joined.assign(is_other=joined["role"] != "champion").sort_values("is_other", kind="stable")
    table = table[~(table["is_other"] & table.duplicated(names))]
    rows = table[list(inputs)].to_numpy(dtype=np.float32)
    taken, predictions = takes(rows), np.full(len(rows), np.nan, dtype=np.float32)
    if taken.any():
        predictions[taken] = predict(rows[taken])
    table["residual"] = table["actual"] - predictions
    digests = [
        hashlib.sha256(f"{name}\0{row}".encode(errors="surrogatepass")).digest()
        for name, row in zip(*(table[name] for name in names), strict=True)
    ]
    table = table.assign(digest=digests).sort_values("digest", kind="stable", ignore_index=True)
    return table.drop(columns=["digest", "is_other"])


def _check_each(
    table: pd.DataFrame,
    inputs: Sequence[str],
    plausible: tuple[float, float],
    golden: frozenset[bytes],
    takes: Callable[[Float32s], NDArray[np.bool_]],
) -> pd.Series[str]:
    """Return why each truth is left out for what it is itself; an empty text if it is not."""
    rows = table[list(inputs)].to_numpy(dtype=np.float32)
    is_sound = table["actual"].between(*plausible) & np.isfinite(table["residual"])
    reason = pd.Series("", index=table.index, dtype=object)
    reason[[key(row) in golden for row in rows]] = GOLDEN
    reason[~is_sound] = IMPLAUSIBLE
    reason[~takes(rows)] = NOT_TAKEN
    reason[table["corrects"] > 0] = CORRECTION
    reason[table.duplicated(["request_id", "row"], keep=False)] = AMBIGUOUS
    reason[table["role"] != "champion"] = NOT_CHAMPION
    return reason


class _Caps:
    """Takes truths in their order until a cap binds, and says why it leaves out the others: empty for one it takes."""

    def __init__(self, old_rows: int, trusted: frozenset[str]) -> None:
        self._old_rows, self._trusted = old_rows, trusted
        self._most = int(old_rows * FEEDBACK_SHARE / (1 - FEEDBACK_SHARE))

    def rows_each(self, size: int) -> int:
        """Return how many rows of a data set of this size may come from one client or one source."""
        return max(1, int(EACH_SHARE * size))

    def of_data_set(self, table: pd.DataFrame) -> tuple[pd.Series[str], int]:
        """Take truths for the data set. Return the reasons, and how many rows each client and source may have.

        The caps are shares of the data set, which gets smaller with what they leave out: so until they hold.
        """
        size = self._old_rows + min(self._most, len(table))
        while True:
            reasons = self.of_each(table, self.rows_each(size), self._most)
            taken = self._old_rows + int((reasons == "").sum())
            if taken >= size:
                return reasons, self.rows_each(size)
            size = taken

    def of_each(self, table: pd.DataFrame, rows_each: int, most: float = np.inf) -> pd.Series[str]:
        """Take at most so many truths of each client and of each source, and in all. Return the reasons."""
        # The name of a token stands for all addresses that use it.
        clients = [address.partition("@")[0] for address in table["client"]]
        of_client: Counter[str] = Counter(dict.fromkeys(self._trusted, -len(table)))
        # Anybody can say that a source has the name of a trusted client.
        of_source: Counter[str] = Counter(dict.fromkeys(self._trusted.difference(clients), -len(table)))
        reasons, taken = [], 0
        for client, source in zip(clients, table["source"], strict=True):
            if of_client[client] >= rows_each:
                reasons.append(CLIENT_CAP)
            elif source and of_source[source] >= rows_each:
                reasons.append(SOURCE_CAP)
            elif taken >= most:
                reasons.append(FEEDBACK_CAP)
            else:
                of_client[client] += 1
                of_source[source] += 1
                taken += 1
                reasons.append("")
        return pd.Series(reasons, index=table.index, dtype=object)
