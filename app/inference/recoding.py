"""Rows that were encoded for one version, encoded for another one that is loaded: what does that is kept with it."""

from __future__ import annotations

from collections.abc import Sequence

from app.routing.cache import LoadedModel
from registry import Signature
from registry.recoding import Recoder


def find_recoder(source: Signature, target: LoadedModel) -> Recoder | None:
    """Return what encodes one version's rows for another one; None if there is nothing to change.

    It is kept with the other one.
    """
    if source is target.signature:
        return None
    kept: Sequence[tuple[Signature, Recoder]] = target.kept.get("recoders", ())
    recoder = next((recoder for signature, recoder in kept if signature is source), None)
    if recoder is None:
        recoder = Recoder(source, target.signature)
        target.kept["recoders"] = ((source, recoder), *kept[:3])
    return None if recoder.changes_nothing else recoder
