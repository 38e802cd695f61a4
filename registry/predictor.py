"""Predictors: one interface over the two runtimes, LiteRT and Keras.

float32 rows of shape (n, k) in, float32 predictions of shape (n,) out. A runtime's library is imported when the first
version is opened in it, so the service loads TensorFlow only if SERVE_RUNTIME is keras.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from registry.errors import RegistryError
from registry.input import Input

Float32Array = NDArray[np.float32]
Runtime = Literal["litert", "keras"]
MODEL_FILES = {"litert": "model.tflite", "keras": "model.keras"}

# How long a call waits for other threads' calls, in seconds.
_LOCK_TIMEOUT = 2.0


class Predictor(Protocol):
    """Runs one version of a model. May be called from several threads at once."""

    def predict(self, rows: Float32Array) -> Float32Array:
        """Return the predictions, shape (n,), float32, for rows of shape (n, k), float32, n at least 1.

        Raises:
            RuntimeError: if the model fails.
        """
        ...


class LiteRT:
    """model.tflite in LiteRT: the default.

    An interpreter serves one thread at a time, and a call takes microseconds, so a lock is enough.
    """

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._load()

    def _load(self) -> None:
        from ai_edge_litert.interpreter import Interpreter

        # One thread each: the workers already use all cores, and a pool of threads would cost more than it gains.
        self._interpreter = Interpreter(model_content=self._model, num_threads=1)
        self._input = int(self._interpreter.get_input_details()[0]["index"])
        self._output = int(self._interpreter.get_output_details()[0]["index"])
        self._columns = int(self._interpreter.get_input_details()[0]["shape"][1])
        self._size = 0

    def predict(self, rows: Float32Array) -> Float32Array:
        size = len(rows)
        if not self._lock.acquire(True, _LOCK_TIMEOUT):  # keywords would double its time
            raise RuntimeError(f"other requests have kept the model busy for {_LOCK_TIMEOUT:g} s")
        try:
            interpreter = self._interpreter
            if size != self._size:
                self._size = 0  # if resizing fails, the next call resizes again
                interpreter.resize_tensor_input(self._input, [size, self._columns])
                interpreter.allocate_tensors()
                self._size = size
            interpreter.set_tensor(self._input, rows)
            interpreter.invoke()
            result: Float32Array = interpreter.get_tensor(self._output).reshape(size)
        except (RuntimeError, ValueError) as error:
            self._load()  # an interpreter repeats the messages of all its failures with each new one
            raise RuntimeError(str(error)) from None
        finally:
            self._lock.release()
        return result


class Keras:
    """model.keras in TensorFlow: the reference that the exported files are compared with."""

    def __init__(self, model: bytes) -> None:
        import keras

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.keras")
            file.write_bytes(model)
            self._model: Any = keras.models.load_model(file, compile=False, safe_mode=True)

    def predict(self, rows: Float32Array) -> Float32Array:
        try:
            return np.asarray(self._model.predict_on_batch(rows), dtype=np.float32).reshape(len(rows))
        except Exception as error:  # TensorFlow's errors have no base class
            raise RuntimeError(str(error)) from error


class Filled:
    """A predictor that gives each missing value its fill before the model, which was fitted without missing values."""

    def __init__(self, predictor: Predictor, inputs: Sequence[Input]) -> None:
        self._predictor, self._inputs = predictor, inputs

    def predict(self, rows: Float32Array) -> Float32Array:
        return self._predictor.predict(fill_missing(self._inputs, rows))


def fill_missing(inputs: Sequence[Input], rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows (n, k) in which each missing value that the model does not fill itself has become its fill."""
    filled = rows.copy()
    for column, item in enumerate(inputs):
        missing = item.missing
        if missing is not None and not missing.fills_in_model:
            filled[rows[:, column] == missing.value, column] = missing.fill
    return filled


def fill_before(predictor: Predictor, inputs: Sequence[Input]) -> Predictor:
    """Return the predictor, with :func:`fill_missing` before it if an input needs that."""
    needed = any(item.missing is not None and not item.missing.fills_in_model for item in inputs)
    return Filled(predictor, inputs) if needed else predictor


def load_predictor(model: bytes, runtime: Runtime) -> Predictor:
    """Return a predictor over the content of a model file.

    Raises:
        RegistryError: if the runtime is not installed or can't open the model.
    """
    try:
        return LiteRT(model) if runtime == "litert" else Keras(model)
    except ImportError as error:
        raise RegistryError(f"the runtime {runtime} is not installed ({error}); `make install` has both") from error
    except Exception as error:  # a runtime raises what it likes
        raise RegistryError(f"{runtime} can't open the model ({type(error).__name__}: {error})") from error


def open_predictor(model: bytes, runtime: Runtime, example: Sequence[float]) -> Predictor:
    """Return a predictor over the content of a model file, after a first prediction, which is the slowest.

    Args:
        example: a row of the model's inputs, k numbers.

    Raises:
        RegistryError: if the runtime is not installed, can't open the model, or gets no finite float32 for the example.
    """
    predictor = load_predictor(model, runtime)
    try:
        predictions = predictor.predict(np.array([example] * 2, dtype=np.float32))
    except Exception as error:
        raise RegistryError(f"the model does not predict ({error})") from error
    if predictions.dtype != np.float32 or not np.isfinite(predictions).all():
        raise RegistryError(f"the model predicts {predictions[0]}, {predictions.dtype}, for its own example")
    return predictor
