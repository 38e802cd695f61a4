"""Which version answers a request: the champion, a canary its share, or the one that is named; and who steps in.

A worker follows aliases.json: a new champion is opened and warmed beside the old, and takes over between two requests.
One that can't be opened leaves the old one serving. Knows no HTTP and no log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from app.errors import Refusal
from app.http.context import RequestContext
from app.routing.cache import LoadedModel, ModelCache, State
from app.routing.table import PINNED, Route, RoutingTable, give
from app.routing.watcher import FileWatcher
from app.settings import Settings
from journal import Journal
from registry import ALIASES, CANARY, CHAMPION, FALLBACK, SHADOW, Actor, RegistryError, history_queries
from registry.promotion import clear

logger = logging.getLogger(__name__)


class ModelRouter:
    """The versions of one model as requests see them.

    Args:
        journal: is told the columns of the prediction log, once they are known.
        clock: seconds that only go forward.
    """

    def __init__(self, settings: Settings, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._store = settings.store()
        self._shelf = ModelCache(settings, self._store, journal, clock)
        self._clock = clock
        self._lock = threading.Lock()  # held by who changes the parts
        self._parts: RoutingTable | None = None
        self._withdrawn: dict[str, str] = {}  # why a canary failed its trial, by the line of history that began it
        self._clearing: threading.Thread | None = None
        self._stuck = ""  # why the last one could not be taken off its alias
        folder = self._store.folder
        self._follower = FileWatcher((folder / ALIASES, folder), self._take_over, clock)
        self.faults: dict[str, str] = {}  # by alias, why its version has no part

    def champion(self) -> Route:
        """The version that answers who names none.

        Raises:
            Refusal: 503 if there is none that can be used. It is tried again, but at most once a second.
        """
        return self._now().champion

    def choose(self, record: RequestContext) -> Route:
        """The version that answers this request: the canary, if its share falls on the client, else the champion.

        A client that says who it is (``X-Client-ID``) always gets the same one; else the request's id decides.

        Raises:
            Refusal: 503 if there is none that can be used.
        """
        return self._now().choose(record.environ.get("HTTP_X_CLIENT_ID") or record.request_id)

    def numbered(self, number: int) -> Route:
        """A version by its number, if it is published and sound.

        Raises:
            Refusal: 404 if it is not published, 503 if it can't be opened.
        """
        parts = self._parts
        if parts is not None and parts.champion.version.number == number:
            return replace(parts.champion, instead=None, breaker=None)
        return Route(self._shelf.get(number), PINNED)

    def number_of(self, alias: str) -> int:
        """The number of the version that an alias names now.

        Raises:
            Refusal: 404 if the alias is not set, 503 if the registry can't be read.
        """
        try:
            return self._store.aliases.read()[alias]
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

    def shadow(self) -> LoadedModel | None:
        """The version that sees every request and answers none, if there is one."""
        parts = self._parts
        return parts.shadow if parts else None

    def judge(self, serving: Route, failed: bool) -> None:
        """Take down how an answer went, for the canary's trial; one that fails it is withdrawn.

        What a version answered that has its part no more, or that was asked for by its number, is no part of the trial.
        """
        parts = self._parts
        if parts is None or parts.trial is None or (serving is not parts.canary and serving is not parts.champion):
            return
        verdict = parts.trial.observe(of_canary=serving is parts.canary, failed=failed)
        if verdict:
            self._withdraw(parts, verdict)

    def look(self) -> None:
        """Take over the parts that the aliases give, if they changed since the last look or could not be given then."""
        self._follower.look()

    def follow(self) -> None:
        """Look after the aliases in a thread, until :meth:`close`, or until nobody uses this object any more."""
        self._follower.follow()

    def close(self) -> None:
        """Follow the aliases no longer."""
        self._follower.close()

    def _now(self) -> RoutingTable:
        self._follower.be_current()
        if self._parts is None:
            self.look()
        if self._parts is None:
            raise Refusal(503, f"no model is ready: {self.faults.get(CHAMPION, 'it is being opened')}")
        return self._parts

    def _take_over(self) -> bool:
        """Open what the aliases name, and give it its parts. Returns whether every alias has one."""
        faults: dict[str, str] = {}
        aliases: dict[str, int] = {}
        try:
            aliases = self._store.aliases.read()
            self._store.number_of(CHAMPION)
        except RegistryError as error:
            faults[CHAMPION] = str(error)
        opened: dict[str, LoadedModel] = {}
        for alias in (CHAMPION, FALLBACK, CANARY, SHADOW):
            number = aliases.get(alias)
            if number is None:
                continue
            try:
                opened[alias] = self._shelf.get(number)
            except Refusal as refusal:
                faults[alias] = refusal.error.removeprefix("no model is ready: ")
        share, line = 0.0, ""
        if CANARY in opened:
            try:
                share, line = history_queries.canary_share(self._store.history.entries(), aliases[CANARY])
            except RegistryError as error:
                faults[CANARY] = str(error)
        with self._lock:
            if verdict := self._withdrawn.get(line):
                del opened[CANARY]
                stuck = f"; it can't be taken off its alias: {self._stuck}" if self._stuck else ""
                faults[CANARY] = f"version {aliases[CANARY]} is withdrawn: {verdict}{stuck}"
            if CHAMPION in aliases and CHAMPION not in opened and self._parts:
                opened[CHAMPION] = self._parts.champion.opened  # the old one goes on, and the others change beside it
            if CHAMPION in opened:
                self._parts = give(opened, share, line, self._parts, self._settings.workers, self._clock)
        self._tell(faults)
        if CHAMPION in opened:
            self._shelf.keep({one.version.number for one in opened.values()})
        if verdict:
            self._begin_clearing(line, verdict)
        return not faults

    def _tell(self, faults: dict[str, str]) -> None:
        for alias, reason in faults.items():
            if self.faults.get(alias) != reason:
                logger.error("no %s: %s", alias, reason)
        self.faults = faults

    def _withdraw(self, parts: RoutingTable, verdict: str) -> None:
        with self._lock:
            if parts.canary is None or self._parts is None or self._parts.line != parts.line:
                return
            self._withdrawn[parts.line] = verdict
            self._parts = replace(self._parts, canary=None, line="", trial=None)
        logger.error("canary version %d is withdrawn: %s", parts.canary.version.number, verdict)
        self._begin_clearing(parts.line, verdict)
        self._follower.look_again()  # whether the alias is gone

    def _begin_clearing(self, line: str, verdict: str) -> None:
        """Take a withdrawn canary off its alias, in a thread: nobody is to wait for that."""
        if self._clearing is None or not self._clearing.is_alive():
            arguments = (line, verdict)
            self._clearing = threading.Thread(target=self._clear, args=arguments, name="withdraw", daemon=True)
            self._clearing.start()

    def _clear(self, line: str, verdict: str) -> None:
        try:
            clear(self._store, CANARY, Actor("service", verdict), entry=line)
        except RegistryError as error:  # a models folder that is read-only here: this worker asks it no more
            self._stuck = str(error)
        else:
            self._stuck = ""
