"""BentoML: a service with one API."""

import bentoml
from litert_model import LiteRTModel


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Housing:
    """Served by ``bentoml serve bentoml_service:Housing``."""

    def __init__(self) -> None:
        self.model = LiteRTModel()

    @bentoml.api
    async def predict(self, instances: list[list[float]]) -> dict[str, list[float]]:
        return {"predictions": self.model.predict(instances).tolist()}
