"""The table ``fit`` of a spec: which network is fitted, and how. Owns its keys and their allowed values."""

from __future__ import annotations

from dataclasses import dataclass

from train.toml_reader import TomlTable


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How the network is fitted.

    Attributes:
        architecture: ``ridge``, ``linear`` or ``mlp``; only the mlp has the attributes after ``penalty``.
        steps: optimizer steps; 1 for ridge, which is solved at once.
        learning_rate: at the first step; see :func:`train.network.fit_network`.
        penalty: of ridge, as scikit-learn's ``alpha``.
        hidden: the number of units in each hidden layer.
        activation: of the hidden layers, ``tanh`` or ``relu``.
        skip: whether a straight line is added to the hidden layers.
        quantiles: into how many parts the numbers are divided, to be learned as piecewise-linear; 0 for straight lines.
        members: how many networks are fitted and averaged.
        batch: the rows of each step; None for all, or for many rows as many as :mod:`train.towers` says.
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


def read_fit(table: TomlTable) -> FitConfig:
    """Read the table ``fit`` of a spec.

    Raises:
        TrainError: naming the key that is missing or has a value that is not allowed.
    """
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
