"""The registry: signatures, published versions and their integrity, aliases and promotion, predictors, shared settings.

Knows no Flask, no training and no logs.
"""

from registry.actor import Actor, current_user
from registry.aliases import ALIASES, ALIASES_MAX_AGE, CANARY, CHAMPION, FALLBACK, SHADOW
from registry.consistency import find_inconsistencies
from registry.date_column import DateColumn
from registry.date_part import DATE_PARTS, DatePart, is_date_format, parse_date, parts_of
from registry.errors import (
    HistoryError,
    IntegrityError,
    NotPublishedError,
    PublishError,
    RegistryError,
    ReleaseError,
    SettingError,
    SignatureError,
)
from registry.figures import Figures
from registry.formatting import plain, printable
from registry.input import Input
from registry.interval import SHOWN_LEVEL, CategoryTerm, Interval, NumberTerm
from registry.missing import Missing, name_beside
from registry.predictor import Float32Array, Predictor, Runtime
from registry.published_files import CheckedFile, PublishedFiles
from registry.settings import CommonSettings
from registry.signature import INPUT_TENSOR, OUTPUT_TENSOR, SIGNATURE_NAME, Output, Signature
from registry.versions import Version, VersionStore

__all__ = [
    "ALIASES",
    "ALIASES_MAX_AGE",
    "CANARY",
    "CHAMPION",
    "DATE_PARTS",
    "FALLBACK",
    "INPUT_TENSOR",
    "OUTPUT_TENSOR",
    "SHADOW",
    "SHOWN_LEVEL",
    "SIGNATURE_NAME",
    "Actor",
    "CategoryTerm",
    "CheckedFile",
    "CommonSettings",
    "DateColumn",
    "DatePart",
    "Figures",
    "Float32Array",
    "HistoryError",
    "Input",
    "IntegrityError",
    "Interval",
    "Missing",
    "NotPublishedError",
    "NumberTerm",
    "Output",
    "Predictor",
    "PublishError",
    "PublishedFiles",
    "RegistryError",
    "ReleaseError",
    "Runtime",
    "SettingError",
    "Signature",
    "SignatureError",
    "Version",
    "VersionStore",
    "current_user",
    "find_inconsistencies",
    "is_date_format",
    "name_beside",
    "parse_date",
    "parts_of",
    "plain",
    "printable",
]
