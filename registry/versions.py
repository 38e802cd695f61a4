"""The published versions of one model, in models/NAME: publish, check and open them.

A version is a folder that appears whole, by one rename, and never changes afterwards. To publish, take
:meth:`AliasStore.write_lock`; readers need no lock.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filesystem import read_plain, sync
from registry import history_queries
from registry.actor import Actor
from registry.aliases import CHALLENGER, CHAMPION, PENDING, RETIRED, AliasStore
from registry.consistency import describe_retired
from registry.errors import HistoryError, NotPublishedError, PublishError, SignatureError
from registry.figures import Figures
from registry.history_line import PUBLISH
from registry.integrity import SIGNATURE, VerifiedFiles, verify_files, write_sums
from registry.model_files import open_model, probe_model
from registry.predictor import Predictor, Runtime
from registry.probe import Prober
from registry.published_files import PublishedFiles, find_folder, require_recorded
from registry.rows import REFERENCE, read_rows
from registry.signature import Signature
from registry.staging import staged_folder

CARD, MODEL_CARD = "card.json", "model_card.md"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was checked and is ready to predict."""

    number: int
    digest: str
    signature: Signature
    predictor: Predictor
    figures: Figures | None = None


class VersionStore:
    """The versions of a model in the folder ``models``. The constructor reads and writes nothing.

    Attributes:
        key: the Ed25519 public key that every version must be signed with; None if signatures are not required.
    """

    def __init__(self, models: Path, model: str, key: Any = None) -> None:
        self.model = model
        self.key = key
        self.folder = models / model
        self.aliases = AliasStore(self.folder)
        self.history = self.aliases.history
        self._prober = Prober()

    def versions(self) -> list[int]:
        """Return the numbers of the published versions, ascending, without the retired ones."""
        return self.aliases.versions()

    def number_of(self, alias: str) -> int:
        """Return the version that has an alias.

        Raises:
            NotPublishedError: if the alias is not set.
            RegistryError: if the aliases are not those of the history.
        """
        try:
            return self.aliases.in_use()[0][alias]
        except KeyError:
            raise NotPublishedError(
                f"{self.folder}: no version is {alias} yet; `make train` publishes the first one"
            ) from None

    def resolve(self, text: str) -> int:
        """Return the version that a number or an alias names.

        Raises:
            NotPublishedError: if the alias is not set.
        """
        return int(text) if _NUMBER.fullmatch(text) else self.number_of(text)

    def check(self, number: int, *, tolerant: bool = False) -> VerifiedFiles:
        """Check a version's files against SHA256SUMS, and SHA256SUMS against the history and the required signature.

        Retired versions can be checked too.

        Args:
            tolerant: go by the sound lines of the history, also if it is damaged or does not name the version.

        Raises:
            NotPublishedError: if there is no such version.
            HistoryError: if the history can't be verified.
            IntegrityError: naming each file that is missing, extra or changed; or if the history does not name the
                version, or the signature is missing or wrong.
        """
        folder = find_folder(self.folder, number)
        verified = verify_files(folder)
        entries = self.history.undamaged() if tolerant else self.history.entries()
        require_recorded(folder, number, verified.sums, entries, self.key, tolerant=tolerant)
        return verified

    def files(self, number: int) -> PublishedFiles:
        """Return the files of a version, which may be retired, after a check of its SHA256SUMS alone.

        Raises:
            RegistryError: or a subclass, as :meth:`check`.
        """
        return PublishedFiles.of(self.folder, number, self.history.entries(), self.key)

    def open(self, number: int, runtime: Runtime | None = None) -> Version:
        """Check and probe a version, and return it ready to predict.

        Args:
            runtime: LiteRT by default, or Keras if the version has no file for LiteRT.

        Raises:
            RegistryError: or a subclass, if the version is missing, was changed or can't be run.
        """
        verified = self.check(number)
        if number in history_queries.retired_versions(self.history.entries()):
            raise NotPublishedError(describe_retired(self.folder, number))
        signature = _signature(verified)
        predictor = open_model(verified, signature, self._prober, runtime)
        figures = Figures.from_text(verified.read(CARD)) if CARD in verified else None
        return Version(number, verified.digest, signature, predictor, figures)

    def signature(self, number: int) -> Signature:
        """Return the signature of a version, after a check of its files."""
        return _signature(self.check(number))

    def card(self, number: int) -> dict[str, Any]:
        """Return the card of a version, after a check of its files."""
        card: dict[str, Any] = json.loads(self.check(number).read(CARD))
        return card

    def reference(self, number: int) -> list[tuple[float, ...]]:
        """Return the reference rows of a version as its model sees them, after a check of its files; empty without any.

        Raises:
            RegistryError: or a subclass, if the version was changed or its reference.csv has other columns.
        """
        verified = self.check(number)
        if REFERENCE not in verified:
            return []
        return [tuple(row) for row in read_rows(verified, REFERENCE, _signature(verified))[:, :-1].tolist()]

    def model_card(self, number: int) -> str:
        """Return the model card of a version, in Markdown, after a check of its files."""
        return self.check(number).read(MODEL_CARD).decode()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Provide a new folder to write a version's files in; remove it at the end if it was not published."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with staged_folder(self.folder) as folder:
            yield folder

    def require_publishable(self, signature: Signature, timeout: float = 5.0) -> None:
        """Check what :meth:`publish` will need beside the files of a version, before hours are spent on making them.

        Args:
            timeout: how long to wait for the lock, in seconds.

        Raises:
            PublishError: if the inputs differ from those of the latest version.
            RegistryError: or OSError, if the folder can't be written, or another command holds its lock.
        """
        if self.folder.exists():
            with self.staging(), self.aliases.write_lock(timeout=timeout):
                self._require_same_inputs(signature, history_queries.published_digests(self.history.entries()))

    def publish(self, staged: Path, actor: Actor, alias: str | None = None) -> tuple[int, str]:
        """Publish a staged folder under the next free number: write SHA256SUMS, sync it, rename it into place.

        The first version becomes champion. A later one becomes challenger, until somebody promotes it.

        Args:
            alias: the alias to give it instead.

        Returns:
            the version's number and its alias.

        Raises:
            PublishError: if its inputs differ from those of the latest version: clients and logs rely on them.
            RegistryError: if its runtime can't run it.
        """
        signature = Signature.from_json(json.loads(read_plain(staged / SIGNATURE)))
        if signature.model != self.model:
            raise PublishError(f"{staged}: its signature is of {signature.model}, not of {self.model}")
        write_sums(staged)
        for path in (*staged.rglob("*"), staged):
            sync(path)
        with self.aliases.write_lock():
            recorded = history_queries.published_digests(self.history.entries())
            self._require_same_inputs(signature, recorded)
            verified = verify_files(staged)
            probe_model(verified, signature, self._prober)
            # A number is never used again, not even if its folder is gone.
            number = max([*self.aliases.numbers(), *self.aliases.numbers(RETIRED), *recorded], default=0) + 1
            aliases = self.aliases.read()
            alias = alias or (CHALLENGER if CHAMPION in aliases else CHAMPION)
            details = {"version": number, "alias": alias, "sha256": verified.digest}
            pending = self.folder / f"{PENDING}{number}"
            shutil.rmtree(pending, ignore_errors=True)  # its publisher died before it had written a line
            staged.rename(pending)
            sync(self.folder)
            try:
                self.aliases.change(PUBLISH, {**aliases, alias: number}, actor, **details)
            except HistoryError:
                pending.rename(staged)
                raise
        return number, alias

    def _require_same_inputs(self, signature: Signature, recorded: Collection[int]) -> None:
        latest = max((number for number in self.versions() if number in recorded), default=0)
        if not latest:
            return
        published = Signature.from_json(json.loads(read_plain(self.folder / str(latest) / SIGNATURE)))
        if published.names != signature.names:
            raise PublishError(
                f"{self.folder}: version {latest} takes ({', '.join(published.names)}), this one "
                f"({', '.join(signature.names)}); clients and logs rely on the inputs, so give it another model name"
            )


def _signature(verified: VerifiedFiles) -> Signature:
    try:
        return Signature.from_json(json.loads(verified.read(SIGNATURE)))
    except ValueError as error:
        raise SignatureError(f"{verified.folder / SIGNATURE}: not JSON ({error})") from error
