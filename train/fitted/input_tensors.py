"""Which columns each input of a fitted model takes: found by name, never by position, where there are several.

Converters and dictionaries bring a model's inputs into an order of their own, so only names tell which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from train.errors import TrainError

_NUMBERS = ("float", "int", "uint", "bfloat")


@dataclass(frozen=True, slots=True)
class InputTensor:
    """An input of a model: its name, its shape with the rows first, and its type."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def place_inputs(tensors: Sequence[InputTensor], inputs: Sequence[Sequence[str]]) -> list[int | None]:
    """Return for each input of a model the column that it takes; None for the only one, which takes all.

    Args:
        inputs: of each column, in order, the names that it may have.

    Raises:
        TrainError: if they don't fit, with what the model wants.
    """
    for tensor in tensors:
        _check(tensor)
    names = [spelled[0] for spelled in inputs]
    if len(tensors) == 1:
        tensor = tensors[0]
        width = tensor.shape[1] if len(tensor.shape) > 1 else 1
        if width not in (None, len(inputs)):
            raise TrainError(f"takes {width} numbers a row, and the spec has {len(inputs)} inputs ({', '.join(names)})")
        return [None]
    places: list[int | None] = []
    for tensor in tensors:
        found = [place for place, spelled in enumerate(inputs) if tensor.name in spelled]
        if len(found) != 1 or (len(tensor.shape) > 1 and tensor.shape[1] not in (1, None)):
            break
        places.append(found[0])
    if sorted(place for place in places if place is not None) != list(range(len(inputs))):
        wanted = ", ".join(f"{tensor.name} {_words(tensor)}" for tensor in tensors)
        raise TrainError(
            f"has the inputs {wanted}, and the spec the inputs {', '.join(names)}: each must have one number a row and "
            "the name, column or alias of one input of the spec"
        )
    return places


def _check(tensor: InputTensor) -> None:
    if not tensor.dtype.startswith(_NUMBERS):
        raise TrainError(
            f"its input {tensor.name} takes {tensor.dtype}; a fitted model takes numbers, so turn texts into numbers "
            "before it, or let `[fit] architecture` make a model that takes them"
        )
    if len(tensor.shape) > 2:
        raise TrainError(
            f"its input {tensor.name} takes {_words(tensor)} a row; a row here is a list of numbers, so put a Reshape "
            "layer before it if it can make that of them"
        )


def _words(tensor: InputTensor) -> str:
    return f"({', '.join('any' if size is None else str(size) for size in tensor.shape[1:]) or '1'})"
