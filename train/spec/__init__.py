"""The spec: one TOML file that describes a training, as frozen values. Owns the keys, their types and allowed values.

Reads no data. A file of the author's that the spec names is identified here by its bytes, and run or loaded elsewhere.
"""

from train.spec.fit import FitConfig, FittedFile, OwnNetwork
from train.spec.gates import GateLimits
from train.spec.inputs import InputSpec
from train.spec.reader import About, EvaluationConfig, Spec, read_spec

__all__ = [
    "About",
    "EvaluationConfig",
    "FitConfig",
    "FittedFile",
    "GateLimits",
    "InputSpec",
    "OwnNetwork",
    "Spec",
    "read_spec",
]
