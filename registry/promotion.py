"""Giving a version its part: champion, challenger, fallback, canary, shadow; and taking it back.

Each is refused unless the version is published and its files are sound, and is a line of history with who and why.
Champion takes more: every gate of signoff, and where two persons are asked for, another one than the one who trained.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from registry.errors import RegistryError, ReleaseError
from registry.integrity import Sealed
from registry.predictor import LiteRT, Predictor
from registry.releases import CANARY, CHALLENGER, CHAMPION, FALLBACK, SHADOW, Gate, Who
from registry.signoff import gates
from registry.store import CARD, Store


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
            found = gates(sealed, store.signature(number), _present(store, aliases.get(CHAMPION)))
            failed = [f"{gate.name}: {gate.detail}" for gate in found if not gate.held]
            if failed and not override:
                raise ReleaseError(f"version {number} does not become champion, because of {'; '.join(failed)}")
            # Who answers everybody is no longer on trial.
            aliases = {name: held for name, held in aliases.items() if held != number or name == FALLBACK}
        details = {"override": True} if any(not gate.held for gate in found) else {}
        store.releases.change(
            "promote",
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
        store.releases.set_share(number, share)
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


def clear(store: Store, alias: str, who: Who, *, number: int | None = None) -> bool:
    """Take an alias away, other than champion: end a canary, a shadow, or do without a fallback.

    Args:
        number: only if the alias still names this version.

    Returns:
        whether it was there.
    """
    if alias == CHAMPION:
        raise ReleaseError("there is always a champion; promote another one")
    with store.releases.changing():
        aliases = store.aliases()
        held = aliases.pop(alias, None)
        if held is None or number not in (None, held):
            return False
        store.releases.change("clear", aliases, who, version=held, alias=alias)
        return True


def rollback(store: Store, who: Who) -> int:
    """Make the version champion again that was it before. No gate is asked: it was champion, and it is urgent.

    Raises:
        RegistryError: if there was none, or it is not sound any more.
    """
    with store.releases.changing():
        number = store.releases.former_champion()
        sealed = _sound(store, number)
        aliases = {name: held for name, held in store.aliases().items() if held != number or name == FALLBACK}
        store.releases.change(
            "rollback", {**aliases, CHAMPION: number}, who, version=number, alias=CHAMPION, sha256=sealed.digest
        )
        return number


def _sound(store: Store, number: int) -> Sealed:
    """A version whose files are as published, and whose model file can be opened."""
    store.releases.present(number)
    sealed = store.check(number)
    LiteRT(sealed.read("model.tflite"))
    return sealed


def _not_champion(aliases: dict[str, int], number: int) -> None:
    if aliases.get(CHAMPION) == number:
        raise ReleaseError(f"version {number} is champion: it answers everybody already")


def _another_person(sealed: Sealed, who: Who) -> None:
    trained_by = json.loads(sealed.read(CARD)).get("by")
    if trained_by is None:
        raise ReleaseError(f"{sealed.folder / CARD}: does not say who trained it, and two persons have to sign off")
    if trained_by == who.by:
        raise ReleaseError(f"{who.by} trained this version: somebody else has to sign it off")


def _present(store: Store, number: int | None) -> Predictor | None:
    """The present champion, to compare with; None if there is none, or it can't be opened any more."""
    if number is None:
        return None
    try:
        return store.open(number).predictor
    except RegistryError:
        return None
