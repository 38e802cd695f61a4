"""The published versions of one model, below models/NAME: numbers, aliases, opening, publishing.

A version is a folder that appears whole, by one rename, and is never changed afterwards. aliases.json is replaced by a
rename too. Whoever writes holds the lock file; readers need none.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from registry import history_queries
from registry.aliases import CHALLENGER, CHAMPION, RETIRED, Actor, AliasStore
from registry.errors import IntegrityError, NotPublishedError, PublishError, RegistryError, SignatureError
from registry.history import PUBLISH, sync
from registry.integrity import SIGNATURE, SUMS, VerifiedFiles, digest, verify_files, write_sums
from registry.predictor import Predictor, Runtime, open_predictor
from registry.promotion_gates import REFERENCE, read_table
from registry.signature import MODEL_NAME, Signature

CARD, MODEL_CARD = "card.json", "model_card.md"
STAGING = ".staging-"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was found sound and is ready to predict."""

    number: int
    digest: str
    signature: Signature
    predictor: Predictor


class VersionStore:
    """The versions of ``model`` below the folder ``models``. Nothing is touched until a method is called.

    Attributes:
        key: the public key that every version must be signed with; None if it need not be signed.
    """

    def __init__(self, models: Path, model: str, key: Any = None) -> None:
        self.model = model
        self.key = key
        self.folder = models / model
        self.aliases = AliasStore(self.folder)
        self.history = self.aliases.history

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> VersionStore:
        """Return the store that SERVE_MODELS and SERVE_MODEL name; every command reads them here.

        Raises:
            RegistryError: if SERVE_MODEL is no model's name.
        """
        model = environ.get("SERVE_MODEL", "boston")
        if not MODEL_NAME.fullmatch(model):
            raise RegistryError(f"SERVE_MODEL={model!r}: expected the name of a folder in SERVE_MODELS, without a path")
        models = Path(environ.get("SERVE_MODELS") or "models")
        return cls(models, model, load_public_key(environ.get("SERVE_REQUIRE_SIGNATURE", "")))

    def versions(self) -> list[int]:
        """The numbers of the published versions, ascending, without the retired; empty if there are none."""
        return self.aliases.versions()

    def number_of(self, alias: str) -> int:
        """The version that an alias names.

        Raises:
            NotPublishedError: if the alias is not set.
        """
        try:
            return self.aliases.read()[alias]
        except KeyError:
            raise NotPublishedError(
                f"{self.folder}: no version is {alias} yet; `make train` publishes the first one"
            ) from None

    def resolve(self, text: str) -> int:
        """Return the version that a person named, by its number or by an alias.

        Raises:
            NotPublishedError: if the alias is not set.
        """
        return int(text) if _NUMBER.fullmatch(text) else self.number_of(text)

    def check(self, number: int) -> VerifiedFiles:
        """Compare a version's files with its SHA256SUMS, that with the history and, if one is asked for, a signature.

        A retired version is found, too; it is not among those that may serve.

        Raises:
            NotPublishedError: if there is no such version.
            IntegrityError: naming each file that is missing, extra or changed.
        """
        folder = self.folder / str(number)
        if not folder.is_dir():
            folder = self.folder / RETIRED / str(number)
        if not folder.is_dir():
            raise NotPublishedError(f"{self.folder}: version {number} is not published")
        verified = verify_files(folder)
        published = history_queries.published_digests(self.history.readable(f'"version": {number},')).get(number)
        if published not in (None, verified.digest):
            raise IntegrityError(f"{folder / SUMS}: is not what was published as version {number}; restore that")
        if self.key is not None:
            from registry.signing import verify_signing

            verify_signing(self.folder, number, verified.sums, self.key)
        return verified

    def open(self, number: int, runtime: Runtime = "litert") -> Version:
        """Check a version and make it ready to predict; it has done so twice then, for the first time is the slowest.

        Raises:
            RegistryError: or one of its kinds, if the version is missing, was changed or can't be run.
        """
        verified = self.check(number)
        signature = _signature(verified)
        predictor = open_predictor(verified, runtime)
        try:
            predictor.predict(np.array([signature.example] * 2, dtype=np.float32))
        except (ValueError, RuntimeError) as error:
            raise RegistryError(f"{verified.folder}: does not predict ({error})") from error
        return Version(number, verified.digest, signature, predictor)

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
        verified = self.check(number)
        if REFERENCE not in verified:
            return []
        signature = _signature(verified)
        table = read_table(verified, REFERENCE, [*signature.names, signature.output.name])
        return [tuple(row) for row in table[:, :-1].tolist()]

    def model_card(self, number: int) -> str:
        """The model card of a version whose files were checked first, in Markdown."""
        return self.check(number).read(MODEL_CARD).decode()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A fresh folder to write a version's files in; whatever is still there at the end is removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=STAGING, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, staged: Path, who: Actor, alias: str | None = None) -> tuple[int, str]:
        """Publish a staged folder under the next free number: seal it, make it durable, rename it into place.

        The first version becomes champion; a later one becomes challenger, and someone has to promote it.

        Args:
            alias: another alias to give it.

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
        with self.aliases.write_lock():
            told_of = history_queries.published_digests(
                self.history.entries()
            )  # a number is given once, whatever became of it
            present = [number for number in self.versions() if number in told_of]
            if present:
                self._same_inputs(signature, present[-1])
            number = max([*self.aliases.numbers(), *self.aliases.numbers(RETIRED), *told_of], default=0) + 1
            staged.rename(self.folder / str(number))
            sync(self.folder)
            aliases = self.aliases.read()
            alias = alias or (CHALLENGER if CHAMPION in aliases else CHAMPION)
            sums = digest(self.folder / str(number) / SUMS)
            self.aliases.change(PUBLISH, {**aliases, alias: number}, who, version=number, alias=alias, sha256=sums)
        return number, alias

    def _same_inputs(self, signature: Signature, latest: int) -> None:
        there = Signature.from_json(json.loads((self.folder / str(latest) / SIGNATURE).read_bytes()))
        if there.names != signature.names:
            raise PublishError(
                f"{self.folder}: version {latest} takes ({', '.join(there.names)}), this one "
                f"({', '.join(signature.names)}); clients and logs rely on the inputs, so give it another model name"
            )


def load_public_key(file: str) -> Any:
    """The public key in a file (SERVE_REQUIRE_SIGNATURE); None if no file is named.

    Raises:
        RegistryError: if it is no Ed25519 public key.
    """
    if not file:
        return None
    from registry.signing import read_key  # its library is needed by nobody else

    return read_key(Path(file))


def requires_two_person_approval(environ: Mapping[str, str]) -> bool:
    """Whether nobody may sign off a version that they trained (SERVE_TWO_PERSON=1).

    Raises:
        RegistryError: if it is neither 0 nor 1.
    """
    value = environ.get("SERVE_TWO_PERSON", "0")
    if value not in ("0", "1"):
        raise RegistryError(f"SERVE_TWO_PERSON={value!r}: expected 0 or 1")
    return value == "1"


def _signature(verified: VerifiedFiles) -> Signature:
    try:
        return Signature.from_json(json.loads(verified.read(SIGNATURE)))
    except ValueError as error:
        raise SignatureError(f"{verified.folder / SIGNATURE}: not JSON ({error})") from error


def _sync_tree(folder: Path) -> None:
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync(Path(parent, name))
        sync(Path(parent))
