"""The table `fit` of a spec: a network of ours, one of the author's code, or a file that is fitted already.

Owns its keys and their allowed values. The author's code is read here, and run when it is needed only.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from train.errors import TrainError
from train.spec.fitted_file import ModelFile, identify
from train.spec.gates import GateLimits
from train.spec.inputs import InputSpec
from train.spec.text_file import decode_text, read_file
from train.spec.toml_reader import TomlTable

# The gates that a fitted file can have: what needs further fits, or errors on rows that no fit has seen, is unknown.
_GATES_OF_A_FILE = ("parity", "test_vs_mean", "test_vs_least_squares")


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How the network is fitted.

    Attributes:
        architecture: ``ridge``, ``linear`` or ``mlp``; only the mlp has the attributes after ``penalty``.
        steps: optimizer steps; 1 for ridge, which is solved at once.
        learning_rate: at the first step; see :func:`train.networks.network.fit_network`.
        penalty: of ridge, as scikit-learn's ``alpha``.
        hidden: the number of units in each hidden layer.
        activation: of the hidden layers, ``tanh`` or ``relu``.
        skip: whether a straight line is added to the hidden layers.
        quantiles: into how many parts the numbers are divided, to be learned as piecewise-linear; 0 for straight lines.
        members: how many networks are fitted and averaged.
        batch: the rows of each step; None for all, or for many rows as many as :mod:`train.networks.towers` says.
    """

    architecture: str
    steps: int
    learning_rate: float
    hidden: tuple[int, ...] = ()
    weight_decay: float = 0.0
    penalty: float = 1.0
    activation: str = "tanh"
    skip: bool = False
    quantiles: int = 0
    members: int = 1
    batch: int | None = None


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


def read_fit(table: TomlTable, folder: Path) -> FitConfig | OwnNetwork | FittedFile:
    """Read the table `fit` of a spec.

    Args:
        folder: of the spec.

    Raises:
        TrainError: naming the key that is missing or has a value that is not allowed; or the author's file, if that is
            missing or can't be what the key says.
    """
    if "file" in table:
        return FittedFile(identify(folder / table.string("file")))
    return _read_own(table, folder) if "build" in table else _read_network(table)


def _read_network(table: TomlTable) -> FitConfig:
    architecture = table.choice("architecture", ("ridge", "linear", "mlp"))
    if architecture == "ridge":
        return FitConfig(architecture, 1, 0.0, penalty=table.number("penalty", 0, 1e9))
    steps = table.integer("steps", 1, 1_000_000)
    learning_rate = table.number("learning_rate", 1e-6, 10)
    if architecture == "linear":
        return FitConfig(architecture, steps, learning_rate)
    config = FitConfig(
        architecture,
        steps,
        learning_rate,
        hidden=table.integers("hidden", 1, 4096),
        weight_decay=table.number("weight_decay", 0, 1000),
        activation=table.choice("activation", ("tanh", "relu"), "tanh"),
        skip=table.boolean("skip", False),
        quantiles=table.integer("quantiles", 2, 64) if "quantiles" in table else 0,
        members=table.integer("members", 1, 20) if "members" in table else 1,
        batch=table.integer("batch", 16, 65_536) if "batch" in table else None,
    )
    if config.skip and config.activation != "relu":
        raise table.error("skip", 'needs activation = "relu": a straight line can\'t pass tanh')
    return config


def _read_own(table: TomlTable, folder: Path) -> OwnNetwork:
    """Read `[fit] build` and its keys, and check that the file beside the spec is Python with that function."""
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
