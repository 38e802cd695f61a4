"""The published model in LiteRT, for the peers that may choose their runtime."""

import os
import threading
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class LiteRTModel:
    """model.tflite of the version that PEERS_VERSION names. Threads may share it: the lock costs next to nothing."""

    def __init__(self) -> None:
        self._interpreter = Interpreter(str(Path(os.environ["PEERS_VERSION"], "model.tflite")), num_threads=1)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape: tuple[int, ...] = ()
        self._lock = threading.Lock()

    def predict(self, rows: object) -> np.ndarray:
        """Return the predictions, shape (n,), float32, for rows of shape (n, k)."""
        values = np.asarray(rows, dtype=np.float32)
        with self._lock:
            if values.shape != self._shape:
                self._interpreter.resize_tensor_input(self._input, values.shape)
                self._interpreter.allocate_tensors()
                self._shape = values.shape
            self._interpreter.set_tensor(self._input, values)
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._output).reshape(-1)
