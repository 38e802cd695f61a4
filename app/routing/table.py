"""Actor has which part at a moment: champion, fallback, canary, shadow. Values only; knows no file and no HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.codecs.json_decoder import JsonDecoder
from app.codecs.validation import SignatureValidator
from app.routing.cache import LoadedModel
from app.routing.canary import CanaryAnalysis
from app.routing.circuit_breaker import CircuitBreaker
from registry import CANARY, CHAMPION, FALLBACK, SHADOW, Signature, Version

PINNED = "pinned"
_BUCKETS = 1 << 32


@dataclass(frozen=True, slots=True)
class Route:
    """A version as it was asked: ``role`` is what its rows in the log say, ``instead`` who answers if it can't."""

    opened: LoadedModel
    role: str
    instead: Route | None = None
    breaker: CircuitBreaker | None = None

    @property
    def version(self) -> Version:
        """The version itself."""
        return self.opened.version

    @property
    def signature(self) -> Signature:
        """What the version eats and gives."""
        return self.opened.version.signature

    @property
    def decoder(self) -> JsonDecoder:
        """What reads its rows."""
        return self.opened.decoder

    @property
    def checks(self) -> SignatureValidator:
        """What checks its rows and its predictions."""
        return self.opened.checks


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """Actor has which part. Replaced as a whole, so that no request sees half a change."""

    champion: Route
    canary: Route | None = None
    share: float = 0.0
    line: str = ""  # which line of history made it canary
    trial: CanaryAnalysis | None = None
    shadow: LoadedModel | None = None

    def choose(self, client: str) -> Route:
        """Actor answers a client: the canary if its share falls on that one, else the champion; always the same."""
        canary = self.canary
        if canary is not None and bucket(client, canary.version.number) < self.share:
            return canary
        return self.champion


def give(
    opened: Mapping[str, LoadedModel],
    share: float,
    line: str,
    before: RoutingTable | None,
    workers: int,
    clock: Callable[[], float],
) -> RoutingTable:
    """Give the open versions their parts, by alias; there is a champion among them.

    Args:
        share: of the requests that the canary gets, 0 to 1.
        line: of history that made it canary.
        before: the parts until now: what stays the same goes on with its trial, or its breaker.
        workers: that hold a trial each.
    """
    fallback = Route(opened[FALLBACK], FALLBACK) if FALLBACK in opened else None
    if fallback is not None and opened[FALLBACK] is opened[CHAMPION]:
        fallback = None
    champion = Route(opened[CHAMPION], CHAMPION, fallback, CircuitBreaker(clock) if fallback else None)
    if before and (before.champion.opened, before.champion.instead) == (champion.opened, fallback):
        champion = before.champion
    if CANARY not in opened or not share:
        return RoutingTable(champion, shadow=opened.get(SHADOW))
    trial = before.trial if before and before.line == line else None
    canary = Route(opened[CANARY], CANARY, champion)
    return RoutingTable(champion, canary, share, line, trial or CanaryAnalysis(share, workers), opened.get(SHADOW))


def bucket(client: str, number: int) -> float:
    """Where a client falls for a canary, 0 to 1: the same for every worker, and another for another version."""
    digest = hashlib.blake2b(f"{number} {client}".encode("utf-8", "surrogateescape"), digest_size=4).digest()
    return int.from_bytes(digest) / _BUCKETS
