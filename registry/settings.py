"""The settings that the service and every command share: SERVE_ variables, read into a frozen dataclass.

:func:`read_settings` works for any dataclass whose fields are made by :func:`setting`; the service adds its own fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args, get_type_hints

from registry.errors import RegistryError, SettingError
from registry.signature import MODEL_NAME
from registry.versions import VersionStore

PREFIX = "SERVE_"
T = TypeVar("T")


def setting(
    default: Any, meaning: str, *, check: Callable[[str], object] = bool, expected: str = "", secret: bool = False
) -> Any:
    """Return a dataclass field that is read from a SERVE_ variable.

    Args:
        meaning: what the setting is, for the documentation and for the message about an empty variable.
        check: returns whether a text can be used.
        expected: what ``check`` accepts, for the message.
        secret: whether no message may repeat the text.
    """
    metadata = {"help": meaning, "check": check, "expected": expected, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def variable(item: Field[Any]) -> str:
    """Return the name of the environment variable that a field is read from."""
    return PREFIX + item.name.upper()


def read_settings(cls: type[T], environ: Mapping[str, str]) -> T:
    """Return a settings dataclass with the values of the environment; variables that it has no field for are ignored.

    Raises:
        SettingError: if a value can't be used. It names the variable and says what was expected.
    """
    types = get_type_hints(cls)
    items: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]  # T is a dataclass
    texts = [(item, environ[variable(item)]) for item in items if variable(item) in environ]
    return cls(**{item.name: _parse(item, types[item.name], text) for item, text in texts})


def _parse(item: Field[Any], kind: Any, text: str) -> Any:
    expected = item.metadata["expected"]
    if kind is int:
        if re.fullmatch(r"0*[1-9][0-9]{0,11}", text):
            return int(text)
        expected = "a whole number of at least 1"
    elif choices := get_args(kind):
        if text in choices:
            return text
        expected = " or ".join(choices)
    elif item.metadata["check"](text):
        return kind(text)
    if not text and not expected:
        raise SettingError(f"{variable(item)} is empty: expected {item.metadata['help']}")
    shown = "" if item.metadata["secret"] else f"={text!r}"
    raise SettingError(f"{variable(item)}{shown}: expected {expected}")


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """Where the versions and the logs are, and what a promotion requires. Each is read from SERVE_ and its name."""

    model: str = setting(
        "boston",
        "the model to serve: a folder in SERVE_MODELS",
        check=MODEL_NAME.fullmatch,
        expected="the name of a folder in SERVE_MODELS, without a path",
    )
    models: Path = setting(Path("models"), "the folder of the published models")
    logs: Path = setting(Path("logs"), "the folder of the CSV logs; on a local disk")
    require_signature: str = setting("", "a file with the Ed25519 public key that versions must be signed with")
    two_person: Literal["0", "1"] = setting("0", "1: who trained a version can't make it champion")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings; SERVE_ variables that only the service knows are ignored.

        Raises:
            SettingError: if a value can't be used.
        """
        return read_settings(cls, environ)

    @property
    def log_folder(self) -> Path:
        """The folder of this model's logs."""
        return self.logs / self.model

    @property
    def requires_two_person_approval(self) -> bool:
        """Whether nobody may approve a version that they trained."""
        return self.two_person == "1"

    def store(self) -> VersionStore:
        """Return the published versions of the model.

        Raises:
            SettingError: if the public key that they must be signed with can't be used.
        """
        if not self.require_signature:
            return VersionStore(self.models, self.model)
        from registry.signing import load_public_key  # its library is loaded only where signatures are required

        try:
            return VersionStore(self.models, self.model, load_public_key(Path(self.require_signature)))
        except RegistryError as error:
            raise SettingError(f"{PREFIX}REQUIRE_SIGNATURE: {error}") from error
