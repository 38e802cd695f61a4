"""Which version answers a request: the champion, a canary its share, or the one that is named; and who steps in.

A worker follows aliases.json: a new champion is opened and warmed beside the old, and takes over between two requests.
One that can't be opened leaves the old one serving. Knows no HTTP and no log.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.breaker import Breaker
from app.checks import Checks
from app.decode import Decoder
from app.errors import Refusal
from app.record import Record
from app.settings import Settings
from app.shelf import Opened, Shelf, State
from app.trial import Trial
from journal import Journal
from registry import CANARY, CHAMPION, FALLBACK, SHADOW, RegistryError, Signature, Version, Who
from registry.promotion import clear

logger = logging.getLogger(__name__)

# How often a worker looks whether the aliases changed, and how long it leaves a fault alone, in seconds.
LOOK, _RETRY = 0.2, 1.0
PINNED = "pinned"
_BUCKETS = 1 << 32


@dataclass(frozen=True, slots=True)
class Serving:
    """A version as it was asked: ``role`` is what its rows in the log say, ``instead`` who answers if it can't."""

    opened: Opened
    role: str
    instead: Serving | None = None
    breaker: Breaker | None = None

    @property
    def version(self) -> Version:
        """The version itself."""
        return self.opened.version

    @property
    def signature(self) -> Signature:
        """What the version eats and gives."""
        return self.opened.version.signature

    @property
    def decoder(self) -> Decoder:
        """What reads its rows."""
        return self.opened.decoder

    @property
    def checks(self) -> Checks:
        """What checks its rows and its predictions."""
        return self.opened.checks


@dataclass(frozen=True, slots=True)
class Parts:
    """Who has which part at a moment. Replaced as a whole, so that no request sees half a change."""

    champion: Serving
    canary: Serving | None = None
    share: float = 0.0
    trial: Trial | None = None
    shadow: Opened | None = None


