"""MLServer: a custom runtime. MLServer itself speaks the Open Inference protocol."""

import numpy as np
from litert_model import LiteRTModel
from mlserver import MLModel
from mlserver.codecs import decode_args


class Runtime(MLModel):
    """Named by MLSERVER_MODEL_IMPLEMENTATION."""

    async def load(self) -> bool:
        self._model = LiteRTModel()
        return True

    @decode_args
    async def predict(self, rows: np.ndarray) -> np.ndarray:
        return self._model.predict(rows)
