"""The router: which loaded version answers a request, and what becomes of a canary that fails.

A worker follows aliases.json: a new champion is loaded and warmed beside the old, and takes over between two requests.
If it can't be loaded, or the history does not say that it is champion, the old one goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.errors import ModelNotReady, NotFound, ServingError
from app.routing.cache import LoadedModel, ModelCache, VersionStatus
from app.routing.file_watcher import FileWatcher
from app.routing.table import PINNED, Route, RoutingEvents, RoutingTable, build_routing_table
from app.settings import Settings
from registry import ALIASES, ALIASES_MAX_AGE, CANARY, CHAMPION, FALLBACK, SHADOW, Actor, RegistryError
from registry.history import HEAD, HISTORY
from registry.history_queries import canary_share
from registry.promotion import clear

logger = logging.getLogger(__name__)

# How long to wait for another command before a canary is taken off its alias, in seconds.
_CLEAR_TIMEOUT = 1.0
# How long to wait for each version that an alias names, in seconds. One that takes longer takes over when it is ready.
_LOAD_TIMEOUT = 5.0


class ModelRouter:
    """Routes the requests of one model.

    Args:
        on_load: is called with each version that was loaded.
        clock: seconds that only go forward.
        events: what happens to a canary and to the champion's breaker, for the metrics.

    Attributes:
        faults: by alias, why it has no version here.
    """

    def __init__(
        self,
        settings: Settings,
        on_load: Callable[[LoadedModel], None],
        clock: Callable[[], float] = time.monotonic,
        events: RoutingEvents | None = None,
    ) -> None:
        self._settings = settings
        self._store = settings.store()
        self._cache = ModelCache(settings, self._store, on_load, clock)
        self._clock = clock
        self._events = events or RoutingEvents()
        self._lock = threading.Lock()  # of replacing the table
        self._table: RoutingTable | None = None
        self._withdrawn: dict[str, str] = {}  # why a canary was withdrawn, by the history entry that began it
        files = [self._store.folder / name for name in (ALIASES, "", HISTORY, HEAD)]
        self._watcher = FileWatcher(files, self._reload, clock, ALIASES_MAX_AGE)
        self._aliases: Mapping[str, int] | None = None  # as they were verified last
        self.faults: dict[str, str] = {}

    def champion(self) -> Route:
        """Return the route of requests that name no version.

        Raises:
            NotReady: if there is none. It is tried again once a second.
        """
        return self._current_table().champion

    def route(self, client_id: str) -> Route:
        """Return the canary's route, if its share falls on this client, else the champion's.

        Raises:
            NotReady: if there is none.
        """
        table = self._current_table()
        return table.champion if table.canary is None else table.choose(client_id)

    def pinned(self, number: int) -> Route:
        """Return the route of a version by its number, if it is published and sound. It has no fallback.

        Raises:
            NotFound: if it is not published.
            NotReady: if it can't be loaded.
        """
        table = self._table
        if table is not None and table.champion.model.number == number:
            return replace(table.champion, fallback=None, breaker=None, analysed=False)
        return Route(self._cache.get(number), PINNED, mirrored=table is not None and table.shadow is not None)

    def resolve_alias(self, alias: str) -> int:
        """Return the number of the version that has an alias.

        Raises:
            NotFound: if the alias is not set.
            NotReady: if the aliases can't be verified, and never could.
        """
        self._watcher.wait_until_current()
        if self._aliases is None:
            raise ModelNotReady(self.faults.get(CHAMPION, "the aliases are being read"))
        try:
            return self._aliases[alias]
        except KeyError:
            raise NotFound(f"{self._settings.model}: no version is {alias}") from None

    def model_card(self, number: int) -> str | None:
        """Return a version's model card, in Markdown; also a retired one's. None if it has none."""
        try:
            return self._store.model_card(number)
        except (RegistryError, OSError):
            return None

    def statuses(self) -> list[VersionStatus]:
        """Return every published version, ascending.

        Raises:
            NotReady: if the registry can't be read.
        """
        return self._cache.statuses()

    def shadow(self) -> LoadedModel | None:
        """Return the version that sees every request and answers none, if there is one."""
        return self._table.shadow if self._table else None

    def versions(self) -> dict[str, int]:
        """Return the version that each alias has in this worker now; nothing while there is no champion."""
        return self._table.versions() if self._table else {}

    def record_outcome(self, route: Route, *, failed: bool) -> None:
        """Record how an answer went, for the canary's analysis; a canary that fails too often is withdrawn.

        A version that has lost its role since, or that was asked for by its number, does not count.
        """
        table = self._table
        if table is None or table.analysis is None or (route is not table.canary and route is not table.champion):
            return
        of_canary = route is table.canary
        if of_canary and failed:
            self._events.count("canary_failed")
        verdict = table.analysis.record(of_canary=of_canary, failed=failed)
        if verdict:
            self._withdraw_canary(table, verdict)

    def refresh(self) -> None:
        """Reload the aliases, if they changed since the last time, or could not be followed then."""
        self._watcher.poll()

    def start(self) -> None:
        """Follow the aliases in a thread, until :meth:`close`."""
        self._watcher.start()

    def close(self) -> None:
        """Follow the aliases no longer."""
        self._watcher.close()

    def _current_table(self) -> RoutingTable:
        self._watcher.wait_until_current()
        table = self._table
        if table is None:
            raise ModelNotReady(self.faults.get(CHAMPION, "it is being opened"))
        return table

    def _reload(self) -> bool:
        """Load what the aliases name and replace the table. Return whether every alias has a version."""
        faults: dict[str, str] = {}
        aliases = self._read_aliases(faults)
        models = self._load(aliases, faults)
        share, entry = self._find_canary_share(models, faults)
        verdict = self._withdrawn.get(entry)
        if verdict:
            fault = self._clear_canary(entry, verdict)
            faults[CANARY] = f"version {models.pop(CANARY).number} is withdrawn: {verdict}{fault}"
        with self._lock:
            table = self._table
            if CHAMPION in aliases and CHAMPION not in models and table:
                models[CHAMPION] = table.champion.model  # the old one goes on, and the others change beside it
            if entry in self._withdrawn:  # by now
                models.pop(CANARY, None)
            if CHAMPION in models:
                workers = self._settings.workers
                show, clock = self._show_breaker, self._clock
                table = build_routing_table(models, share, entry, table, workers, clock, show)
            # Together: whoever is answered by the new table finds the faults that go with it.
            known, self.faults, self._table = self.faults, faults, table
        self._show_breaker()  # another champion has another breaker
        if CHAMPION in models:
            self._cache.pin({model.number for model in models.values()})
        for alias, reason in faults.items():
            if known.get(alias) != reason:
                logger.error("%s: %s", alias, reason)
        return not faults

    def _show_breaker(self) -> None:
        """Tell the metrics of the champion's breaker; a champion's that was replaced does not matter any more."""
        breaker = self._table.champion.breaker if self._table else None
        self._events.set_breaker(breaker is not None and breaker.is_open)

    def _read_aliases(self, faults: dict[str, str]) -> Mapping[str, int]:
        """Return the aliases that the history allows; none if it can't be verified: then nothing changes."""
        try:
            aliases, fault = self._store.aliases.in_use()
            if aliases or not fault:  # else aliases.json is missing
                self._aliases = aliases
            if CHAMPION not in aliases and not fault:
                self._store.number_of(CHAMPION)
        except RegistryError as error:
            aliases, fault = {}, str(error)
        if fault:
            faults[CHAMPION] = fault
        return aliases

    def _load(self, aliases: Mapping[str, int], faults: dict[str, str]) -> dict[str, LoadedModel]:
        models = {}
        for alias in (CHAMPION, FALLBACK, CANARY, SHADOW):
            if alias in aliases:
                try:
                    models[alias] = self._cache.get(aliases[alias], _LOAD_TIMEOUT)
                except ServingError as error:
                    faults[alias] = error.reason if isinstance(error, ModelNotReady) else error.message
        return models

    def _find_canary_share(self, models: dict[str, LoadedModel], faults: dict[str, str]) -> tuple[float, str]:
        """Return the canary's share of the requests, 0 to 1, and the digest of the history entry that gave it."""
        if CANARY in models:
            try:
                return canary_share(self._store.history.entries(), models[CANARY].number)
            except RegistryError as error:
                faults[CANARY] = str(error)
        return 0.0, ""

    def _withdraw_canary(self, table: RoutingTable, verdict: str) -> None:
        with self._lock:
            if table.canary is None or self._table is None or self._table.canary_entry != table.canary_entry:
                return
            self._withdrawn[table.canary_entry] = verdict
            self._table = replace(self._table, canary=None, canary_entry="", analysis=None)
        self._events.count("canary_withdrawn")
        logger.error("canary version %d is withdrawn: %s", table.canary.model.number, verdict)
        self._watcher.reload_soon()  # in its thread, which takes the canary off its alias

    def _clear_canary(self, entry: str, verdict: str) -> str:
        """Take a withdrawn canary off its alias. Return what keeps it there, to be added to the fault; mostly empty."""
        try:
            clear(self._store, CANARY, Actor("service", verdict), entry=entry, timeout=_CLEAR_TIMEOUT)
        except RegistryError as error:  # perhaps the models folder is read-only here: this worker asks it no more
            return f"; it can't be taken off its alias: {error}"
        return ""
