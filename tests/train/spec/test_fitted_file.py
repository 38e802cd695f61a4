"""What a file that `[fit] file` names is told from its content, before any library opens it."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.train.fitted_files import archive
from train.errors import TrainError
from train.spec.fitted_file import MAX_BYTES, identify

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}
HDF5 = b"\x89HDF\r\n\x1a\n"


def written(content: bytes, name: str = "model.keras") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def truncated(folder: Path) -> Path:
    path = archive(folder / "model.keras", DENSE, more=b"x" * 5000)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def damaged(folder: Path) -> Path:
    path = archive(folder / "model.keras", DENSE, more=b"x" * 5000)
    path.write_bytes(path.read_bytes().replace(b"xxxxxxxx", b"xxxxyxxx", 1))
    return path


def of_zip(**members: bytes) -> Callable[[Path], Path]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, member in members.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), member)
    return written(content.getvalue())


def bomb(folder: Path) -> Path:
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", bytes(20 << 20))
    return path


def sparse(folder: Path) -> Path:
    path = folder / "model.h5"
    path.write_bytes(HDF5)
    with path.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    return path


def linked(folder: Path) -> Path:
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"x")
    (folder / "saved" / "variables").symlink_to(folder)
    return folder / "saved"


def folder_only(folder: Path) -> Path:
    (folder / "saved").mkdir()
    return folder / "saved"


BAD = {
    "not there": (
        lambda folder: folder / "gone.keras",
        r"gone.keras: can't be read \(No such file.*; correct fit.file",
    ),
    "empty": (written(b""), "is empty; save the whole model with model.save"),
    "a pickle by content": (written(pickle.dumps([1])), "is a pickle, .*run code.*; save the whole model"),
    "joblib by name": (written(b"x\x9c123456", "model.joblib"), "is a file of joblib; save the whole"),
    "torch by name": (written(b"12345678", "model.pt"), "is a model of PyTorch; save"),
    "torch by content": (of_zip(archive__data_dot_pkl=b"x"), "is a model of PyTorch; save"),
    "onnx": (written(b"\x08\x07123456", "model.onnx"), "is a model in ONNX; save"),
    "tflite by content": (written(b"\x1c\x00\x00\x00TFL3"), "is a model of LiteRT without its layers; save"),
    "a graph alone": (written(b"\x08\x01123456", "saved_model.pb"), "is a part of a SavedModel: name its folder"),
    "a table": (written(b"rm,tax,age\n"), "is neither a .keras file nor HDF5; save"),
    "a zip of something": (of_zip(readme=b"x"), "a zip without config.json and model.weights.h5, so it is no .keras"),
    "truncated": (truncated, "is damaged, or not all of it was copied .*copy it again"),
    "damaged": (damaged, r"is damaged, or not all of it was copied \(more\); copy it again"),
    "no JSON": (of_zip(config_dot_json=b"{", model_dot_weights_dot_h5=b""), "is damaged, or not all"),
    "unpacks to too much": (bomb, "is larger than 2 GiB, or would be when unpacked; it is not opened"),
    "too large": (sparse, "is larger than 2 GiB"),
    "a folder": (folder_only, "is a folder without saved_model.pb, so it is no SavedModel; save"),
    "a folder with a link": (linked, "contains a link"),
    "code": (
        lambda folder: archive(folder / "a.keras", {"config": {"layers": [DENSE, {"class_name": "Lambda"}]}}),
        r"a.keras: contains code, in a layer Lambda; such a file is not opened: make the model with `\[fit\] build`",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_a_file_that_holds_no_keras_model_is_refused(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainError, match=message):
        identify(make(tmp_path))


def test_a_file_is_known_by_its_content_and_copied_under_the_name_that_keras_wants(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    file = identify(archive(tmp_path / "model.bin", DENSE))
    assert (file.kind, file.copy(tmp_path / "copies").name) == ("keras", "model.keras")
    assert identify(written(HDF5, "any.keras")(tmp_path)).kind == "h5"


def test_a_file_that_changes_after_it_was_looked_at_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    file = identify(archive(tmp_path / "model.keras", DENSE))
    archive(tmp_path / "model.keras", DENSE, more=b"x")
    with pytest.raises(TrainError, match="was changed while it was read; try again"):
        file.copy(tmp_path / "copies")


def test_the_digest_of_a_folder_is_of_its_files_and_their_names(tmp_path: Path) -> None:
    digests = set()
    for number, (name, content) in enumerate([("a", "1"), ("a", "2"), ("b", "1")]):
        folder = tmp_path / str(number)
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_text("x")
        (folder / "variables" / name).write_text(content)
        digests.add(identify(folder).sha256)
    assert len(digests) == 3
