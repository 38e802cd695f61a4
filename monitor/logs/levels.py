"""The levels of the inputs that are texts: which code of the model's rows a cell of the prediction log stands for."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from journal.encoding import escape_field
from registry import Input, Signature


@dataclass(frozen=True, slots=True)
class Levels:
    """How the cells of one input are read that are not empty.

    Attributes:
        codes: the code of each cell, as the log has it: escaped, and without the quotes of CSV.
        unknown: the code of every other text, as another version may know: that of the level for others, if there is
            one, or else a number that is no code.
    """

    codes: Mapping[str, float]
    unknown: float

    @classmethod
    def of(cls, item: Input) -> Levels:
        """Return the levels of an input that has some."""
        codes = {_cell(text): code for text, code in item.codes.items()}
        return cls(codes, max(item.categories) + 2 if item.other is None else item.other)

    def code(self, cell: str) -> float:
        """Return the code of a cell that is not empty."""
        return self.codes.get(cell, self.unknown)


LevelsByInput = Mapping[str, Levels]
NO_LEVELS: LevelsByInput = {}  # of a model whose inputs are all numbers


def levels_of(signature: Signature) -> LevelsByInput:
    """Return the levels of each input that has some, by its name."""
    return {item.name: Levels.of(item) for item in signature.inputs if item.levels}


def digest_of(levels: LevelsByInput) -> str:
    """Return a short text that is another one for other levels."""
    content = [[name, list(of.codes.items()), of.unknown] for name, of in levels.items()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _cell(text: str) -> str:
    return next(csv.reader([escape_field(text)]))[0]
