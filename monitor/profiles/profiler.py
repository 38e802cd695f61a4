"""The profiler: from blocks of rows of one file to its profile.

Rows of a request stand together in the file, one run for each version that answered; those of a long CSV file in
several runs. The sums of requests are exact unless parts of one request stand apart that have fewer than LONG_RUN rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from monitor.logs.rows import (
    EXPLAINED,
    IMPLAUSIBLE,
    INSTEAD_OF,
    INTERVAL,
    MISSING,
    OTHER,
    OUTSIDE,
    ROLES,
    PredictionRows,
    mix,
    select,
)
from monitor.profiles.profile import SAMPLE_ROWS, FileProfile, Profile, RequestSums
from monitor.profiles.reference import Float32s, Floats, Ints, Reference
from monitor.profiles.runs import LONG_RUN, Mask, Runs, dot
from registry import printable

_MAX_LONG = 1024  # long requests of a version that are remembered; no service works on so many at once


class Profiler:
    """Adds up the rows of one file."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._groups: dict[tuple[int, str], _Group] = {}
        self._last: tuple[int, int] | None = None  # version with role, and request, of the last row
        self.other_roles = 0
        self.other_flags: Counter[str] = Counter()

    def add(self, rows: PredictionRows) -> None:
        """Add a block of rows; blocks come in the order of the file."""
        known = rows.roles >= 0
        self.other_roles += len(rows) - int(np.count_nonzero(known))
        rows = self._count_flags(select(rows, known))
        if not len(rows):
            return
        requests = mix(rows.requests, rows.times)
        codes = _codes(rows)
        begins = np.empty(len(rows), dtype=bool)
        begins[0] = True
        begins[1:] = (requests[1:] != requests[:-1]) | (codes[1:] != codes[:-1])
        first, last = ((int(codes[place]), int(requests[place])) for place in (0, -1))
        different = np.unique(codes[begins]).tolist()
        for code in different:
            here = codes == code if len(different) > 1 else slice(None)
            run_starts = np.flatnonzero(begins[here])
            runs = Runs(run_starts, requests[here], rows.numbers[here], self._last == first and code == first[0])
            self._group(code).add(rows.values[here], runs, code == last[0])
        self._last = last

    def profile(self) -> FileProfile:
        """Return the profile of all rows that were added."""
        return FileProfile({key: group.profile for key, group in sorted(self._groups.items())})

    def faults(self, name: str) -> list[str]:
        """Return sentences about rows of the file of this name that are not as the service writes them."""
        faults = []
        if self.other_roles:
            faults.append(f"{name}: {self.other_roles} rows have an unknown role, and are not compared")
        for (version, role), group in sorted(self._groups.items()):
            if count := int(group.profile.missing[-1]):
                who = f"version {version} as {role}"
                faults.append(f"{name}: {count} rows of {who} have a prediction that is no number and no flag says so")
        for flag, count in self.other_flags.most_common(3):
            faults.append(f"{name}: {count} rows have the unknown flag {printable(flag[:64])}")
        return faults

    def _group(self, code: int) -> _Group:
        key = code // len(ROLES), ROLES[code % len(ROLES)]
        if key not in self._groups:
            self._groups[key] = _Group(self._reference)
        return self._groups[key]

    def _count_flags(self, rows: PredictionRows) -> PredictionRows:
        """Count the flagged rows, and return the rows without those whose prediction was not plausible."""
        if not any(rows.texts):
            return rows
        places = {name: place for place, name in enumerate(self._reference.names[:-1])}
        implausible = np.zeros(len(rows), dtype=bool)
        flagged = np.flatnonzero(np.array([bool(text) for text in rows.texts])[rows.flags])
        codes = _codes(rows)[flagged] * len(rows.texts) + rows.flags[flagged]
        keys, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
        dropped = np.zeros(len(counts), dtype=bool)
        for place, (key, count) in enumerate(zip(keys.tolist(), counts.tolist(), strict=True)):
            code, text = divmod(key, len(rows.texts))
            profile = self._group(code).profile
            words = rows.texts[text].split()
            if IMPLAUSIBLE in words:
                profile.implausible += count
                dropped[place] = True
                continue
            for word in words:
                name, colon, remark = word.rpartition(":")
                flagged_rows = {OUTSIDE: profile.outside, OTHER: profile.other}.get(colon + remark)
                if name in places and flagged_rows is not None:
                    flagged_rows[places[name]] += count
                elif word.startswith(INSTEAD_OF):
                    profile.fallback += count
                elif name in places and colon + remark == MISSING:
                    continue  # the cell is empty, and counted so
                elif word != EXPLAINED and not word.startswith(INTERVAL):
                    self.other_flags[word] += count
        implausible[flagged] = dropped[inverse]
        return select(rows, ~implausible)


def _codes(rows: PredictionRows) -> Ints:
    """Return a number for the version and the role of each row, int64 (n,)."""
    return rows.versions * len(ROLES) + rows.roles


