"""Giving a version its part: champion, challenger, fallback, canary, shadow; and taking it back.

Each is refused unless the version is published and its files are sound, and is a line of history with who and why.
Champion takes more: every gate of signoff, and where two persons are asked for, another one than the one who trained.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from registry.errors import RegistryError, ReleaseError
from registry.integrity import Sealed
from registry.predictor import Predictor
from registry.releases import Who
from registry.signoff import Gate, gates
from registry.store import CARD, Store
from registry.told import (
    CANARY,
    CHALLENGER,
    CHAMPION,
    FALLBACK,
    PROMOTE,
    ROLLBACK,
    SHADOW,
    former_champions,
    share,
    signers,
)


def promote(
    store: Store, number: int, alias: str, who: Who, *, override: bool = False, two_person: bool = False
) -> list[Gate]:
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
    with store.releases.changing():
        aliases = store.aliases()
        if aliases.get(alias) == number:
            raise ReleaseError(f"version {number} is {alias} already")
        sealed = _sound(store, number)
        found: list[Gate] = []
        if alias == CHAMPION:
            if two_person:
                _another_person(sealed, who)
            try:
                found = gates(sealed, store.signature(number), _present(store, aliases.get(CHAMPION)))
            except RuntimeError as error:
                raise ReleaseError(
                    f"version {number} does not become champion: it does not predict ({error})"
                ) from error
            failed = [f"{gate.name}: {gate.detail}" for gate in found if not gate.held]
            if failed and not override:
                raise ReleaseError(f"version {number} does not become champion, because of {'; '.join(failed)}")
            # Who answers everybody is no longer on trial.
            aliases = {name: held for name, held in aliases.items() if held != number or name == FALLBACK}
        details = {"override": True} if any(not gate.held for gate in found) else {}
        store.releases.change(
            PROMOTE,
            {**aliases, alias: number},
            who,
            version=number,
            alias=alias,
            sha256=sealed.digest,
            **details,
            **({"gates": [asdict(gate) for gate in found]} if found else {}),
        )
        return found


def canary(store: Store, number: int, share: float, who: Who) -> None:
    """Let a version answer a share of the requests, more than 0 and at most 1.

    Raises:
        RegistryError: if it is champion, or not sound.
    """
    if not 0 < share <= 1:
        raise ReleaseError(f"a share of {share:g}: expected more than 0 and at most 1, or a percentage")
    with store.releases.changing():
        aliases, sealed = store.aliases(), _sound(store, number)
        _not_champion(aliases, number)
        store.releases.change(
            CANARY, {**aliases, CANARY: number}, who, version=number, share=share, sha256=sealed.digest
        )


def shadow(store: Store, number: int, who: Who) -> None:
    """Let a version see every request of the champion's, and answer none.

    Raises:
        RegistryError: if it is champion, or not sound.
    """
    with store.releases.changing():
        aliases, sealed = store.aliases(), _sound(store, number)
        _not_champion(aliases, number)
        store.releases.change(SHADOW, {**aliases, SHADOW: number}, who, version=number, sha256=sealed.digest)


def clear(store: Store, alias: str, who: Who, *, line: str | None = None) -> bool:
    """Take an alias away, other than champion: end a canary, a shadow, or do without a fallback.

    Args:
        line: only if it is still this line of history, by its digest, that made the version canary.

    Returns:
        whether it was there.
    """
    if alias == CHAMPION:
        raise ReleaseError("there is always a champion; promote another one")
    with store.releases.changing():
        aliases = store.aliases()
        held = aliases.pop(alias, None)
        if held is None or line not in (None, share(store.releases.history.lines(), held)[1]):
            return False
        store.releases.change("clear", aliases, who, version=held, alias=alias)
        return True


def rollback(store: Store, who: Who, *, two_person: bool = False) -> int:
    """Make the version champion again that was it before; a retired one is passed over.

    No gate is asked: it was champion, and it is urgent.

    Args:
        two_person: nobody rolls back to a version that they trained, unless somebody else once signed it off.

    Raises:
        RegistryError: if there was none, or it is not sound any more.
    """
    with store.releases.changing():
        lines, present = store.releases.history.lines(), store.versions()
        number = next((number for number in former_champions(lines) if number in present), None)
        if number is None:
            raise ReleaseError(f"{store.folder}: no other version was champion before; `registry promote` names one")
        sealed = _sound(store, number)
        if two_person and not signers(lines, number) - {who.by}:
            _another_person(sealed, who)
        aliases = {name: held for name, held in store.aliases().items() if held != number or name == FALLBACK}
        store.releases.change(
            ROLLBACK, {**aliases, CHAMPION: number}, who, version=number, alias=CHAMPION, sha256=sealed.digest
        )
        return number


def _sound(store: Store, number: int) -> Sealed:
    """A version whose files are as published, and which predicts."""
    store.releases.present(number)
    store.open(number)
    return store.check(number)


def _not_champion(aliases: dict[str, int], number: int) -> None:
    if aliases.get(CHAMPION) == number:
        raise ReleaseError(f"version {number} is champion: it answers everybody already")


def _another_person(sealed: Sealed, who: Who) -> None:
    trained_by = json.loads(sealed.read(CARD)).get("by")
    if trained_by is None:
        raise ReleaseError(f"{sealed.folder / CARD}: does not say who trained it, and two persons have to sign off")
    if trained_by == who.by:
        raise ReleaseError(f"{who.by} trained this version: somebody else has to sign it off")


def _present(store: Store, number: int | None) -> Predictor | RegistryError | None:
    """The present champion, to compare with, or why it can't be opened any more; None if there is none."""
    if number is None:
        return None
    try:
        return store.open(number).predictor
    except RegistryError as error:
        return error
