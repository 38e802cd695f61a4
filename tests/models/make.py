"""Writes the models beside this file, as training would export them: ``python tests/models/make.py``. Needs TensorFlow.

The fast tests open these files, so that they need not train:

- linear.tflite: 8 x0 - 0.01 x1 - 0.03 x2 - 20
- worse.tflite: the same plus 10
- tricky.tflite: the same as linear, but 10 ≤ x0 < 11 takes seconds, 11 ≤ x0 < 12 gives NaN, and 12 ≤ x0 fails
- crashing.tflite, odd.tflite: linear with one wrong offset: LiteRT ends the process with SIGSEGV, or raises IndexError
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

ROWS = tf.TensorSpec((1, 3), tf.float32, name="features")
ITERATIONS = 5_000_000  # of an empty loop: some seconds


@tf.function(input_signature=[ROWS])
def tricky(features: tf.Tensor) -> tf.Tensor:
    value = tf.linalg.matmul(features, [[8.0], [-0.01], [-0.03]]) - 20.0
    first = tf.reduce_max(features[:, 0])
    slow = tf.logical_and(first >= 10.0, first < 11.0)
    turns = tf.while_loop(lambda i: i < tf.where(slow, ITERATIONS, 0), lambda i: (i + 1,), (tf.constant(0),))[0]
    value += 0.0 * tf.math.log(11.0 - features[:, :1])
    beyond = tf.where(first >= 12.0, 1_000_000, 0)
    return value + tf.gather(tf.zeros(1), beyond) + 0.0 * tf.cast(turns, tf.float32)


if __name__ == "__main__":
    for name, bias in (("linear.tflite", -20), ("worse.tflite", -10)):
        model = keras.Sequential([keras.Input((3,), name="features"), keras.layers.Dense(1)])
        model.layers[0].set_weights([np.array([[8], [-0.01], [-0.03]], "float32"), np.array([bias], "float32")])
        specification = keras.InputSpec(dtype="float32", shape=(1, 3), name="features")
        model.export(Path(__file__).with_name(name), format="litert", input_signature=[specification])
    whole = Path(__file__).with_name("linear.tflite").read_bytes()
    for name, place in (("crashing.tflite", 16), ("odd.tflite", 548)):
        Path(__file__).with_name(name).write_bytes(whole[:place] + bytes(4) + whole[place + 4 :])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([tricky.get_concrete_function()])
    Path(__file__).with_name("tricky.tflite").write_bytes(converter.convert())
