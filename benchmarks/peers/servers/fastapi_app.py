"""FastAPI: a pydantic model in, an annotated reply out. ``async``, because a prediction takes microseconds."""

from fastapi import FastAPI
from litert_model import LiteRTModel
from pydantic import BaseModel


class Rows(BaseModel):
    """The body of a request."""

    instances: list[list[float]]


app = FastAPI()
model = LiteRTModel()


@app.post("/predict")
async def predict(rows: Rows) -> dict[str, list[float]]:
    """Return a prediction for each row."""
    return {"predictions": model.predict(rows.instances).tolist()}
