"""The errors of the registry. Each message is one sentence for a person: where, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RegistryError(Exception):
    """The published versions, or a setting, can't be used as they are. The base of the others."""


class SettingError(RegistryError):
    """An environment variable can't be taken as a setting. The message names it and says what was expected."""


class SignatureError(RegistryError):
    """A signature.json does not describe a model that can be served."""


class IntegrityError(RegistryError):
    """A version's files are not the files that were published."""


class NotPublishedError(RegistryError):
    """The version or alias does not exist."""


class HistoryError(RegistryError):
    """The history was changed, or can't be written."""


class LockedError(RegistryError):
    """Another command is changing the versions or the aliases."""


class ReleaseError(RegistryError):
    """A version can't be given an alias, or can't lose it."""


class PublishError(RegistryError):
    """A new version can't be published beside those that are there."""


@contextmanager
def wrap_os_error(
    path: Path | str, action: str, kind: type[RegistryError] = RegistryError, advice: str = ""
) -> Iterator[None]:
    """Turn an OSError of the block into a RegistryError, such as "PATH: can't be written (No space left on device)".

    Where a missing file is no error, suppress FileNotFoundError inside the block, not around it.

    Args:
        action: a participle: "read", "written", "moved".
        kind: the class of the error.
        advice: the end of the message.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"{path}: can't be {action} ({error.strerror or error}){advice}") from error
