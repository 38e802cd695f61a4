"""The table of contenders: complete, pinned, and in protocols that this service speaks too."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import orjson
import pytest
from flask.testing import FlaskClient

from benchmarks.peers.contenders import CONTENDERS, OWN, Contender, Protocol, instances, open_inference
from benchmarks.peers.environments import REQUIREMENTS, versions
from benchmarks.peers.measure import check
from benchmarks.peers.running import SERVERS, ContenderError

PINNED = sorted(REQUIREMENTS.iterdir())


def test_each_server_file_belongs_to_a_contender_and_compiles() -> None:
    commands = " ".join(f"{of.command} {of.prepare} {' '.join(of.settings.values())}" for of in CONTENDERS)
    files = {file.stem: file for file in SERVERS.glob("*.py")}
    assert {name for name in files if re.search(rf"\b{name}\b", commands)} == files.keys() - {"litert_model"}
    for file in files.values():
        compile(file.read_text(), file, "exec")


def test_each_file_of_requirements_belongs_to_a_contender() -> None:
    assert {of.requirements for of in CONTENDERS} - {""} == {file.stem for file in PINNED}


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.stem)
def test_every_package_of_a_peer_has_one_version_and_no_address(file: Path) -> None:
    packages = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in packages if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert 0 < len(versions(file.stem)) < len(packages)


ROWS = [[6.0, 250.0, 66.5], [5.0, 300.0, 40.0], [7.0, 200.0, 10.0]]


@pytest.mark.parametrize(
    "protocol",
    [
        OWN,
        instances("/invocations"),
        open_inference("/v2/models/boston/infer"),
    ],
    ids=lambda protocol: protocol.path,
)
def test_a_protocol_reads_the_predictions_of_its_reply(client: FlaskClient, protocol: Protocol) -> None:
    def ask(rows: list[list[float]]) -> list[float]:
        reply = client.post(protocol.path, data=orjson.dumps(protocol.encode(rows)), content_type="application/json")
        return protocol.decode(reply.get_json())

    expected = [client.post("/predict_json", json=row).get_json()["prediction"] for row in ROWS]
    assert ask(ROWS) == expected
    assert ask(ROWS[:1]) == expected[:1]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b'{"predictions": [22.5, 23.4]}', "predicted"),
        (b'{"predictions": [22.5]}', "predicted"),
        (b'{"predictions": ["a house"]}', "answered"),
        (b'{"error": "no model"}', "answered"),
        (b"<html>", "answered"),
    ],
)
def test_other_predictions_than_the_models_are_refused(reply: bytes, message: str) -> None:
    peer = Contender("peer", instances("/predict"), "")
    expected = np.array([22.5, 23.5], dtype=np.float32)
    check(peer, b'{"predictions": [22.5, 23.50001]}', expected)
    with pytest.raises(ContenderError, match=message):
        check(peer, reply, expected)
