"""A SavedModel, loaded and run by TensorFlow's C++ code alone, as TensorFlow Serving does: no Python of TensorFlow's.

    python -m tests.train.exports.saved_model_in_c LIBRARY FOLDER INPUT OUTPUT ROWS.npy PREDICTIONS.npy

INPUT and OUTPUT are the operations of the graph that the model's signature names. The calls are those of
tensorflow/c/c_api.h.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT = 1  # TF_FLOAT


class Place(ctypes.Structure):
    """TF_Output: one output of an operation."""

    _fields_ = (("operation", c_void_p), ("index", c_int))


def load(library: Path) -> Any:
    """Load the library, and say what its functions return."""
    # the framework first: the other names it without its folder
    ctypes.CDLL(str(library.with_name("libtensorflow_framework.so.2")), mode=ctypes.RTLD_GLOBAL)
    api = ctypes.CDLL(str(library))
    for name in ("NewStatus", "NewSessionOptions", "NewGraph", "LoadSessionFromSavedModel", "AllocateTensor"):
        getattr(api, f"TF_{name}").restype = c_void_p
    for name in ("GraphOperationByName", "TensorData"):
        getattr(api, f"TF_{name}").restype = c_void_p
    api.TF_Message.restype = c_char_p
    return api


def run(library: Path, folder: Path, source: str, target: str, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the predictions, float32 (n, 1), for rows (n, k)."""
    api = load(library)
    status, graph = c_void_p(api.TF_NewStatus()), c_void_p(api.TF_NewGraph())

    def check() -> None:
        if api.TF_GetCode(status):
            raise RuntimeError(api.TF_Message(status).decode())

    options = c_void_p(api.TF_NewSessionOptions())
    tags = (c_char_p * 1)(b"serve")
    session = c_void_p(
        api.TF_LoadSessionFromSavedModel(options, None, str(folder).encode(), tags, 1, graph, None, status)
    )
    check()
    places = [Place(api.TF_GraphOperationByName(graph, name.encode()), 0) for name in (source, target)]
    assert all(place.operation for place in places)
    shape = (c_int64 * 2)(*rows.shape)
    tensor = c_void_p(api.TF_AllocateTensor(FLOAT, shape, 2, c_size_t(rows.nbytes)))
    ctypes.memmove(api.TF_TensorData(tensor), rows.ctypes.data, rows.nbytes)
    answer = (c_void_p * 1)()
    api.TF_SessionRun.argtypes = (
        *(c_void_p, c_void_p, POINTER(Place), c_void_p, c_int),
        *(POINTER(Place), c_void_p, c_int, c_void_p, c_int, c_void_p, c_void_p),
    )
    asked, wanted = (Place * 1)(places[0]), (Place * 1)(places[1])
    api.TF_SessionRun(session, None, asked, (c_void_p * 1)(tensor), 1, wanted, answer, 1, None, 0, None, status)
    check()
    predictions = np.empty((len(rows), 1), dtype=np.float32)
    ctypes.memmove(predictions.ctypes.data, api.TF_TensorData(c_void_p(answer[0])), predictions.nbytes)
    return predictions


if __name__ == "__main__":
    _, library, folder, source, target, asked, answered = sys.argv
    np.save(answered, run(Path(library), Path(folder), source, target, np.load(asked)))
    assert "tensorflow" not in sys.modules
