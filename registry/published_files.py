"""The files of a published version: where they are, that they are those of the history, and a single one of them.

Whoever downloads one file needs no check of the others: SHA256SUMS is compared with the history, and the file with its
digest in SHA256SUMS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from filesystem import only_plain, read_plain
from registry import history_queries
from registry.aliases import RETIRED
from registry.consistency import describe_changed, describe_unknown
from registry.errors import IntegrityError, NotPublishedError, wrap_os_error
from registry.history_line import Entry
from registry.integrity import SIGNINGS, SUMS, read_sums

SIGNING = f"{SUMS}.sig"  # the name of signatures/N.sig among the files of version N
_BLOCK = 1 << 18  # bytes that are read at a time


def find_folder(folder: Path, number: int) -> Path:
    """Return the folder of a version, which may be retired; ``folder`` is the model's.

    Raises:
        NotPublishedError: if there is none.
    """
    for place in (folder / str(number), folder / RETIRED / str(number)):
        if place.is_dir():
            return place
    raise NotPublishedError(f"{folder}: version {number} is not published")


def require_recorded(
    place: Path, number: int, sums: bytes, entries: Sequence[Entry], key: Any, *, tolerant: bool = False
) -> None:
    """Check the content of a version's SHA256SUMS against the history and the required signature.

    Args:
        place: the version's folder.
        entries: of the history.
        key: the Ed25519 public key that the version must be signed with; None if that is not required.
        tolerant: accept a version that the history does not name.

    Raises:
        IntegrityError: if the history does not name the version or has another digest, or the signature is wrong.
    """
    folder = place.parent.parent if place.parent.name == RETIRED else place.parent
    digest = hashlib.sha256(sums).hexdigest()
    published = history_queries.published_digests(entries).get(number, digest if tolerant else None)
    if published is None:
        raise IntegrityError(describe_unknown(folder, number))
    if published != digest:
        raise IntegrityError(describe_changed(place, number))
    if key is not None:
        from registry.signing import verify_signing  # its library is loaded only where signatures are required

        verify_signing(folder, number, sums, key)


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """The files of a version whose SHA256SUMS was checked; SHA256SUMS is one of them, and so is its signing.

    Attributes:
        place: the version's folder.
        digests: the SHA-256 of each file, in hex, by its name.
    """

    place: Path
    digests: Mapping[str, str]
    _contents: Mapping[str, bytes]  # of the files that SHA256SUMS does not name

    @classmethod
    def of(cls, folder: Path, number: int, entries: Sequence[Entry], key: Any) -> PublishedFiles:
        """Return the files of a version, which may be retired.

        Args:
            folder: of the model.
            entries: of the history.
            key: the public key that the version must be signed with; None if that is not required.

        Raises:
            NotPublishedError: if there is no such version.
            IntegrityError: if its SHA256SUMS is not what was published.
        """
        place = find_folder(folder, number)
        digests, raw = read_sums(place)
        require_recorded(place, number, raw, entries, key)
        contents = {SUMS: raw}
        with suppress(OSError):  # most versions are not signed
            contents[SIGNING] = read_plain(folder / SIGNINGS / f"{number}.sig")
        added = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        return cls(place, digests | added, contents)

    def __contains__(self, name: str) -> bool:
        return name in self.digests

    def open(self, name: str) -> CheckedFile:
        """Return a file after it was compared with its digest, to be read and closed.

        Raises:
            IntegrityError: if there is no such file, or it is not what was published.
        """
        if name not in self.digests:
            raise IntegrityError(f"{self.place}: has no {name}; publish the version again")
        content = self._contents.get(name)
        file = self._open(name) if content is None else BytesIO(content)
        checked = CheckedFile(
            file, self.digests[name], f"{self.place}: {name} was changed; restore the published files"
        )
        try:
            with wrap_os_error(self.place / name, "read", IntegrityError):
                checked.size = sum(map(len, checked))
        except BaseException:
            checked.close()
            raise
        return checked

    def _open(self, name: str) -> IO[bytes]:
        path = self.place / name
        steps = [path, *path.parents][: len(Path(name).parts)]
        if ".." in path.parts or any(step.is_symlink() for step in steps):
            raise IntegrityError(f"{path}: a version holds plain files and folders only; take it away")
        with wrap_os_error(path, "read", IntegrityError, "; restore the published files"):
            return open(path, "rb", opener=only_plain)


class CheckedFile:
    """A file whose content is compared with its digest whenever it is read, also if it is too large to be kept.

    Args:
        digest: the SHA-256, in hex.
        fault: the sentence that says that it has another one.

    Attributes:
        size: bytes.
    """

    def __init__(self, file: IO[bytes], digest: str, fault: str) -> None:
        self.size = 0
        self._file = file
        self._digest = digest
        self._fault = fault

    def __iter__(self) -> Iterator[bytes]:
        """Read it from its beginning, a block at a time. The last block comes only if the whole is right.

        Raises:
            IntegrityError: if it is not.
        """
        self._file.seek(0)
        found, last = hashlib.sha256(), b""
        while block := self._file.read(_BLOCK):
            found.update(block)
            if last:
                yield last
            last = block
        if found.hexdigest() != self._digest:
            raise IntegrityError(self._fault)
        yield last

    def close(self) -> None:
        """Close the file."""
        self._file.close()
