"""MLflow: a pyfunc model from code. ``python mlflow_model.py FOLDER`` saves it for ``mlflow models serve``."""

import sys

import mlflow
import numpy as np
from litert_model import LiteRTModel


class Housing(mlflow.pyfunc.PythonModel):
    """Gets what MLflow's scoring server made of the body: here an array."""

    def __init__(self) -> None:
        self.model = LiteRTModel()

    def predict(self, model_input: np.ndarray) -> np.ndarray:
        return self.model.predict(model_input)


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=__file__, code_paths=["litert_model.py"], pip_requirements=[])
else:
    mlflow.models.set_model(Housing())
