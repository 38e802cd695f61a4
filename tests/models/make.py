"""Writes linear.tflite beside this file: 8 x0 - 0.01 x1 - 0.03 x2 - 20, as training would export it. Needs TensorFlow.

The fast tests open this file, so that they need not train: ``python tests/models/make.py`` makes it again.
"""

from pathlib import Path

import keras
import numpy as np

if __name__ == "__main__":
    model = keras.Sequential([keras.Input((3,), name="features"), keras.layers.Dense(1)])
    model.layers[0].set_weights([np.array([[8], [-0.01], [-0.03]], "float32"), np.array([-20], "float32")])
    specification = keras.InputSpec(dtype="float32", shape=(1, 3), name="features")
    model.export(Path(__file__).with_name("linear.tflite"), format="litert", input_signature=[specification])
