"""Pinned windows: the rows of a calm window as a file, whose SHA-256 is in the history. The newest pin counts."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import numpy as np

from filesystem import read_plain, replace
from monitor.errors import MonitorError
from monitor.profiles.profile import Profile
from monitor.profiles.reference import PREDICTION, REQUEST, Reference, load_pinned
from registry import Actor, VersionStore
from registry.history_line import PIN

_NAME = re.compile(r"pinned-[0-9a-f]{12}\.csv", re.ASCII)


def encode_sample(profile: Profile, names: tuple[str, ...]) -> bytes:
    """Return the sample of a profile as CSV: the inputs, the prediction, and the number of the row's request.

    Args:
        names: of the inputs.
    """
    numbers = np.unique(profile.sample_requests, return_inverse=True)[1]
    lines = [",".join((*names, PREDICTION, REQUEST))]
    for row, number in zip(profile.sample, numbers, strict=True):
        lines.append(",".join([*map(str, row), str(number)]))  # float32's own text is its shortest
    return "\n".join([*lines, ""]).encode()


def pin(
    store: VersionStore, reports: Path, profile: Profile, champion: int, actor: Actor, *, override: bool
) -> tuple[Path, int]:
    """Write a window's sample as the newest pinned reference, and a line about it into the history.

    Args:
        reports: the folder of the reports.
        champion: the version that the window was judged for.
        override: whether the window was not calm; the history says so for ever.

    Returns:
        The file, and the number of its rows.

    Raises:
        MonitorError: if the file can't be written.
        RegistryError: if the history can't be.
    """
    content = encode_sample(profile, store.signature(champion).names)
    digest = sha256(content).hexdigest()
    path = reports / f"pinned-{digest[:12]}.csv"
    rows = len(profile.sample)
    with store.aliases.write_lock():
        try:
            reports.mkdir(parents=True, exist_ok=True)
            replace(path, content)
        except OSError as error:
            raise MonitorError(f"{path}: can't be written ({error.strerror}); nothing was pinned") from error
        line = {"action": PIN, "by": actor.by, "reason": actor.reason, "version": champion}
        what = {"file": path.name, "rows": rows, "sha256": digest}
        store.history.append({**line, **what, **({"override": True} if override else {})})
    return path, rows


def load_newest_pin(store: VersionStore, reports: Path, champion: int) -> Reference:
    """Return the rows of the newest pinned window.

    Raises:
        MonitorError: if there is none, it is not of the champion, or its file is not as it was pinned.
        HistoryError: if the history was changed.
    """
    pins = [entry.content for entry in store.history.entries() if entry.content["action"] == PIN]
    again = "`python -m monitor pin` pins one"
    if not pins:
        raise MonitorError(f"no window of {store.model} is pinned yet; {again}, or take --against training")
    newest = pins[-1]
    if newest.get("version") != champion:
        answered = f"the pinned window was judged for version {newest.get('version')}, and the champion is {champion}"
        raise MonitorError(f"{answered}; {again}, or take --against training")
    if not _NAME.fullmatch(newest["file"]):  # it could be any file of this machine
        raise MonitorError(f"{store.folder}: the history pins {newest['file']!r}, which is no name of a pinned window")
    path = reports / newest["file"]
    try:
        digest = sha256(read_plain(path)).hexdigest()
    except OSError as error:
        raise MonitorError(f"{path}: can't be read ({error.strerror}); {again}") from error
    if digest != newest["sha256"]:
        raise MonitorError(f"{path}: was changed since it was pinned on {newest['time'][:10]}; restore it, or {again}")
    return load_pinned(path, store.signature(champion), champion)
