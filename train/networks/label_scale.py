"""The label's scale: standardised, or the logarithm of it, and the layers that lead back to the label's unit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from train.dataset import Floats
from train.errors import TrainError
from train.networks.layers import Layer, make_layer


@dataclass(frozen=True, slots=True)
class LabelScale:
    """How a label is standardised.

    Attributes:
        center, spread: the mean and the standard deviation of the label, or of its logarithm.
        largest: None for the label itself; else the largest logarithm in the training rows, where the exponential
            function goes on as its tangent. A prediction far outside the training rows so can't grow beyond all bounds.
        smear: by what predictions are multiplied, since the mean of a label is more than the exponential function of
            the mean of its logarithms (Duan 1983, doi:10.1080/01621459.1983.10478017).
    """

    center: float
    spread: float
    largest: float | None = None
    smear: float = 1.0

    @classmethod
    def fit(cls, label: Floats, *, log: bool) -> LabelScale:
        """Return the scale of training labels (n,).

        Raises:
            TrainError: if a label is 0 or less, which has no logarithm.
        """
        if log and label.min() <= 0:
            raise TrainError(
                f'label.scale: a label of {label.min():g} has no logarithm; remove scale = "log" from the spec'
            )
        values = np.log(label) if log else label
        return cls(float(np.mean(values)), float(np.std(values)) or 1.0, float(values.max()) if log else None)

    def standardised(self, label: Floats) -> Floats:
        """Return labels (n,) with mean 0 and standard deviation 1."""
        values = label if self.largest is None else np.log(label)
        return (values - self.center) / self.spread

    def smeared(self, label: Floats, predicted: Floats) -> LabelScale:
        """Return the scale with the smearing factor of training labels and their standardised predictions, (n,)."""
        residuals = (self.standardised(label) - predicted) * self.spread
        return replace(self, smear=float(np.mean(np.exp(residuals))))

    def last_layers(self) -> tuple[Layer, ...]:
        """Return the layers, each of one unit, that make the label of a standardised one.

        They are layers of their own: a runtime that began to add up hundreds of small terms at a large mean would lose
        digits. TensorFlow.js has no exponential layer. Its elu is exp(x) - 1 for x up to 0 and x beyond: with z the
        logarithm and m the largest, exp(m) * (elu(z - m) + 1) is exp(z) up to m, and the tangent beyond.
        """
        spread, one = np.array([[self.spread]]), np.ones((1, 1))
        if self.largest is None:
            return (make_layer("prediction", spread, np.array([self.center])),)
        top = self.smear * math.exp(self.largest)
        logarithm = make_layer("logarithm", spread, np.array([self.center - self.largest]), "elu")
        return logarithm, make_layer("prediction", top * one, np.array([top]))
