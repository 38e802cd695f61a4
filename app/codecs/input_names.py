"""Which input a name in a request is: its name or an alias, in any order, without those that may be missing.

The name of a column of dates is that of several inputs, its parts. The name decides what is expected under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence

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
        expected: those that a message names: of the inputs, with a column of dates in place of its parts.
        optional: the positions of the inputs that may be missing.
        in_order: the positions of all.
    """

    def __init__(self, signature: Signature) -> None:
        self.names = signature.names
        self.positions = {name: index for index, item in enumerate(signature.inputs) for name in item.names}
        self.dates = {date.name: DateCells(date, signature.inputs) for date in signature.dates}
        self.accepted = self.positions.keys() | self.dates.keys()
        self._column_of = {position: date for date in self.dates.values() for position in date.positions}
        self.expected = tuple(signature.example_by_name)
        self.optional = frozenset(index for index, item in enumerate(signature.inputs) if item.missing is not None)
        self.in_order = list(range(len(self.names)))

    def find(self, name: str) -> tuple[int, ...]:
        """Return the inputs that have their values under a name: several, if it is that of a column of dates."""
        if name in self.dates:
            return self.dates[name].positions
        return (self.positions[name],) if name in self.positions else ()

    def find_dates(self, names: Iterable[str]) -> Sequence[DateCells]:
        """Return what reads the columns of dates among these names."""
        return [self.dates[name] for name in dict.fromkeys(names) if name in self.dates] if self.dates else ()

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

    def note_twice(self, row: int, position: int, message: str = "appears twice") -> FieldError:
        """Return the error of an input that has two values."""
        date = self._column_of.get(position)
        hint = f": send {excerpt(date.name)} once, or its parts" if date else ""
        return FieldError(row, self.names[position], f"{message}{hint}")

    def find_order(self, names: Sequence[str], allow_extra: bool) -> list[int] | None:
        """Return at which of these names each input is, or ABSENT if it may be missing.

        None if there is none of them, or one is missing that may not be, or appears twice, or a name is new.
        """
        columns = {self.positions[name]: index for index, name in enumerate(names) if name in self.positions}
        known = values = sum(name in self.positions for name in names)
        if self.dates:
            for index, name in enumerate(names):
                if name in self.dates:
                    columns |= dict.fromkeys(self.dates[name].positions, index)
                    known, values = known + 1, values + len(self.dates[name].positions)
        if values > len(columns) or (known < len(names) and not allow_extra):
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
        counts = Counter(position for name in names for position in self.find(name))
        optional = self.optional if counts or len(self.optional) < len(self.names) else frozenset()
        errors = self.find_absent(0, counts, optional, "the column is missing")
        errors += [self.note_twice(0, i, "the column appears twice") for i in self.in_order if counts[i] > 1]
        remedy = "" if all(map(is_utf_8, names)) else "; they are not UTF-8: save the file as UTF-8"
        raise InvalidInput(
            f"{errors[0]}; the columns, parted by {separator!r}, are {join_names(names)}{remedy}", errors
        )
