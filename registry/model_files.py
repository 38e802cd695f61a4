"""The model files of a version: which runtimes can run it, and its predictor.

Most versions have a file for each runtime. A model that can't be written for one has none, and only the other runs it.
"""

from __future__ import annotations

from collections.abc import Container

from registry.errors import IntegrityError, RegistryError
from registry.integrity import VerifiedFiles
from registry.predictor import MODEL_FILES, Predictor, Runtime, fill_before, load_predictor, open_predictor
from registry.probe import Prober
from registry.signature import Signature

_OTHER: dict[Runtime, Runtime] = {"litert": "keras", "keras": "litert"}


def runtime_of(names: Container[str]) -> Runtime:
    """Return the runtime that commands run a version in: LiteRT, or Keras if the version has only a file for that.

    Args:
        names: of the version's files.
    """
    return "keras" if MODEL_FILES["keras"] in names and MODEL_FILES["litert"] not in names else "litert"


def find_fault(names: Container[str], runtime: Runtime) -> str:
    """Return why a runtime can't run a version, with the setting that chooses the one that can; empty if it can.

    Args:
        names: of the version's files.
    """
    name, other = MODEL_FILES[runtime], _OTHER[runtime]
    if name in names or MODEL_FILES[other] not in names:
        return ""
    return f"has no {name}, because {runtime} can't run this model; set SERVE_RUNTIME={other} to serve it"


def read_model(verified: VerifiedFiles, runtime: Runtime) -> bytes:
    """Return the content of a version's model file.

    Raises:
        IntegrityError: if the version has no such file, with the setting that chooses the other runtime if only that
            can run it; or if the file was changed.
    """
    if fault := find_fault(verified.digests, runtime):
        raise IntegrityError(f"{verified.folder}: {fault}")
    return verified.read(MODEL_FILES[runtime])


def probe_model(verified: VerifiedFiles, signature: Signature, prober: Prober) -> None:
    """Check that a child process can open a version's model in :func:`runtime_of`, and gets a prediction of it.

    Raises:
        RegistryError: if not.
    """
    runtime = runtime_of(verified.digests)
    prober.probe(verified.digest, read_model(verified, runtime), runtime, signature.example)


def open_model(verified: VerifiedFiles, signature: Signature, prober: Prober, runtime: Runtime | None) -> Predictor:
    """Return a predictor that a child process has tried, and that has made a first prediction.

    Raises:
        RegistryError: if the model can't be run.
    """
    runtime = runtime or runtime_of(verified.digests)
    model = read_model(verified, runtime)
    try:
        prober.probe(verified.digest, model, runtime, signature.example)
        return fill_before(open_predictor(model, runtime, signature.example), signature.inputs)
    except RegistryError as error:
        raise RegistryError(f"{verified.folder}: {error}") from error


def load_model(verified: VerifiedFiles, signature: Signature) -> Predictor:
    """Return a predictor in the runtime of :func:`runtime_of`, without a first prediction.

    Raises:
        RegistryError: if the runtime is not installed or can't open the model file, or there is none.
    """
    runtime = runtime_of(verified.digests)
    return fill_before(load_predictor(read_model(verified, runtime), runtime), signature.inputs)