class _Group:
    """The rows of one version in one role."""

    def __init__(self, reference: Reference) -> None:
        self.profile = Profile.empty(reference)
        self._reference = reference
        self._pairs = list(zip(*np.triu_indices(len(reference.columns) - 1, 1), strict=True))
        # By request: how many rows, and the sum and the number of each score, (2, s).
        self._long: dict[int, tuple[float, Floats]] = {}
        self._last: tuple[float, Floats] | None = None  # of the run that the block ended with

    def add(self, values: Float32s, runs: Runs, open_ended: bool) -> None:
        """Add rows, float32 (n, k + 1); the last run may go on in the next block if it is open-ended."""
        self.profile.rows += len(values)
        self.profile.requests += len(runs.starts)
        runs.find_unfinished(self._long, open_ended=open_ended)
        self._add_columns(values, runs)
        self._add_sample(values, runs)
        last, self._last = self._last if runs.continued else None, None
        if not len(runs.unfinished):
            return
        sums = np.stack(runs.unfinished_sums, axis=2)  # (2, c, s)
        for place, run in enumerate(runs.unfinished.tolist()):
            request, length, sum_ = int(runs.requests[runs.starts[run]]), runs.lengths[run], sums[:, place]
            earlier = last if run == 0 and last is not None else self._long.get(request)
            if earlier is not None:
                self._join(earlier[1], sum_)
                length, sum_ = length + earlier[0], sum_ + earlier[1]
            if length >= LONG_RUN:
                self._long.pop(request, None)
                self._long[request] = length, sum_
                if len(self._long) > _MAX_LONG:
                    del self._long[next(iter(self._long))]
            elif open_ended and run == len(runs.starts) - 1:
                self._last = length, sum_

    def _add_columns(self, values: Float32s, runs: Runs) -> None:
        profile = self.profile
        ranks: list[Floats] = []
        there: list[Mask] = []
        categories: list[tuple[RequestSums, Ints, Mask]] = []
        finite = np.isfinite(values)
        for place, column in enumerate(self._reference.columns):
            present = None if finite[:, place].all() else finite[:, place]
            known = values[:, place] if present is None else values[present, place]
            cells = column.cells(known)
            profile.counts[place] += np.bincount(cells, minlength=len(column.scores))
            deviations = (known.astype(np.float64) - column.mean) / (column.sd or 1.0)
            profile.values[place] += deviations.sum(), dot(deviations, deviations)
            scores = column.scores[cells]
            runs.add_to(profile.scores, place, _spread(scores, present), present)
            ranks.append(_spread(scores - 0.5, present))
            there.append(present)
            if (sums := profile.categories[place]) is not None:
                categories.append((sums, cells, present))
        for sums, cells, present in categories:  # in the order of _parts()
            runs.add_indicators(sums, cells, present)
        for place, (i, j) in enumerate(self._pairs):
            both = _both(there[i], there[j])
            runs.add_to(profile.products, place, ranks[i] * ranks[j], both)
        for place, present in enumerate(there):
            missing = np.zeros(len(values)) if present is None else (~present).astype(np.float64)
            runs.add_to(profile.missing_sums, place, missing, None)

    def _add_sample(self, values: Float32s, runs: Runs) -> None:
        profile = self.profile
        hashes = mix(runs.requests, runs.numbers)
        chosen = np.arange(len(hashes))
        if len(profile.sample_hashes) == SAMPLE_ROWS:
            chosen = np.flatnonzero(hashes <= profile.sample_hashes[-1])
        if len(chosen):
            profile.keep_sample(
                np.concatenate([profile.sample, values[chosen]]),
                np.concatenate([profile.sample_hashes, hashes[chosen]]),
                np.concatenate([profile.sample_requests, runs.requests[chosen]]),
            )

    def _join(self, first: Floats, second: Floats) -> None:
        """Count two parts of a request, the sum and the number of each score, (2, s), as one request."""
        (sums, sizes), (more_sums, more_sizes) = first, second
        self.profile.requests -= 1
        start = 0
        for part in self._parts():
            here = slice(start, start := start + len(part.rows))
            part.requests -= (sizes[here] > 0) & (more_sizes[here] > 0)
            part.request_squares += 2 * sums[here] * more_sums[here]
            part.request_products += sums[here] * more_sizes[here] + more_sums[here] * sizes[here]
            part.size_squares += 2 * sizes[here] * more_sizes[here]

    def _parts(self) -> Iterator[RequestSums]:
        """Yield all that is summed over requests, in the order in which a block's runs are added."""
        yield self.profile.scores
        yield from (part for part in self.profile.categories if part is not None)
        yield self.profile.products
        yield self.profile.missing_sums


def _both(first: Mask, second: Mask) -> Mask:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _spread(scores: Floats, present: Mask) -> Floats:
    """Return scores of the present rows as those of all rows, float64 (n,), with 0 for the others."""
    if present is None:
        return scores
    spread = np.zeros(len(present))
    spread[present] = scores
    return spread
