"""The published versions of one model, below models/NAME: numbers, aliases, opening, publishing.

A version is a folder that appears whole, by one rename, and is never changed afterwards. aliases.json is replaced by a
rename too. Whoever writes holds the lock file; readers need none.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import NotPublishedError, PublishError, RegistryError, SignatureError
from registry.integrity import Sealed, check, write_sums
from registry.predictor import Predictor, Runtime, open_predictor
from registry.signature import MODEL_NAME, Signature

CHAMPION, CHALLENGER = "champion", "challenger"
ALIASES, SIGNATURE, CARD, REFERENCE = "aliases.json", "signature.json", "card.json", "reference.csv"
STAGING = ".staging-"


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was found sound and is ready to predict."""

    number: int
    digest: str
    signature: Signature
    predictor: Predictor


class Store:
    """The versions of ``model`` below the folder ``models``. Nothing is touched until a method is called."""

    def __init__(self, models: Path, model: str) -> None:
        self.model = model
        self.folder = models / model

    def versions(self) -> list[int]:
        """The numbers of the published versions, ascending; empty if there are none."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"{self.folder}: can't be read ({error.strerror})") from error
        return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))

    def aliases(self) -> dict[str, int]:
        """Which version each alias names; empty before the first publication.

        Raises:
            RegistryError: if aliases.json is not what this class writes.
        """
        path = self.folder / ALIASES
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise RegistryError(f"{path}: can't be read ({error.strerror})") from error
        except ValueError as error:
            raise RegistryError(f"{path}: not JSON ({error}); restore it") from error
        if not isinstance(data, dict) or not all(type(number) is int for number in data.values()):
            raise RegistryError(f'{path}: expected an object of aliases and version numbers, like {{"champion": 1}}')
        return data

    def number_of(self, alias: str) -> int:
        """The version that an alias names.

        Raises:
            NotPublishedError: if the alias is not set.
        """
        try:
            return self.aliases()[alias]
        except KeyError:
            raise NotPublishedError(
                f"{self.folder}: no version is {alias} yet; `make train` publishes the first one"
            ) from None

    def check(self, number: int) -> Sealed:
        """Compare a version's files with its SHA256SUMS.

        Raises:
            NotPublishedError: if there is no such version.
            IntegrityError: naming each file that is missing, extra or changed.
        """
        folder = self.folder / str(number)
        if not folder.is_dir():
            raise NotPublishedError(f"{self.folder}: version {number} is not published")
        return check(folder)

    def open(self, number: int, runtime: Runtime = "litert") -> Version:
        """Check a version and make it ready to predict.

        Raises:
            RegistryError: or one of its kinds, if the version is missing, was changed or can't be run.
        """
        sealed = self.check(number)
        return Version(number, sealed.digest, _signature(sealed), open_predictor(sealed, runtime))

    def signature(self, number: int) -> Signature:
        """The signature of a version whose files were checked first."""
        return _signature(self.check(number))

    def card(self, number: int) -> dict[str, Any]:
        """The card of a version whose files were checked first."""
        card: dict[str, Any] = json.loads(self.check(number).read(CARD))
        return card

    def reference(self, number: int) -> list[tuple[float, ...]]:
        """Training rows of a version whose files were checked first, in the order of its inputs; perhaps none.

        Raises:
            RegistryError: or one of its kinds, if the version was changed or its reference.csv has other columns.
        """
        sealed = self.check(number)
        if REFERENCE not in sealed:
            return []
        names = _signature(sealed).names
        try:
            table = csv.DictReader(io.StringIO(sealed.read(REFERENCE).decode()))
            return [tuple(float(row[name]) for name in names) for row in table]
        except (KeyError, TypeError, ValueError) as error:
            raise RegistryError(f"{sealed.folder / REFERENCE}: expected numbers for {', '.join(names)}") from error

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A fresh folder to write a version's files in; whatever is still there at the end is removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=STAGING, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, staged: Path) -> tuple[int, str]:
        """Publish a staged folder under the next free number: seal it, make it durable, rename it into place.

        The first version becomes champion; a later one becomes challenger, and someone has to promote it.

        Returns:
            the version's number and its alias.

        Raises:
            PublishError: if the inputs differ from those of the versions there: clients and logs rely on them.
        """
        signature = Signature.from_json(json.loads((staged / SIGNATURE).read_bytes()))
        if signature.model != self.model:
            raise PublishError(f"{staged}: its signature is of {signature.model}, not of {self.model}")
        write_sums(staged)
        staged.chmod(0o755)  # mkdtemp's 0700 would hide the version from a server that runs as someone else
        _sync_tree(staged)
        with self._lock():
            present = self.versions()
            if present:
                self._same_inputs(signature, present[-1])
            number = max(present, default=0) + 1
            staged.rename(self.folder / str(number))
            _sync(self.folder)
            aliases = self.aliases()
            alias = CHALLENGER if CHAMPION in aliases else CHAMPION
            self._write_aliases({**aliases, alias: number})
        return number, alias

    def _same_inputs(self, signature: Signature, latest: int) -> None:
        there = Signature.from_json(json.loads((self.folder / str(latest) / SIGNATURE).read_bytes()))
        if there.names != signature.names:
            raise PublishError(
                f"{self.folder}: version {latest} takes ({', '.join(there.names)}), this one "
                f"({', '.join(signature.names)}); clients and logs rely on the inputs, so give it another model name"
            )

    def _write_aliases(self, aliases: Mapping[str, int]) -> None:
        path = self.folder / ALIASES
        fresh = path.with_suffix(".new")  # the lock is held: nobody else writes this name
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(aliases, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        _sync(self.folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with open(self.folder / ".lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def locate(environ: Mapping[str, str]) -> Store:
    """The store that the settings SERVE_MODELS and SERVE_MODEL name; every command reads them here.

    Raises:
        RegistryError: if SERVE_MODEL is no model's name.
    """
    model = environ.get("SERVE_MODEL", "boston")
    if not MODEL_NAME.fullmatch(model):
        raise RegistryError(f"SERVE_MODEL={model!r}: expected the name of a folder in SERVE_MODELS, without a path")
    return Store(Path(environ.get("SERVE_MODELS") or "models"), model)


def _signature(sealed: Sealed) -> Signature:
    try:
        return Signature.from_json(json.loads(sealed.read(SIGNATURE)))
    except ValueError as error:
        raise SignatureError(f"{sealed.folder / SIGNATURE}: not JSON ({error})") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            _sync(Path(parent, name))
        _sync(Path(parent))