class Versions:
    """The versions of one model as requests see them.

    Args:
        journal: is told the columns of the prediction log, once they are known.
        clock: seconds that only go forward.
    """

    def __init__(self, settings: Settings, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._store = settings.store()
        self._shelf = Shelf(settings, self._store, journal, clock)
        self._clock = clock
        self._lock = threading.Lock()  # held by who changes the parts
        self._parts: Parts | None = None
        self._seen: object = None  # what the files looked like that the parts were made from
        self._withdrawn: set[int] = set()  # canaries that failed their trial
        self._again = 0.0
        self._closed = threading.Event()
        self.faults: dict[str, str] = {}  # by alias, why its version has no part

    def champion(self) -> Serving:
        """The version that answers who names none.

        Raises:
            Refusal: 503 if there is none that can be used. It is tried again, but at most once a second.
        """
        return self._now().champion

    def choose(self, record: Record) -> Serving:
        """The version that answers this request: the canary, if its share falls on the client, else the champion.

        A client that says who it is (``X-Client-ID``) always gets the same one; else the request's id decides.

        Raises:
            Refusal: 503 if there is none that can be used.
        """
        parts = self._parts or self._now()
        if parts.canary is None:
            return parts.champion
        client = record.environ.get("HTTP_X_CLIENT_ID") or record.request_id
        return parts.canary if bucket(client, parts.canary.version.number) < parts.share else parts.champion

    def numbered(self, number: int) -> Serving:
        """A version by its number, if it is published and sound.

        Raises:
            Refusal: 404 if it is not published, 503 if it can't be opened.
        """
        parts = self._parts
        if parts is not None and parts.champion.version.number == number:
            return replace(parts.champion, instead=None, breaker=None)
        return Serving(self._shelf.get(number), PINNED)

    def number_of(self, alias: str) -> int:
        """The number of the version that an alias names now.

        Raises:
            Refusal: 404 if the alias is not set, 503 if the registry can't be read.
        """
        try:
            return self._store.aliases()[alias]
        except RegistryError as error:
            raise Refusal(503, f"no version is ready: {error}") from error
        except KeyError:
            raise Refusal(404, f"{self._settings.model}: no version is {alias}") from None

    def model_card(self, number: int) -> str | None:
        """A version's model card, in Markdown; also a retired one's. None if it has none."""
        try:
            return self._store.model_card(number)
        except (RegistryError, OSError):
            return None

    def states(self) -> list[State]:
        """Every published version, ascending.

        Raises:
            Refusal: 503 if the registry can't be read.
        """
        return self._shelf.states()

    def shadow(self) -> Opened | None:
        """The version that sees every request and answers none, if there is one."""
        parts = self._parts
        return parts.shadow if parts else None

    def judge(self, serving: Serving, failed: bool) -> None:
        """Take down how an answer went, for the canary's trial; one that fails it is withdrawn."""
        parts = self._parts
        if parts is None or parts.trial is None or serving.role not in (CANARY, CHAMPION):
            return
        verdict = parts.trial.observe(of_canary=serving.role == CANARY, failed=failed)
        if verdict and parts.canary is not None:
            self._withdraw(parts.canary.version.number, verdict)

    def follow(self) -> None:
        """Look after the aliases in a thread, until :meth:`close`, or until nobody uses this object any more."""
        threading.Thread(target=_follow, args=(weakref.ref(self), self._closed), name="aliases", daemon=True).start()

    def close(self) -> None:
        """Follow the aliases no longer."""
        self._closed.set()

    def look(self) -> None:
        """Take over the parts that the aliases give, if they changed since the last look or could not be given then."""
        seen = self._look_at_files()
        if seen == self._seen and (not self.faults or self._clock() < self._again):
            return
        with self._lock:
            if seen == self._seen and (not self.faults or self._clock() < self._again):
                return
            self._again = self._clock() + _RETRY
            self._take_over()
            self._seen = seen

    def _now(self) -> Parts:
        if self._parts is None:
            self.look()
        if self._parts is None:
            raise Refusal(503, f"no model is ready: {self.faults.get(CHAMPION, 'it is being opened')}")
        return self._parts

    def _take_over(self) -> None:
        faults: dict[str, str] = {}
        aliases: dict[str, int] = {}
        share = 0.0
        try:
            aliases = self._store.aliases()
            share = self._store.releases.share(aliases[CANARY]) if CANARY in aliases else 0.0
            self._store.number_of(CHAMPION)
        except RegistryError as error:
            faults[CHAMPION] = str(error)
        opened: dict[str, Opened] = {}
        for alias in (CHAMPION, FALLBACK, CANARY, SHADOW):
            number = aliases.get(alias)
            if number is None or (alias == CANARY and number in self._withdrawn):
                continue
            try:
                opened[alias] = self._shelf.get(number)
            except Refusal as refusal:
                faults[alias] = refusal.error.removeprefix("no model is ready: ")
        if CANARY not in aliases:
            self._withdrawn.clear()  # whoever makes one of them a canary again means it
        self._tell(faults)
        if CHAMPION in opened:
            self._parts = self._give(opened, share)
            self._shelf.keep({one.version.number for one in opened.values()})

    def _give(self, opened: dict[str, Opened], share: float) -> Parts:
        fallback = Serving(opened[FALLBACK], FALLBACK) if FALLBACK in opened else None
        if fallback is not None and opened[FALLBACK] is opened[CHAMPION]:
            fallback = None
        champion = Serving(opened[CHAMPION], CHAMPION, fallback, Breaker(self._clock) if fallback else None)
        if CANARY not in opened or not share:
            return Parts(champion, shadow=opened.get(SHADOW))
        canary = Serving(opened[CANARY], CANARY, champion)
        trial = Trial(share, self._settings.workers)
        before = self._parts
        if before and before.canary and (before.canary.opened, before.share) == (canary.opened, share):
            trial = before.trial or trial  # something else changed: the trial goes on
        return Parts(champion, canary, share, trial, opened.get(SHADOW))

    def _tell(self, faults: dict[str, str]) -> None:
        for alias, reason in faults.items():
            if self.faults.get(alias) != reason:
                logger.error("no %s: %s", alias, reason)
        self.faults = faults

    def _withdraw(self, number: int, verdict: str) -> None:
        with self._lock:
            if number in self._withdrawn or self._parts is None:
                return
            self._withdrawn.add(number)
            self._parts = replace(self._parts, canary=None, trial=None)
        logger.error("canary version %d is withdrawn: %s", number, verdict)
        threading.Thread(target=self._clear_canary, args=(number, verdict), name="withdraw", daemon=True).start()

    def _clear_canary(self, number: int, verdict: str) -> None:
        try:
            clear(self._store, CANARY, Who("service", verdict), number=number)
        except RegistryError as error:  # a models folder that is read-only here: this worker asks it no more
            logger.error("canary version %d can't be taken off its alias: %s", number, error)

    def _look_at_files(self) -> object:
        seen = []
        for name in ("aliases.json", "canary.json", ""):
            try:
                status = os.stat(self._store.folder / name)  # noqa: PTH116 - five times a second
                seen.append((status.st_ino, status.st_mtime_ns, status.st_size))
            except OSError as error:
                seen.append((error.errno or 0, 0, 0))
        return tuple(seen)


def bucket(client: str, number: int) -> float:
    """Where a client falls for a canary, 0 to 1: the same for every worker, and another for another version."""
    digest = hashlib.blake2b(f"{number} {client}".encode("utf-8", "surrogateescape"), digest_size=4).digest()
    return int.from_bytes(digest) / _BUCKETS


def _follow(reference: weakref.ref[Versions], closed: threading.Event) -> None:
    while not closed.wait(LOOK):
        versions = reference()
        if versions is None:
            return
        try:
            versions.look()
        except Exception:  # the next look may find it mended
            logger.exception("the aliases could not be followed")
        del versions
