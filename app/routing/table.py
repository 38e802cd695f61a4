"""The routing table: who is champion, fallback, canary and shadow at a moment, and which of them answers a client."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.routing.cache import LoadedModel
from app.routing.canary_analysis import CanaryAnalysis
from app.routing.circuit_breaker import CircuitBreaker
from registry import CANARY, CHAMPION, FALLBACK, SHADOW

PINNED = "pinned"  # the role of a version that the request names
_BUCKETS = 1 << 32


@dataclass(frozen=True, slots=True)
class RoutingEvents:
    """Who is told of what happens: ``count`` by an event's name, ``set_breaker`` whether the champion's is open."""

    count: Callable[[str], None] = lambda _: None
    set_breaker: Callable[[bool], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Route:
    """A version that answers a request.

    Attributes:
        role: what its rows in the log say.
        fallback: the route that answers what this one can't.
        breaker: opens when the version keeps failing; only with a fallback.
        analysed: whether its answers count for a canary.
        mirrored: whether a shadow is to see its requests.
    """

    model: LoadedModel
    role: str
    fallback: Route | None = None
    breaker: CircuitBreaker | None = None
    analysed: bool = False
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """Which route answers which request. Replaced as a whole, so that no request sees half a change.

    Attributes:
        traffic_share: of the requests that the canary gets, 0 to 1.
        canary_entry: the digest of the history entry that made it canary.
    """

    champion: Route
    canary: Route | None = None
    traffic_share: float = 0.0
    canary_entry: str = ""
    analysis: CanaryAnalysis | None = None
    shadow: LoadedModel | None = None

    def choose(self, client_id: str) -> Route:
        """Return the canary if its share falls on this client, else the champion; always the same for a client."""
        canary = self.canary
        if canary is not None and bucket(client_id, canary.model.number) < self.traffic_share:
            return canary
        return self.champion

    def versions(self) -> dict[str, int]:
        """Return the version that each alias has here."""
        routes = {CHAMPION: self.champion, FALLBACK: self.champion.fallback, CANARY: self.canary}
        numbers = {alias: route.model.number for alias, route in routes.items() if route is not None}
        return numbers | ({SHADOW: self.shadow.number} if self.shadow else {})


def build_routing_table(
    models: Mapping[str, LoadedModel],
    traffic_share: float,
    canary_entry: str,
    previous: RoutingTable | None,
    workers: int,
    clock: Callable[[], float],
    on_breaker_change: Callable[[], None],
) -> RoutingTable:
    """Return the table for the models by alias, a champion among them.

    Args:
        traffic_share: of the requests that the canary gets, 0 to 1.
        canary_entry: the digest of the history entry that made it canary.
        previous: the table until now: what stays the same goes on with its analysis, or its breaker.
        workers: that hold an analysis each.
    """
    fallback = Route(models[FALLBACK], FALLBACK) if FALLBACK in models else None
    if fallback is not None and fallback.model is models[CHAMPION]:
        fallback = None
    has_canary, mirrored = CANARY in models and traffic_share > 0, SHADOW in models
    breaker = CircuitBreaker(clock, on_breaker_change) if fallback else None
    if previous and (previous.champion.model, previous.champion.fallback) == (models[CHAMPION], fallback):
        breaker = previous.champion.breaker
    champion = Route(models[CHAMPION], CHAMPION, fallback, breaker, has_canary, mirrored)
    if not has_canary:
        return RoutingTable(champion, shadow=models.get(SHADOW))
    canary = Route(models[CANARY], CANARY, champion, None, True, mirrored)
    analysis = previous.analysis if previous and previous.canary_entry == canary_entry else None
    analysis = analysis or CanaryAnalysis(traffic_share, workers)
    return RoutingTable(champion, canary, traffic_share, canary_entry, analysis, models.get(SHADOW))


def bucket(client_id: str, number: int) -> float:
    """Return where a client falls for a canary, 0 to 1: the same in every worker, another for another version."""
    digest = hashlib.blake2b(f"{number} {client_id}".encode("utf-8", "surrogateescape"), digest_size=4).digest()
    return int.from_bytes(digest) / _BUCKETS
