"""Giving a version its part: champion, challenger, fallback, canary, shadow; and taking it back.

Each is refused unless the version is published and its files are sound, and is a line of history with who and why.
Champion takes more: every gate of signoff, and where two persons are asked for, another one than the one who trained.
"""

from __future__ import annotations

import json

from registry.aliases import CANARY, CHALLENGER, CHAMPION, FALLBACK, SHADOW, Actor
from registry.errors import RegistryError, ReleaseError
from registry.history import CLEAR, PROMOTE, ROLLBACK
from registry.history_queries import approvers, canary_share, former_holders
from registry.integrity import VerifiedFiles
from registry.predictor import Predictor
from registry.promotion_gates import GateResult, gates
from registry.versions import CARD, VersionStore


def promote(
    store: VersionStore, number: int, alias: str, who: Actor, *, override: bool = False, two_person: bool = False
) -> list[GateResult]:
    """Give a version an alias: champion, challenger or fallback.

    Args:
        override: let it be champion although a gate does not hold; the history says so for ever.
        two_person: nobody signs off a version that they trained, not even with an override.

    Returns:
        the gates, for champion; for another alias none is asked.

    Raises:
        RegistryError: or one of its kinds, if the version is not sound or a gate does not hold: nothing is changed.
    """
    if alias not in (CHAMPION, CHALLENGER, FALLBACK):
        raise ReleaseError(f"{alias}: expected {CHAMPION}, {CHALLENGER} or {FALLBACK}")
    with store.aliases.write_lock():
        aliases = store.aliases.read()
        if aliases.get(alias) == number:
            raise ReleaseError(f"version {number} is {alias} already")
        verified = _sound(store, number)
        found: list[GateResult] = []
        if alias == CHAMPION:
            if two_person:
                _another_person(verified, who)
            try:
                found = gates(verified, store.signature(number), _present(store, aliases.get(CHAMPION)))
            except RuntimeError as error:
                raise ReleaseError(
                    f"version {number} does not become champion: it does not predict ({error})"
                ) from error
            failed = [f"{gate.name}: {gate.detail}" for gate in found if not gate.passed]
            if failed and not override:
                raise ReleaseError(f"version {number} does not become champion, because of {'; '.join(failed)}")
            # Actor answers everybody is no longer on trial.
            aliases = {name: held for name, held in aliases.items() if held != number or name == FALLBACK}
        details = {"override": True} if any(not gate.passed for gate in found) else {}
        store.aliases.change(
            PROMOTE,
            {**aliases, alias: number},
            who,
            version=number,
            alias=alias,
            sha256=verified.digest,
            **details,
            **({"gates": [gate.to_json() for gate in found]} if found else {}),
        )
        return found


def canary(store: VersionStore, number: int, share: float, who: Actor) -> None:
    """Let a version answer a share of the requests, more than 0 and at most 1.

    Raises:
        RegistryError: if it is champion, or not sound.
    """
    if not 0 < share <= 1:
        raise ReleaseError(f"a share of {share:g}: expected more than 0 and at most 1, or a percentage")
    with store.aliases.write_lock():
        aliases, verified = store.aliases.read(), _sound(store, number)
        _not_champion(aliases, number)
        store.aliases.change(
            CANARY, {**aliases, CANARY: number}, who, version=number, share=share, sha256=verified.digest
        )


def shadow(store: VersionStore, number: int, who: Actor) -> None:
    """Let a version see every request of the champion's, and answer none.

    Raises:
        RegistryError: if it is champion, or not sound.
    """
    with store.aliases.write_lock():
        aliases, verified = store.aliases.read(), _sound(store, number)
        _not_champion(aliases, number)
        store.aliases.change(SHADOW, {**aliases, SHADOW: number}, who, version=number, sha256=verified.digest)


def clear(store: VersionStore, alias: str, who: Actor, *, entry: str | None = None) -> bool:
    """Take an alias away, other than champion: end a canary, a shadow, or do without a fallback.

    Args:
        entry: only if it is still this entry of history, by its digest, that made the version canary.

    Returns:
        whether it was there.
    """
    if alias == CHAMPION:
        raise ReleaseError("there is always a champion; promote another one")
    with store.aliases.write_lock():
        aliases = store.aliases.read()
        held = aliases.pop(alias, None)
        if held is None or entry not in (None, canary_share(store.history.entries(), held)[1]):
            return False
        store.aliases.change(CLEAR, aliases, who, version=held, alias=alias)
        return True


def rollback(store: VersionStore, who: Actor, *, two_person: bool = False) -> int:
    """Make the version champion again that was it before; a retired one is passed over.

    No gate is asked: it was champion, and it is urgent.

    Args:
        two_person: nobody rolls back to a version that they trained, unless somebody else once signed it off.

    Raises:
        RegistryError: if there was none, or it is not sound any more.
    """
    with store.aliases.write_lock():
        entries, present = store.history.entries(), store.versions()
        number = next((number for number in former_holders(entries, CHAMPION) if number in present), None)
        if number is None:
            raise ReleaseError(f"{store.folder}: no other version was champion before; `registry promote` names one")
        verified = _sound(store, number)
        if two_person and not approvers(entries, number, CHAMPION) - {who.by}:
            _another_person(verified, who)
        aliases = {name: held for name, held in store.aliases.read().items() if held != number or name == FALLBACK}
        store.aliases.change(
            ROLLBACK, {**aliases, CHAMPION: number}, who, version=number, alias=CHAMPION, sha256=verified.digest
        )
        return number


def _sound(store: VersionStore, number: int) -> VerifiedFiles:
    """A version whose files are as published, and which predicts."""
    store.aliases.require_published(number)
    store.open(number)
    return store.check(number)


def _not_champion(aliases: dict[str, int], number: int) -> None:
    if aliases.get(CHAMPION) == number:
        raise ReleaseError(f"version {number} is champion: it answers everybody already")


def _another_person(verified: VerifiedFiles, who: Actor) -> None:
    trained_by = json.loads(verified.read(CARD)).get("by")
    if trained_by is None:
        raise ReleaseError(f"{verified.folder / CARD}: does not say who trained it, and two persons have to sign off")
    if trained_by == who.by:
        raise ReleaseError(f"{who.by} trained this version: somebody else has to sign it off")


def _present(store: VersionStore, number: int | None) -> Predictor | RegistryError | None:
    """The present champion, to compare with, or why it can't be opened any more; None if there is none."""
    if number is None:
        return None
    try:
        return store.open(number).predictor
    except RegistryError as error:
        return error
