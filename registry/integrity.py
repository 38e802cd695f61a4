"""SHA256SUMS: the files of a version with their digests, and the check that none was changed, removed or added.

The file has the format of ``sha256sum``: ``sha256sum -c SHA256SUMS`` in a version's folder checks the same digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from filesystem import only_plain, read_plain
from registry.errors import IntegrityError, wrap_os_error

SUMS, SIGNATURE = "SHA256SUMS", "signature.json"
SIGNINGS = "signatures"  # the folder beside the versions that has N.sig, the signing of version N's SHA256SUMS
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with open(path, "rb", opener=only_plain) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over every file below ``folder``.

    Raises:
        IntegrityError: if something there is neither a file nor a folder.
    """
    names = sorted(_files(folder))
    text = "".join(f"{digest(folder / name)}  {name}\n" for name in names)
    (folder / SUMS).write_text(text, encoding="utf-8")


def read_sums(folder: Path) -> tuple[dict[str, str], bytes]:
    """Return the digests that SHA256SUMS has, by the names of the files, and its content.

    Raises:
        IntegrityError: if it is missing, or has a line of another form.
    """
    path = folder / SUMS
    with wrap_os_error(path, "read", IntegrityError, "; publish the version again"):
        raw = read_plain(path)
    return _parse(path, raw), raw


def verify_files(folder: Path) -> VerifiedFiles:
    """Check every file below ``folder`` against SHA256SUMS, before anything in it is parsed.

    Raises:
        IntegrityError: naming each file that is missing, extra or changed.
    """
    sums, raw = read_sums(folder)
    present = set(_files(folder))
    problems = [f"{name} is missing" for name in sorted(sums.keys() - present)]
    problems += [f"{name} was not published" for name in sorted(present - sums.keys())]
    for name in sorted(sums.keys() & present):
        try:
            if digest(folder / name) != sums[name]:
                problems.append(f"{name} was changed")
        except OSError as error:
            problems.append(f"{name} can't be read ({error.strerror})")
    if problems:
        raise IntegrityError(f"{folder}: {'; '.join(problems)}; restore the published files")
    return VerifiedFiles(folder, sums, raw)


class VerifiedFiles:
    """A version's folder after :func:`verify_files`.

    Attributes:
        digests: what SHA256SUMS has: the SHA-256 of each file, by its name.
        sums: the content of SHA256SUMS.
        digest: the SHA-256 of SHA256SUMS, which identifies the whole version.
    """

    def __init__(self, folder: Path, digests: Mapping[str, str], raw: bytes) -> None:
        self.folder = folder
        self.digests = digests
        self.sums = raw
        self.digest = hashlib.sha256(raw).hexdigest()

    def __contains__(self, name: str) -> bool:
        return name in self.digests

    def read(self, name: str) -> bytes:
        """Return the content of a published file, hashed again: no change after the check can slip in.

        Raises:
            IntegrityError: if the version has no such file, or it was changed since :func:`verify_files`.
        """
        if name not in self.digests:
            raise IntegrityError(f"{self.folder}: has no {name}; publish the version again")
        with wrap_os_error(self.folder / name, "read", IntegrityError):
            data = read_plain(self.folder / name)
        if hashlib.sha256(data).hexdigest() != self.digests[name]:
            raise IntegrityError(f"{self.folder}: {name} was changed; restore the published files")
        return data


def _files(folder: Path) -> list[str]:
    """Return every file below a folder except SHA256SUMS, as a relative POSIX path.

    Only plain files and folders are accepted: a link could point at something outside that changes later.
    """
    paths = list(folder.rglob("*"))
    for path in paths:
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise IntegrityError(f"{path}: a version holds plain files and folders only; take it away")
    names = [path.relative_to(folder).as_posix() for path in paths if path.is_file()]
    return [name for name in names if name != SUMS]


def _parse(path: Path, raw: bytes) -> dict[str, str]:
    sums: dict[str, str] = {}
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in sums:
            raise IntegrityError(f"{path}, line {number}: expected a SHA-256, two spaces and a name, each name once")
        sums[match[2]] = match[1]
    return sums
