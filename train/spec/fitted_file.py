"""A file that should hold a fitted Keras model: what it is by its content, before any library opens it.

Owns which files are taken: .keras, a whole model as .h5, and a SavedModel's folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filesystem import only_plain
from train.errors import TrainError
from train.spec.keras_config import ADVICE, foreign_object

Kind = Literal["keras", "h5", "saved_model"]

MAX_BYTES = 2 << 30  # of a model, unpacked: what is larger is no model of a table's rows
_MAX_GROWTH = 100  # how many times larger a .keras file may become
_MEMBERS = ("config.json", "model.weights.h5")
_SAVE = "save the whole model with model.save('NAME.keras')"
# How other files begin. A pickle begins with its protocol.
_OTHERS = {
    b"\x80\x02": "a pickle, as joblib and PyTorch write them; reading one would run code that it contains",
    b"\x80\x03": "a pickle, as joblib and PyTorch write them; reading one would run code that it contains",
    b"\x80\x04": "a pickle, as joblib and PyTorch write them; reading one would run code that it contains",
    b"\x80\x05": "a pickle, as joblib and PyTorch write them; reading one would run code that it contains",
}
_SUFFIXES = {
    ".pkl": "a pickle",
    ".pickle": "a pickle",
    ".joblib": "a file of joblib",
    ".pt": "a model of PyTorch",
    ".pth": "a model of PyTorch",
    ".onnx": "a model in ONNX",
    ".tflite": "a model of LiteRT without its layers",
    ".pb": "a part of a SavedModel: name its folder",
}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file, or a SavedModel's folder, and its SHA-256; that of a folder is of the digests and names of its files."""

    path: Path
    kind: Kind
    sha256: str

    def copy(self, folder: Path) -> Path:
        """Copy it into a folder, under the name that Keras wants of this kind.

        Raises:
            TrainError: if it is not the same as before.
        """
        if self.kind == "saved_model":
            target = folder / "saved_model"
            shutil.copytree(self.path, target)
        else:
            target = folder / f"model.{self.kind}"
            shutil.copyfile(self.path, target)
        if _digest(target) != self.sha256:
            raise TrainError(f"{self.path}: was changed while it was read; try again")
        return target


def identify(path: Path) -> ModelFile:
    """Return what a path names.

    Raises:
        TrainError: if it can't hold a Keras model, or one with code in it, with what to do.
    """
    try:
        kind = _kind_of_folder(path) if path.is_dir() else _kind_of_file(path)
        return ModelFile(path, kind, _digest(path))
    except OSError as error:
        raise TrainError(f"{path}: can't be read ({error.strerror or error}); correct fit.file in the spec") from error


def _kind_of_folder(path: Path) -> Kind:
    if not (path / "saved_model.pb").is_file():
        raise TrainError(f"{path}: is a folder without saved_model.pb, so it is no SavedModel; {_SAVE}")
    if any(file.is_symlink() for file in path.rglob("*")):
        raise TrainError(f"{path}: contains a link; a SavedModel has plain files and folders only")
    if sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) > MAX_BYTES:
        raise _too_large(path)
    return "saved_model"


def _kind_of_file(path: Path) -> Kind:
    with open(path, "rb", opener=only_plain) as file:
        start = file.read(8)
    if path.stat().st_size > MAX_BYTES:
        raise _too_large(path)
    if start.startswith(b"PK"):
        _check_archive(path)
        return "keras"
    if start == b"\x89HDF\r\n\x1a\n":
        return "h5"
    what = "empty" if not start else _OTHERS.get(start[:2]) or _SUFFIXES.get(path.suffix.lower())
    if start[4:] == b"TFL3":
        what = _SUFFIXES[".tflite"]
    raise TrainError(f"{path}: is {what or 'neither a .keras file nor HDF5'}; {_SAVE}")


def _check_archive(path: Path) -> None:
    """Check that a zip is what Keras writes, that it does not unpack to too much, and has no code in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if any(name.endswith("data.pkl") for name in names):
                raise TrainError(f"{path}: is {_SUFFIXES['.pt']}; {_SAVE}")
            missing = [name for name in _MEMBERS if name not in names]
            if missing:
                raise TrainError(f"{path}: is a zip without {' and '.join(missing)}, so it is no .keras file; {_SAVE}")
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_BYTES or unpacked > _MAX_GROWTH * path.stat().st_size + (1 << 20):
                raise _too_large(path)
            broken = archive.testzip()
            if broken:
                raise zipfile.BadZipFile(broken)
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, RecursionError) as error:
        raise TrainError(
            f"{path}: is damaged, or not all of it was copied ({error}); copy it again, or save it again"
        ) from error
    problem = foreign_object(config)
    if problem:
        raise TrainError(f"{path}: {problem}; {ADVICE}")


def _too_large(path: Path) -> TrainError:
    return TrainError(f"{path}: is larger than {MAX_BYTES >> 30} GiB, or would be when unpacked; it is not opened")


def _digest(path: Path) -> str:
    if not path.is_dir():
        with open(path, "rb", opener=only_plain) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    lines = "".join(f"{_digest(path / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()
