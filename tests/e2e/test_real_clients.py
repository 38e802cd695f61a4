"""Real clients of the other servers, unchanged, against this one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from tritonclient.http import InferenceServerClient as Triton
from tritonclient.http import InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from registry import VersionStore
from tests.conftest import FLATS, publish
from tests.e2e.server import Server, serving

ROWS = np.array([[6, 250, 66.5], [7, 300, 10]], dtype=np.float32)
FRAME = pd.DataFrame(ROWS.astype(float), columns=["rm", "tax", "age"])


@pytest.fixture(scope="module")
def expected(server: Server) -> list[float]:
    return VersionStore(server.models, "boston").open(1).predictor.predict(ROWS).tolist()


@pytest.fixture
def triton(server: Server) -> Iterator[Triton]:
    with Triton(f"127.0.0.1:{server.port}") as client:
        yield client


def tensor(rows: np.ndarray, binary: bool = True, name: str = "features") -> InferInput:
    tensor = InferInput(name, list(rows.shape), "FP32" if rows.dtype == np.float32 else "FP64")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return tensor


def infer(triton: Triton, *tensors: InferInput) -> list[float]:
    return triton.infer("boston", list(tensors)).as_numpy("output_0").reshape(-1).tolist()


def test_tritons_client_finds_the_server_and_the_model_ready(triton: Triton) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.is_model_ready("boston")
    assert triton.is_model_ready("boston", "2")
    assert not triton.is_model_ready("boston", "9")
    assert triton.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    assert triton.get_model_metadata("boston")["versions"] == ["1", "2"]


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("binary_out", [True, False, None])
@pytest.mark.parametrize("version", ["", "2"])
@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_tritons_client_infers_in_json_and_in_bytes_compressed_or_not(
    triton: Triton, server: Server, expected: list[float], binary: bool, binary_out: Any, version: str, compression: Any
) -> None:
    request_id = f"triton-{binary}-{binary_out}-{version}-{compression}"
    outputs = None if binary_out is None else [InferRequestedOutput("output_0", binary_data=binary_out)]
    options = {"model_version": version, "outputs": outputs, "request_compression_algorithm": compression}
    reply = triton.infer("boston", [tensor(ROWS, binary)], request_id=request_id, **options)
    assert reply.as_numpy("output_0").tolist() == [[value] for value in expected]
    assert (reply.get_response()["id"], reply.get_response()["model_version"]) == (request_id, version or "1")
    rows = server.rows("predictions", request_id)
    assert [float(row["prediction"]) for row in rows] == pytest.approx(expected, rel=1e-7)


def test_tritons_client_sends_a_float64_tensor_an_input(triton: Triton, expected: list[float]) -> None:
    columns = [tensor(ROWS[:, [place]].astype(float), name=name) for place, name in enumerate(FRAME.columns)]
    assert infer(triton, *columns) == expected


def test_tritons_client_goes_on_after_too_large_a_request(triton: Triton, expected: list[float]) -> None:
    for count in (88_000, 100_000, 300_000):
        with pytest.raises(InferenceServerException, match="the body is too large"):
            infer(triton, tensor(np.repeat(ROWS, count // 2, axis=0)))
        assert infer(triton, tensor(ROWS)) == expected


def test_tritons_client_is_told_what_is_wrong(triton: Triton) -> None:
    with pytest.raises(InferenceServerException, match=r"shape \[n, 3\].* its shape is \[2, 2\]") as caught:
        infer(triton, tensor(ROWS[:, :2].copy()))
    assert caught.value.status() == "400"
    with pytest.raises(InferenceServerException, match="there is no model other"):
        triton.get_model_metadata("other")


def test_mlservers_own_types_read_and_write_our_messages(server: Server, expected: list[float]) -> None:
    types = pytest.importorskip("mlserver.types", reason="NOT TESTED: mlserver has no build for this Python")
    from mlserver.codecs import NumpyCodec, NumpyRequestCodec, PandasCodec

    def infer(request: Any) -> Any:
        body = request.model_dump_json(exclude_none=True)
        reply = requests.post(f"{server.url}/v2/models/boston/infer", data=body, timeout=10)
        assert reply.status_code == 200, reply.text
        return types.InferenceResponse.model_validate_json(reply.text)

    numbers = infer(types.InferenceRequest(id="mls-1", inputs=[NumpyCodec.encode_input("features", ROWS)]))
    assert (numbers.id, numbers.model_name, numbers.model_version) == ("mls-1", "boston", "1")
    assert NumpyCodec.decode_output(numbers.outputs[0]).reshape(-1).tolist() == expected
    unnamed = infer(NumpyRequestCodec.encode_request(ROWS))  # its tensor's name is MLServer's own
    assert NumpyCodec.decode_output(unnamed.outputs[0]).reshape(-1).tolist() == expected
    for sent in (FRAME, FRAME.assign(town=pd.Series(["Lynn", "Nahant"], dtype=object), year=1970)):
        frame = infer(PandasCodec.encode_request(sent))
        assert NumpyCodec.decode_output(frame.outputs[0]).reshape(-1).tolist() == expected
    metadata = requests.get(f"{server.url}/v2/models/boston", timeout=10).text
    assert types.MetadataModelResponse.model_validate_json(metadata).inputs[0].shape == [-1, 3]
    about = types.MetadataServerResponse.model_validate_json(requests.get(f"{server.url}/v2", timeout=10).text)
    assert about.extensions == ["binary_tensor_data"]


@pytest.mark.parametrize("path", ["/predict_json", "/predict_json?extra=ignore"])
def test_a_data_frame_is_understood_in_all_that_pandas_writes(server: Server, expected: list[float], path: str) -> None:
    frame = FRAME.assign(town=["Lynn", "Nahant"]) if "extra" in path else FRAME
    bodies = [frame.to_json(orient=orient) for orient in ("columns", "split", "records")]
    bodies += [json.dumps(frame.to_dict(orient)) for orient in ("dict", "list", "records", "split")]
    bodies += [json.dumps({"instances": frame.to_dict("records")}), json.dumps({"input_data": frame.to_dict("tight")})]
    for body in bodies:
        status, reply = server.ask(body.encode(), path)
        assert (status, reply["predictions"]) == (200, pytest.approx(expected, rel=1e-7)), body


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")
def test_mlflows_client_and_encoder_are_understood(
    server: Server, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient
    from mlflow.utils.proto_json_utils import dump_input_data

    client = ScoringServerClient("127.0.0.1", server.port)
    client.ping()
    assert client.get_version()
    for frame in (FRAME, FRAME[["age", "rm", "tax"]].assign(town="Lynn")):
        assert client.invoke(frame).get_predictions("ndarray").tolist() == pytest.approx(expected, rel=1e-7)

    columns, records = {"inputs": FRAME.to_dict("list")}, {"instances": FRAME.to_dict("records")}
    for data in (dump_input_data(FRAME), dump_input_data(ROWS), json.dumps(columns), json.dumps(records)):
        status, reply = server.ask(data.encode(), "/invocations")
        assert (status, reply["predictions"]) == (200, pytest.approx(expected, rel=1e-7))
    status, reply = server.ask(dump_input_data(FRAME.replace({7.0: np.nan})).encode(), "/invocations")
    assert (status, reply["error_code"]) == (400, "BAD_REQUEST")
    assert "row 1: rm: NaN is not a number" in reply["message"]


# Texts, and what is missing

FLAT_ROWS = pd.DataFrame(
    {
        "rooms": [3.0, np.nan, 5.0],
        "district": ["Höchst", "Nordend, West", 'the "old" town'],
        "balcony": ["with", None, "yes"],
    }
)


@pytest.fixture(scope="module")
def flats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("flats")
    publish(folder / "models", FLATS)
    with serving(folder / "models", workers=1, SERVE_MODEL="flats") as server:
        yield server


def rents(server: Server, frame: pd.DataFrame) -> Any:
    """Return about what the model predicts for a frame."""
    cells = frame.astype(object).where(frame.notna(), "")[list(FLATS.names)].to_numpy().tolist()
    rows = [[item.parse(str(cell)) for item, cell in zip(FLATS.inputs, row, strict=True)] for row in cells]
    predictor = VersionStore(server.models, "flats").open(1).predictor
    return pytest.approx(predictor.predict(np.array(rows, np.float32)).tolist(), rel=1e-6)


@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_sends_a_tensor_of_texts(flats: Server, binary: bool) -> None:
    frame = FLAT_ROWS if binary else FLAT_ROWS.dropna()  # in JSON this client has nothing for a missing value
    with Triton(f"127.0.0.1:{flats.port}") as client:
        inputs = []
        for described in client.get_model_metadata("flats")["inputs"]:
            cells = frame[described["name"]].to_list()
            item = InferInput(described["name"], [len(cells), 1], described["datatype"])
            if described["datatype"] == "BYTES":
                values = np.array([text.encode() if isinstance(text, str) else b"" for text in cells], object)
            else:
                values = np.array(cells, np.float32)
            item.set_data_from_numpy(values.reshape(-1, 1), binary_data=binary)
            inputs.append(item)
        reply = client.infer("flats", inputs).as_numpy("output_0").reshape(-1).tolist()
    assert reply == rents(flats, frame)
    assert [row["rooms"] for row in flats.rows("predictions")[-len(reply) :]] == (
        ["3.0", "", "5.0"] if binary else ["3.0", "5.0"]
    )


def test_mlservers_data_frame_of_texts_is_understood(flats: Server) -> None:
    types = pytest.importorskip("mlserver.types", reason="NOT TESTED: mlserver has no build for this Python")
    from mlserver.codecs import NumpyCodec, PandasCodec

    frame = FLAT_ROWS.assign(balcony="no", town="Lynn")  # it has no way to write a text that is missing
    frame = frame.astype(dict.fromkeys(("district", "balcony", "town"), object))
    body = PandasCodec.encode_request(frame).model_dump_json()
    reply = requests.post(f"{flats.url}/v2/models/flats/infer", data=body, timeout=10)
    assert reply.status_code == 200, reply.text
    outputs = types.InferenceResponse.model_validate_json(reply.text).outputs
    assert NumpyCodec.decode_output(outputs[0]).reshape(-1).tolist() == rents(flats, frame)
    metadata = requests.get(f"{flats.url}/v2/models/flats", timeout=10).text
    inputs = types.MetadataModelResponse.model_validate_json(metadata).inputs
    assert [(item.name, item.datatype) for item in inputs] == [
        ("rooms", "FP32"), ("district", "BYTES"), ("balcony", "BYTES")
    ]  # fmt: skip


def test_a_data_frame_of_texts_is_understood_in_what_pandas_and_mlflow_write(
    flats: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    for orient in ("columns", "split", "records"):
        status, reply = flats.ask(FLAT_ROWS.to_json(orient=orient).encode())  # type: ignore[call-overload]  # one of pandas' words
        assert (status, reply["predictions"]) == (200, rents(flats, FLAT_ROWS)), orient
    for body in (
        {"dataframe_split": json.loads(FLAT_ROWS.to_json(orient="split"))},
        {"dataframe_records": json.loads(FLAT_ROWS.to_json(orient="records"))},
    ):
        status, reply = flats.ask(json.dumps(body).encode(), "/invocations")
        assert (status, reply["predictions"]) == (200, rents(flats, FLAT_ROWS))
    csv = FLAT_ROWS.to_csv(index=False).encode()
    status, reply = flats.request("POST", "/invocations", csv, {"Content-Type": "text/csv"})
    assert (status, reply["predictions"]) == (200, rents(flats, FLAT_ROWS))
