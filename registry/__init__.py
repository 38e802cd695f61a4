"""The registry: signatures, published versions and their integrity, aliases, and opening a version as a predictor.

Ground floor: it knows neither Flask nor training nor the logs.
"""

from registry.errors import IntegrityError, NotPublishedError, PublishError, RegistryError, SignatureError
from registry.predictor import Predictor, Rows, Runtime
from registry.signature import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME, Input, Output, Signature, plain
from registry.store import CHALLENGER, CHAMPION, Store, Version, locate

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "INPUT_TENSOR",
    "OUTPUT_TENSOR",
    "SIGNATURE_NAME",
    "Input",
    "IntegrityError",
    "NotPublishedError",
    "Output",
    "Predictor",
    "PublishError",
    "RegistryError",
    "Rows",
    "Runtime",
    "Signature",
    "SignatureError",
    "Store",
    "Version",
    "locate",
    "plain",
]
