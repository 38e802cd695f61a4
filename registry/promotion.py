"""Gives a version an alias (champion, challenger, fallback, canary, shadow), and takes it away.

The version must be published and its files unchanged, and each change is a line in the history with who and why. To
become champion it must also pass every promotion gate and, where two-person approval is required, be promoted by
somebody who did not train it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from registry.actor import Actor
from registry.aliases import CANARY, CHALLENGER, CHAMPION, FALLBACK, SHADOW, TIMEOUT
from registry.errors import RegistryError, ReleaseError
from registry.history_line import CLEAR, PROMOTE, ROLLBACK
from registry.history_queries import approvers, canary_share, former_holders
from registry.integrity import VerifiedFiles
from registry.promotion_gates import GateResult, check_gates
from registry.versions import CARD, Version, VersionStore


def promote(
    store: VersionStore, number: int, alias: str, actor: Actor, *, override: bool = False, two_person: bool = False
) -> list[GateResult]:
    """Give a version an alias: champion, challenger or fallback.

    Args:
        override: let it become champion although a gate failed; the history marks it for ever.
        two_person: refuse an actor who trained the version, even with an override.

    Returns:
        the results of the gates, for champion; none for another alias.

    Raises:
        RegistryError: or a subclass, if the version is damaged or a gate failed; nothing is changed.
    """
    if alias not in (CHAMPION, CHALLENGER, FALLBACK):
        raise ReleaseError(f"{alias}: expected {CHAMPION}, {CHALLENGER} or {FALLBACK}")
    with store.aliases.write_lock():
        aliases = store.aliases.read()
        if aliases.get(alias) == number:
            raise ReleaseError(f"version {number} is {alias} already")
        verified = _verify(store, number)
        results: list[GateResult] = []
        if alias == CHAMPION:
            if two_person:
                _require_another_person(verified, actor)
            results = _gate_results(store, number, verified, aliases.get(CHAMPION))
            failed = [f"{gate.name}: {gate.detail}" for gate in results if not gate.passed]
            if failed and not override:
                raise ReleaseError(f"version {number} does not become champion, because of {'; '.join(failed)}")
            aliases = _without_trials(aliases, number)
        details = {"override": True} if any(not gate.passed for gate in results) else {}
        store.aliases.change(
            PROMOTE,
            {**aliases, alias: number},
            actor,
            version=number,
            alias=alias,
            sha256=verified.digest,
            **details,
            **({"gates": [gate.to_json() for gate in results]} if results else {}),
        )
        return results


def canary(store: VersionStore, number: int, share: float, actor: Actor) -> None:
    """Let a version answer a share of the requests, greater than 0 and at most 1.

    Raises:
        RegistryError: or a subclass, if the version is champion or damaged.
    """
    if not 0 < share <= 1:
        raise ReleaseError(f"a share of {share:g}: expected more than 0 and at most 1, or a percentage")
    _try_out(store, CANARY, number, actor, share=share)


def shadow(store: VersionStore, number: int, actor: Actor) -> None:
    """Let a version predict for every request of the champion, without answering.

    Raises:
        RegistryError: or a subclass, if the version is champion or damaged.
    """
    _try_out(store, SHADOW, number, actor)


def clear(store: VersionStore, alias: str, actor: Actor, *, entry: str | None = None, timeout: float = TIMEOUT) -> bool:
    """Take an alias away, except champion: end a canary or a shadow, or do without a fallback.

    Args:
        entry: the digest of a history entry; clear only if the canary's share is still the one that this entry set.
        timeout: how long to wait for other commands, in seconds.

    Returns:
        whether the alias was taken away.
    """
    if alias == CHAMPION:
        raise ReleaseError("there is always a champion; promote another one")
    with store.aliases.write_lock(timeout=timeout):
        aliases = store.aliases.read()
        number = aliases.pop(alias, None)
        if number is None or entry not in (None, canary_share(store.history.entries(), number)[1]):
            return False
        store.aliases.change(CLEAR, aliases, actor, version=number, alias=alias)
        return True


def rollback(store: VersionStore, actor: Actor, *, two_person: bool = False) -> int:
    """Make the previous champion champion again. Retired versions are skipped.

    No gate is checked: the version passed them once, and it is urgent.

    Args:
        two_person: refuse an actor who trained the version, unless somebody else promoted it before.

    Returns:
        the version's number.

    Raises:
        RegistryError: or a subclass, if there is no previous champion, or it is damaged.
    """
    with store.aliases.write_lock():
        entries, published = store.history.entries(), store.versions()
        number = next((number for number in former_holders(entries, CHAMPION) if number in published), None)
        if number is None:
            raise ReleaseError(f"{store.folder}: no other version was champion before; `registry promote` names one")
        verified = _verify(store, number)
        if two_person and not approvers(entries, number, CHAMPION) - {actor.by}:
            _require_another_person(verified, actor)
        aliases = {**_without_trials(store.aliases.read(), number), CHAMPION: number}
        store.aliases.change(ROLLBACK, aliases, actor, version=number, alias=CHAMPION, sha256=verified.digest)
        return number


def _try_out(store: VersionStore, alias: str, number: int, actor: Actor, **details: float) -> None:
    with store.aliases.write_lock():
        aliases, verified = store.aliases.read(), _verify(store, number)
        if aliases.get(CHAMPION) == number:
            raise ReleaseError(f"version {number} is champion: it answers everybody already")
        store.aliases.change(
            alias, {**aliases, alias: number}, actor, version=number, **details, sha256=verified.digest
        )


def _verify(store: VersionStore, number: int) -> VerifiedFiles:
    """Return the files of a published version, after a test that it predicts."""
    store.aliases.require_published(number)
    store.open(number)
    return store.check(number)


def _without_trials(aliases: Mapping[str, int], number: int) -> dict[str, int]:
    """Return the aliases that stay when a version becomes champion: it may be fallback too, but not its own canary."""
    return {alias: version for alias, version in aliases.items() if version != number or alias == FALLBACK}


def _require_another_person(verified: VerifiedFiles, actor: Actor) -> None:
    trained_by = json.loads(verified.read(CARD)).get("by")
    if trained_by is None:
        raise ReleaseError(f"{verified.folder / CARD}: does not say who trained it, and two persons have to sign off")
    if trained_by == actor.by:
        raise ReleaseError(f"{actor.by} trained this version: somebody else has to sign it off")


def _gate_results(store: VersionStore, number: int, verified: VerifiedFiles, champion: int | None) -> list[GateResult]:
    """Check the gates, in comparison with the present champion if there is one."""
    rival: Version | RegistryError | None = None
    if champion is not None:
        try:
            rival = store.open(champion)
        except RegistryError as error:
            rival = error
    try:
        return check_gates(verified, store.signature(number), rival)
    except RuntimeError as error:
        raise ReleaseError(f"version {number} does not become champion: it does not predict ({error})") from error
