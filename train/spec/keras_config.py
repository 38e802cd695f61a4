"""The layers that a saved Keras model names: whether Keras itself has them all, or some need the author's code.

Imports no library: the names are looked at before any of them is looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ADVICE = (
    "such a file is not opened: make the model with `[fit] build` in the spec, or save one of layers that Keras has"
)
_CODE = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFOpLambda", "SlicingOpLambda")
# What of Keras a model has no use for: it reads and writes files, and loads addresses.
_NEVER = ("keras.utils", "keras.src.utils", "keras.saving", "keras.src.saving", "keras.applications")


def foreign_object(config: Any) -> str:
    """Return what in the config of a saved model is not Keras' own; empty if there is nothing.

    Args:
        config: the parsed JSON.
    """
    for item in _objects(config):
        name, module = str(item["class_name"]), item.get("module")
        if name in _CODE:
            return f"contains code, in a layer {name}"
        if (
            isinstance(module, str)
            and module != "builtins"
            and (module.split(".")[0] != "keras" or module.startswith(_NEVER))
        ):
            return f"needs the class {name} of {module}, which Keras does not have"
        if "module" in item and module is None:
            return f"needs the class {name}, which Keras does not have"
        if name == "function" and module == "builtins":
            return f"needs the function {item.get('config')}, which Keras does not have"
    return ""


def _objects(config: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
