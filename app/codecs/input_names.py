"""Which input a name in a request is: its name or an alias, in any order, without those that may be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.codecs.json_strict import is_utf_8, join_names
from app.errors import FieldError, InvalidInput
from registry import Signature

ABSENT = -1  # in place of the column of an input that may be missing, and is


class InputNames:
    """The names of one model's inputs. May be used by several threads.

    Attributes:
        names: of the inputs, in order.
        positions: which input each name or alias is.
        optional: the positions of the inputs that may be missing.
        in_order: the positions of all.
    """

    def __init__(self, signature: Signature) -> None:
        self.names = signature.names
        self.positions = {name: index for index, item in enumerate(signature.inputs) for name in item.names}
        self.optional = frozenset(index for index, item in enumerate(signature.inputs) if item.missing is not None)
        self.in_order = list(range(len(self.names)))

    def find_order(self, names: Sequence[str], allow_extra: bool) -> list[int] | None:
        """Return at which of these names each input is, or ABSENT if it may be missing.

        None if there is none of them, or one is missing that may not be, or appears twice, or a name is new.
        """
        columns = {self.positions[name]: index for index, name in enumerate(names) if name in self.positions}
        known = sum(name in self.positions for name in names)
        if known > len(columns) or (known < len(names) and not allow_extra):
            return None
        if len(columns) == len(self.names):
            return [columns[position] for position in self.in_order]
        absent = dict.fromkeys(set(self.in_order) - columns.keys(), ABSENT)
        may_be = bool(columns) and self.optional.issuperset(absent)
        return [(columns | absent)[position] for position in self.in_order] if may_be else None

    def map_columns(self, names: Sequence[str], separator: str) -> list[int]:
        """Return at which of these names of columns, parted by a separator, each input is, or ABSENT.

        There may be other columns.

        Raises:
            InvalidInput: if an input is missing or appears twice.
        """
        order = self.find_order(names, allow_extra=True)
        if order is not None:
            return order
        counts = Counter(self.positions[name] for name in names if name in self.positions)
        required = [i for i in self.in_order if i not in self.optional] or ([] if counts else self.in_order)
        errors = [FieldError(0, self.names[i], "the column is missing") for i in required if not counts[i]]
        errors += [FieldError(0, self.names[i], "the column appears twice") for i in self.in_order if counts[i] > 1]
        remedy = "" if all(map(is_utf_8, names)) else "; they are not UTF-8: save the file as UTF-8"
        raise InvalidInput(
            f"{errors[0]}; the columns, parted by {separator!r}, are {join_names(names)}{remedy}", errors
        )
