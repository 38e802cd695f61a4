"""LitServe: decode, predict, encode, in a worker process behind its API server."""

import sys

import litserve as ls
from litert_model import LiteRTModel


class Housing(ls.LitAPI):
    """The three steps of a request, and what is done before the first."""

    def setup(self, _device: str) -> None:
        self.model = LiteRTModel()

    def decode_request(self, request: dict) -> list[list[float]]:
        return request["instances"]

    def predict(self, rows: list[list[float]]) -> list[float]:
        return self.model.predict(rows).tolist()

    def encode_response(self, predictions: list[float]) -> dict[str, list[float]]:
        return {"predictions": predictions}


if __name__ == "__main__":
    server = ls.LitServer(Housing(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
