"""The spec: one TOML file that describes a training, as frozen values. Owns the keys, their types and allowed values.

Reads no data: what a spec names of other files is found and identified here, and opened by others.
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
