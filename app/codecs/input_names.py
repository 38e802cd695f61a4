"""Which input a name in a request is: its name or an alias, in any order, without those that may be missing.

The name of a column of dates is that of several inputs, its parts. The name decides what is expected under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from itertools import chain

from app.codecs.date_cells import DateCells
from app.codecs.json_strict import excerpt, is_utf_8, join_names
from app.errors import FieldError, InvalidInput
from registry import Signature

ABSENT = -1  # in place of the column of an input that may be missing, and is


class InputNames:
    """The names of one model's inputs. May be used by several threads.

    Attributes:
        names: of the inputs, in order.
        positions: which input each name or alias is.
        dates: what reads each column of dates, by its name.
        accepted: all names that a client may use.
        names_with_dates: of the inputs, with a column of dates in place of its parts.
        optional: the positions of the inputs that may be missing.
        in_order: the positions of all.
    """

    def __init__(self, signature: Signature) -> None:
        self.names = signature.names
        self.positions = {name: index for index, item in enumerate(signature.inputs) for name in item.names}
        self.dates = {date.name: DateCells(date, signature.inputs) for date in signature.dates}
        self._found: dict[str, tuple[int, ...]] = {name: (index,) for name, index in self.positions.items()}
        self._found |= {name: date.positions for name, date in self.dates.items()}
        self.accepted = self._found.keys()
        self._column_of = {position: date for date in self.dates.values() for position in date.positions}
        self.names_with_dates = signature.names_with_dates
        self.optional = frozenset(index for index, item in enumerate(signature.inputs) if item.missing is not None)
        self.in_order = list(range(len(self.names)))

    def find(self, names: Sequence[str], allow_extra: bool) -> list[tuple[int, ...]]:
        """Return for each of these names the inputs that have their values under it: several, for a column of dates.

        None for a name that is new; nor for a column of dates beside all its parts, if there may be other columns.
        """
        found = [self._found.get(name, ()) for name in names]
        if allow_extra and self.dates:
            sent = self._sent_alone(names)
            pairs = zip(names, found, strict=True)
            return [() if name in self.dates and sent.issuperset(parts) else parts for name, parts in pairs]
        return found

    def find_dates(self, names: Iterable[str]) -> Sequence[DateCells]:
        """Return what reads the columns of dates, but for those of which a part is sent under one of these names."""
        if not self.dates:
            return ()
        sent = self._sent_alone(names)
        return [date for date in self.dates.values() if sent.isdisjoint(date.positions)]

    def _sent_alone(self, names: Iterable[str]) -> set[int]:
        """Return the inputs that are sent under names of their own."""
        return {self.positions[name] for name in names if name in self.positions}

    def find_absent(
        self, row: int, seen: Container[int], optional: Container[int], message: str = "is missing"
    ) -> list[FieldError]:
        """Return an error for each input that is not seen and not optional; for a date without any part, one."""
        errors: dict[FieldError, None] = {}
        for position, name in enumerate(self.names):
            if position not in seen and position not in optional:
                date = self._column_of.get(position)
                if date and not any(part in seen for part in date.positions):
                    errors[date.error(row, message)] = None
                else:
                    errors[FieldError(row, name, message)] = None
        return list(errors)

    def note_twice(self, row: int, position: int, name: str, message: str = "appears twice") -> FieldError:
        """Return the error of an input that has two values, the second under this name."""
        date = self._column_of.get(position)
        if date is None:
            return FieldError(row, self.names[position], message)
        message = f"{message}: send {excerpt(date.name)} once, or its parts"
        return date.error(row, message) if name == date.name else FieldError(row, self.names[position], message)

    def find_order(self, names: Sequence[str], allow_extra: bool) -> list[int] | None:
        """Return at which of these names each input is, or ABSENT if it may be missing.

        None if there is none of them, or one is missing that may not be, or appears twice, or a name is new.
        """
        found = self.find(names, allow_extra)
        columns = {position: index for index, positions in enumerate(found) for position in positions}
        if sum(map(len, found)) > len(columns) or (not allow_extra and () in found):
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
        found = self.find(names, allow_extra=True)
        counts = Counter(chain.from_iterable(found))
        second = {position: name for name, positions in zip(names, found, strict=True) for position in positions}
        optional = self.optional if counts or len(self.optional) < len(self.names) else frozenset()
        errors = self.find_absent(0, counts, optional, "the column is missing")
        twice = [i for i in self.in_order if counts[i] > 1]
        errors += dict.fromkeys(self.note_twice(0, i, second[i], "the column appears twice") for i in twice)
        remedy = "" if all(map(is_utf_8, names)) else "; they are not UTF-8: save the file as UTF-8"
        raise InvalidInput(
            f"{errors[0]}; the columns, parted by {separator!r}, are {join_names(names)}{remedy}", errors
        )
