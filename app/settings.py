"""The settings: environment variables that start with SERVE_, read once into one frozen value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from journal import Durability
from registry import RegistryError, Runtime, VersionStore
from registry.signature import MODEL_NAME
from registry.versions import load_public_key

VERSION = "0.1.0"  # of the service, as pyproject.toml has it
PREFIX = "SERVE_"
_BIND = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+):([0-9]{1,5})")


class SettingError(Exception):
    """An environment variable can't be taken as a setting. The message names it and says what was expected."""


def _setting(default: Any, meaning: str, *, least: int = 1) -> Any:
    return field(default=default, metadata={"help": meaning, "least": least})


def _cores() -> int:
    """The cores that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is read from SERVE_ and its name in capitals."""

    model: str = _setting("boston", "the model to serve: a folder in SERVE_MODELS")
    models: Path = _setting(Path("models"), "the folder of the published models")
    logs: Path = _setting(Path("logs"), "the folder of the CSV logs; on a local disk")
    bind: str = _setting("127.0.0.1:5000", "the address to listen on, as HOST:PORT")
    workers: int = _setting(_cores(), "worker processes")
    threads: int = _setting(4, "threads in each worker: requests that it works on at the same time")
    runtime: Runtime = _setting("litert", "what runs the model: litert, or keras (the reference; needs TensorFlow)")
    durability: Durability = _setting(
        "write", "when a row counts as logged: write (survives the process) or fsync (survives a power loss)"
    )
    max_rows: int = _setting(10_000, "rows that one request may ask for")
    max_body: int = _setting(1 << 20, "bytes that a request's body may have")
    max_upload: int = _setting(1 << 28, "bytes that a CSV file sent to /predict_csv may have")
    require_signature: str = _setting("", "a file with the Ed25519 public key that versions must be signed with")
    two_person: Literal["0", "1"] = _setting("0", "1: who trained a version can't make it champion")
    max_versions: int = _setting(4, "versions that a worker keeps open beside the champion, for those who name one")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingError: if a value can't be used, or a SERVE_ variable is not a setting.
        """
        given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        types = get_type_hints(cls)
        values = {}
        for item in fields(cls):
            text = given.pop(variable(item), None)
            if text is not None:
                values[item.name] = _read(item, types[item.name], text)
        if given:
            known = ", ".join(map(variable, fields(cls)))
            raise SettingError(f"{min(given)} is not a setting; the settings are {known}")
        settings = cls(**values)
        settings.store()
        return settings

    def store(self) -> VersionStore:
        """The published versions.

        Raises:
            SettingError: if the key can't be used that they must be signed with.
        """
        try:
            return VersionStore(self.models, self.model, load_public_key(self.require_signature))
        except RegistryError as error:
            raise SettingError(f"{PREFIX}REQUIRE_SIGNATURE: {error}") from error

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port of ``bind``."""
        host, _, port = self.bind.rpartition(":")
        return host.strip("[]"), int(port)


def variable(item: Field[Any]) -> str:
    """The environment variable of a setting."""
    return PREFIX + item.name.upper()


def _read(item: Field[Any], kind: Any, text: str) -> Any:
    name = variable(item)
    if kind is int:
        least = item.metadata["least"]
        if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
            raise SettingError(f"{name}={text!r}: expected a whole number of at least {least}")
        return int(text)
    if choices := get_args(kind):
        if text not in choices:
            raise SettingError(f"{name}={text!r}: expected {' or '.join(choices)}")
        return text
    if item.name == "bind" and not ((match := _BIND.fullmatch(text)) and int(match[2]) < 1 << 16):
        raise SettingError(f"{name}={text!r}: expected HOST:PORT, like 127.0.0.1:5000")
    if item.name == "model" and not MODEL_NAME.fullmatch(text):
        raise SettingError(f"{name}={text!r}: expected the name of a folder in SERVE_MODELS, without a path")
    if not text:
        raise SettingError(f"{name} is empty: expected {item.metadata['help']}")
    return kind(text)
