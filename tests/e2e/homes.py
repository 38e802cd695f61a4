"""A simulated market of homes, whose relation and errors are known: as it was when a model was trained, and afterwards.

A price is linear in the inputs, so a linear model can be as good as any. Afterwards homes are larger, and most are
renovated, which was rare; and being renovated, which meant nothing, has a price. A model that is trained with old and
new rows can be right about both, because among the old ones there are hardly any that it would have to be wrong about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NOISE = 2.0  # standard deviation of the price around its expectation: no model has a smaller error
ROOMS_SD = 0.8
SPEC = """\
model = "homes"
title = "Price of a home in a simulated market"
seed = 1
data = {file = "homes.csv", sha256 = "{sha256}"}
label = {column = "price", label = "Price", unit = "$1000", plausible = [0, 100]}
split = {test = 0.2}
fit = {architecture = "linear", steps = 300, learning_rate = 0.3}
judge = {folds = 3, bootstrap = 200}
gates = {parity = 1e-5, test_vs_mean = 0.9, test_vs_least_squares = 1.01}

[[inputs]]
name = "rooms"
label = "Rooms"
limits = [1, 15]

[[inputs]]
name = "distance"
label = "Distance to work"
unit = "miles"
limits = [0, 50]

[[inputs]]
name = "renovated"
label = "Renovated"
categories = [0, 1]
category_labels = ["no", "yes"]
"""


@dataclass(frozen=True)
class Market:
    """What the homes are like, and what they cost.

    Attributes:
        rooms: the mean number.
        renovated: the share of homes that are.
        worth: how much a renovated one costs more.
    """

    rooms: float
    renovated: float
    worth: float

    def draw(self, count: int, seed: int) -> tuple[Floats, Floats]:
        """Return homes (count, 3) and their prices (count,)."""
        random = np.random.default_rng(seed)
        rooms = random.normal(self.rooms, ROOMS_SD, count).clip(1, 15)
        homes = np.column_stack([rooms, random.gamma(4, 2, count).clip(0, 50), random.random(count) < self.renovated])
        homes = homes.astype(np.float32).astype(np.float64)  # as the model and the log have them
        return homes, self.expectation(homes) + random.normal(0, NOISE, count)

    def expectation(self, homes: Floats) -> Floats:
        """Return the expected price of homes (n, 3)."""
        price: Floats = 4 * homes[:, 0] - 0.5 * homes[:, 1] + self.worth * homes[:, 2] + 10
        return price

    def error(self, predictions: Floats, homes: Floats) -> float:
        """Return the root mean square error that these predictions for these homes are expected to have."""
        return float(np.sqrt(NOISE**2 + np.mean((predictions - self.expectation(homes)) ** 2)))


BEFORE = Market(rooms=6, renovated=0.001, worth=0)
AFTER = Market(rooms=6 + 1.2 * ROOMS_SD, renovated=0.9, worth=6)


def write_training(folder: Path) -> Path:
    """Write 3,000 homes of before and a spec into a folder. Return the path of the spec."""
    homes, prices = BEFORE.draw(3000, seed=1)
    lines = ["rooms,distance,renovated,price"]
    lines += [
        f"{rooms!r},{far!r},{new:.0f},{price!r}"
        for (rooms, far, new), price in zip(homes.tolist(), prices.tolist(), strict=True)
    ]
    content = "\n".join([*lines, ""]).encode()
    (folder / "homes.csv").write_bytes(content)
    path = folder / "homes.toml"
    path.write_text(SPEC.replace("{sha256}", hashlib.sha256(content).hexdigest()))
    return path
