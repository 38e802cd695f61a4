"""The faults that the registry reports. Each message is one sentence for a person: what is wrong, where, what to do."""

from __future__ import annotations


class RegistryError(Exception):
    """Something about the published versions is not as it must be."""


class SignatureError(RegistryError):
    """A signature.json does not describe a model that can be served."""


class IntegrityError(RegistryError):
    """A version's files are not the files that were published."""


class NotPublishedError(RegistryError):
    """The version or alias asked for does not exist."""


class HistoryError(RegistryError):
    """The history is not as it was written, or can't be written."""


class ReleaseError(RegistryError):
    """A version can't be given the part that was asked for."""


class PublishError(RegistryError):
    """A finished training can't be published beside what is there."""
