"""Warnings of a release: what no check refuses, and clients or the service don't expect."""

from __future__ import annotations

import json
from dataclasses import replace

from registry import DatePart, VersionStore
from registry.release_warnings import find_warnings
from tests.conftest import HOUSES
from tests.registry.conftest import publish_changed

AGE = HOUSES.inputs[-1]
DATED = replace(HOUSES, inputs=(*HOUSES.inputs[:-1], replace(AGE, date=DatePart("Built on", "%Y-%m-%d", "days"))))


def test_a_version_of_equal_inputs_and_files_has_none(store: VersionStore) -> None:
    assert list(find_warnings(store, 2, 1, "litert")) == list(find_warnings(store, 1, None, "litert")) == []


def test_clients_that_send_dates_are_named_if_only_the_champion_takes_these(store: VersionStore) -> None:
    publish_changed(store, {"signature.json": json.dumps(DATED.to_json())})
    assert list(find_warnings(store, 1, 3, "litert")) == [
        "boston version 1 takes no dates in 'Built on', unlike version 3: "
        "it refuses clients that send them, or answers without them"
    ]
    assert list(find_warnings(store, 3, 1, "litert")) == list(find_warnings(store, 3, 3, "litert")) == []


def test_a_runtime_that_can_not_run_the_version_is_named_with_the_one_that_can(store: VersionStore) -> None:
    folder = store.folder / "2"
    (folder / "model.tflite").rename(folder / "model.keras")
    assert list(find_warnings(store, 2, 1, "keras")) == []
    assert list(find_warnings(store, 2, 1, "litert")) == [
        "boston version 2 has no model.tflite, because litert can't run this model; set SERVE_RUNTIME=keras to serve it"
    ]


def test_a_damaged_champion_is_no_reason_to_fail_after_a_rollback(store: VersionStore) -> None:
    for content in ("{", "{}"):
        (store.folder / "1" / "signature.json").write_text(content)
        assert list(find_warnings(store, 2, 1, "litert")) == []
    (store.folder / "1").rename(store.folder / "gone")
    assert list(find_warnings(store, 2, 1, "litert")) == []
