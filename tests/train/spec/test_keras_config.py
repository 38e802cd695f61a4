"""Which saved models Keras can open alone: told from the names in their config."""

from __future__ import annotations

from typing import Any

import pytest

from train.spec.keras_config import foreign_object


def layer(name: str, module: str | None, config: Any = None, **more: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": None, **more}


OWN = [
    layer("Dense", "keras.layers", {"activation": "relu", "kernel_regularizer": layer("L2", "keras.regularizers")}),
    layer("GetItem", "keras.src.ops.numpy", registered_name="GetItem"),
    {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {}}]}},  # an .h5 of years ago
    {"class_name": "__keras_tensor__", "config": {"shape": [None, 3]}},
]
FOREIGN = [
    (layer("Doubled", None, registered_name="Doubled"), "needs the class Doubled, which Keras does not have"),
    (layer("Doubled", "my_layers", registered_name="pkg>Doubled"), "needs the class Doubled of my_layers"),
    (layer("Lambda", "keras.layers"), "contains code, in a layer Lambda"),
    ({"class_name": "TFOpLambda", "config": {}}, "contains code, in a layer TFOpLambda"),
    (layer("TFSMLayer", "keras.layers"), "contains code, in a layer TFSMLayer"),
    (
        layer("Dense", "keras.layers", {"activation": layer("function", "builtins", "swish2")}),
        "needs the function swish2",
    ),
    (layer("function", "keras.utils", "get_file"), "needs the class function of keras.utils"),
    (layer("system", "os"), "needs the class system of os"),
    (layer("Layer", "keras_of_mallory.layers"), "needs the class Layer of keras_of_mallory.layers"),
]


@pytest.mark.parametrize("config", OWN)
def test_layers_of_keras_are_none_of_somebody_elses(config: Any) -> None:
    assert foreign_object({"config": {"layers": [config]}}) == ""


@pytest.mark.parametrize(("config", "message"), FOREIGN)
def test_what_keras_does_not_have_is_named(config: Any, message: str) -> None:
    found = foreign_object({"class_name": "Sequential", "config": {"layers": [OWN[0], config]}})
    assert found.startswith(message)
