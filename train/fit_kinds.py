"""The kinds of model beside our own networks, as `[fit]` names them: a network of the author's code, and a fitted file.

Owns the keys `build` and `file`. The author's code is read here, and run when it is needed only.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from train.errors import TrainError
from train.fitted_file import ModelFile, identify
from train.text_file import decode_text, read_file
from train.toml_reader import TomlTable

if TYPE_CHECKING:
    from train.spec import GateLimits, InputSpec

# The gates that a fitted file can have: what needs further fits, or errors on rows that no fit has seen, is unknown.
_GATES_OF_A_FILE = ("parity", "test_vs_mean", "test_vs_least_squares")


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """A network that a function of the author's builds, and that is fitted here.

    Attributes:
        source: the file with the function, beside the spec.
        content, sha256: the bytes of that file, and their SHA-256.
        function: its name.
        steps: optimizer steps.
        learning_rate: at the first step; None if the function returns a compiled network.
    """

    source: Path
    content: bytes
    sha256: str
    function: str
    steps: int
    learning_rate: float | None
    weight_decay: float

    @property
    def architecture(self) -> str:
        """What the network is, in few words."""
        return f"{self.function} of {self.source.name}"


@dataclass(frozen=True, slots=True)
class FittedFile:
    """A model that was fitted elsewhere, and is taken as it is."""

    file: ModelFile

    @property
    def architecture(self) -> str:
        """What the network is, in few words."""
        return f"fitted before, in {self.file.path.name}"


def read_own(table: TomlTable, folder: Path) -> OwnNetwork:
    """Read `[fit] build` and its keys.

    Args:
        folder: of the spec.

    Raises:
        TrainError: if a key is wrong, or the file is missing, no Python, or without the function.
    """
    text = table.string("build")
    module, _, function = text.partition(":")
    if not (module.isidentifier() and function.isidentifier()):
        raise table.error("build", f"expected MODULE:FUNCTION, such as 'my_module:build', not {text!r}")
    source = folder / f"{module}.py"
    content, sha256 = read_file(source, f"fit.build names {module}, which must be a file beside the spec")
    try:
        tree = ast.parse(decode_text(source, content), str(source))
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise TrainError(f"{source}{line}: not Python ({reason})") from error
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if function not in names:
        has = f"it has {', '.join(names)}" if names else "it has no function"
        raise TrainError(f"{source}: has no function {function}, which fit.build names; {has}")
    return OwnNetwork(
        source,
        content,
        sha256,
        function,
        table.integer("steps", 1, 1_000_000),
        table.optional_number("learning_rate", 1e-6, 10),
        table.optional_number("weight_decay", 0, 1000) or 0.0,
    )


def read_fitted(table: TomlTable, folder: Path) -> FittedFile:
    """Read `[fit] file`.

    Raises:
        TrainError: if it names nothing that can hold a Keras model, with what to do.
    """
    return FittedFile(identify(folder / table.string("file")))


def check_fitted(top: TomlTable, inputs: Sequence[InputSpec], gates: GateLimits, *, log_label: bool) -> None:
    """Check that a spec asks nothing of a fitted file that only a fit here could give.

    Args:
        top: the spec, for its errors.

    Raises:
        TrainError: naming the key.
    """
    if log_label:
        raise top.error("label.scale", "a fitted model predicts what it was fitted to; remove it")
    for position, item in enumerate(inputs, 1):
        if item.levels and not item.boolean:
            raise top.error(
                f"inputs[{position}].categories",
                "a fitted model takes numbers; write the codes that it was fitted with, in the data too",
            )
        if item.missing is not None and item.missing.indicator:
            raise top.error(f"inputs[{position}].indicator", "a fitted model has no input that tells; remove it")
    needy = [name for name, limit in asdict(gates).items() if limit is not None and name not in _GATES_OF_A_FILE]
    if needy:
        others = f"it, and also {', '.join(needy[1:])}" if needy[1:] else "it"
        raise top.error(
            f"gates.{needy[0]}",
            f"needs fits to other rows, and a fitted file is taken as it is; remove {others}, or gate by "
            "test_vs_least_squares",
        )
