"""The registry: signatures, published versions and their integrity, aliases, and opening a version as a predictor.

Ground floor: it knows neither Flask nor training nor the logs.
"""

from registry import audit, told
from registry.errors import (
    HistoryError,
    IntegrityError,
    NotPublishedError,
    PublishError,
    RegistryError,
    ReleaseError,
    SignatureError,
)
from registry.predictor import Predictor, Rows, Runtime
from registry.releases import ALIASES, Releases, Who
from registry.signature import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME, Input, Output, Signature, plain
from registry.signoff import Gate
from registry.store import Store, Version, locate
from registry.told import CANARY, CHALLENGER, CHAMPION, FALLBACK, SHADOW

__all__ = [
    "ALIASES",
    "CANARY",
    "CHALLENGER",
    "CHAMPION",
    "FALLBACK",
    "INPUT_TENSOR",
    "OUTPUT_TENSOR",
    "SHADOW",
    "SIGNATURE_NAME",
    "Gate",
    "HistoryError",
    "Input",
    "IntegrityError",
    "NotPublishedError",
    "Output",
    "Predictor",
    "PublishError",
    "RegistryError",
    "ReleaseError",
    "Releases",
    "Rows",
    "Runtime",
    "Signature",
    "SignatureError",
    "Store",
    "Version",
    "Who",
    "audit",
    "locate",
    "plain",
    "told",
]
