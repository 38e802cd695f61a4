"""Rows of one version for another one whose codes, levels or missing values differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.routing.circuit_breaker import FAILURE_THRESHOLD
from app.settings import Settings
from registry import Input, Missing, Signature, VersionStore
from registry.promotion import canary, promote, shadow
from registry.recoding import Recoder
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, ask, logged
from tests.conftest import FLATS, LINEAR, TRICKY, publish
from tests.e2e.server import wait_until

ROOMS, DISTRICT, BALCONY = FLATS.inputs


def flats(rooms: Input = ROOMS, district: Input = DISTRICT, balcony: Input = BALCONY) -> Signature:
    return replace(FLATS, inputs=(rooms, district, balcony))


def districts(*levels: str, other: float | None = None) -> Input:
    codes = tuple(range(1, len(levels) + 1))
    return replace(DISTRICT, levels=levels, categories=codes, limits=(1, len(levels)), training=(1, len(levels)),
                   example=1, other=other)  # fmt: skip


# Other codes, another level for all others, another number for missing rooms; and a balcony has to be told.
OTHERS = flats(
    rooms=replace(ROOMS, missing=Missing(-40, 3)),
    district=districts("Höchst", "remote", "Nordend, West", other=2),
    balcony=replace(BALCONY, missing=None),
)
STRICT = flats(district=districts("Höchst", "elsewhere"), rooms=replace(ROOMS, missing=None))


def test_rows_go_by_their_texts() -> None:
    recoded = Recoder(FLATS, OTHERS).recode(np.array([[4, 3, 1], [-13, 1, 0], [5, 0, 1], [5, 2, 1]], dtype=np.float32))
    assert recoded.refused == {}
    assert recoded.rows.tolist() == [[4, 1, 1], [-40, 3, 0], [5, 2, 1], [5, 2, 1]]
    assert recoded.rows.dtype == np.float32


def test_what_the_other_version_does_not_take_is_refused_with_the_reason() -> None:
    rows = np.array([[4, 3, 1], [-13, 1, 1], [4, 2, 1], [4, 3, 2]], dtype=np.float32)
    assert Recoder(FLATS, STRICT).recode(rows).refused == {
        1: "rooms: is missing, and it needs a value",
        2: "district: it does not know 'the \"old\" town'",
    }
    assert Recoder(FLATS, OTHERS).recode(rows).refused == {3: "balcony: is missing, and it needs a value"}
    before = rows.copy()
    Recoder(FLATS, OTHERS).recode(rows)
    assert np.array_equal(rows, before)


def test_a_value_that_means_missing_there_is_no_missing_value() -> None:
    wide = flats(rooms=replace(ROOMS, limits=(-20, 15), missing=None))
    assert Recoder(wide, FLATS).recode(np.array([[-13, 3, 1]], dtype=np.float32)).refused == {
        0: "rooms: it does not take -13"
    }


def test_a_text_that_means_missing_there_is_a_missing_value() -> None:
    new = replace(districts("Höchst"), missing=Missing(9, 1, texts=("elsewhere",)))
    recoded = Recoder(FLATS, flats(district=new)).recode(np.array([[4, 0, 1], [4, 3, 1]], dtype=np.float32))
    assert (recoded.rows[:, 1].tolist(), recoded.refused) == ([9, 1], {})


def test_a_number_and_a_text_stand_for_each_other_where_they_are_the_same() -> None:
    number = replace(ROOMS, name="district", aliases=(), missing=None)
    texts = districts("2", "4", "many", "nan")
    to_texts = Recoder(flats(district=number), flats(district=texts)).recode(
        np.array([[4, 4, 1], [4, 2.5, 1]], dtype=np.float32)
    )
    assert (to_texts.rows[0].tolist(), to_texts.refused) == ([4, 2, 1], {1: "district: it does not know '2.5'"})
    to_numbers = Recoder(flats(district=texts), flats(district=number)).recode(
        np.array([[4, 2, 1], [4, 3, 1], [4, 4, 1]], dtype=np.float32)
    )
    assert to_numbers.rows[0].tolist() == [4, 4, 1]
    assert to_numbers.refused == {
        1: "district: it expects a number, not 'many'",
        2: "district: it does not take nan",
    }


def test_versions_that_encode_alike_need_no_recoding() -> None:
    assert Recoder(FLATS, replace(FLATS, title="other")).changes_nothing
    assert Recoder(FLATS, flats(rooms=replace(ROOMS, limits=(0, 99), training=(3, 4)))).changes_nothing
    assert not Recoder(FLATS, OTHERS).changes_nothing


LEVELS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=6, unique=True)


@given(LEVELS, LEVELS, st.booleans(), st.data())
def test_a_row_is_what_it_would_be_if_it_had_been_sent_to_the_other_version(
    old: list[str], new: list[str], has_other: bool, data: st.DataObject
) -> None:
    source, target = (flats(district=districts(*levels, other=1 if has_other else None)) for levels in (old, new))
    texts = data.draw(st.lists(st.sampled_from(old), min_size=1, max_size=5))
    rows = np.array([[4, source.inputs[1].parse(text), 1] for text in texts], dtype=np.float32)
    recoded = Recoder(source, target).recode(rows)
    for position, text in enumerate(texts):
        try:
            assert recoded.rows[position, 1] == target.inputs[1].parse(text)
            assert position not in recoded.refused
        except ValueError:
            assert recoded.refused[position] == f"district: it does not know '{text}'"


@pytest.fixture
def flat_models(settings: Settings) -> Path:
    """FLATS with a model that fails from 12 rooms on, and gives no number from 11 on, is version 1 and champion."""
    publish(settings.models, FLATS, TRICKY)
    return settings.models


@pytest.fixture
def make_flats(make_client: MakeClient, settings: Settings) -> MakeClient:
    def make() -> Service:
        client = make_client(model="flats")
        client.settings = replace(settings, model="flats")
        return client

    return make


def test_the_fallback_gets_the_rows_in_its_own_codes(flat_models: Path, make_flats: MakeClient) -> None:
    store = VersionStore(flat_models, "flats")
    publish(flat_models, OTHERS, LINEAR)
    promote(store, 2, "fallback", ANN)
    client = make_flats()
    row = [11.5, "Nordend, West", "with"]
    reply = ask(client, [row, [4, "Höchst", True], [11.5, "Foo", None]])
    assert reply.status_code == 500
    assert reply.json["problems"] == [
        {"row": 2, "input": "", "message": "it was not asked: balcony: is missing, and it needs a value"}
    ]
    first, second, third, fallback = client.new_rows("predictions")
    assert [line["district"] for line in (first, second, third)] == ["Nordend, West", "Höchst", "elsewhere"]
    assert (fallback["version"], fallback["row"], fallback["district"]) == ("2", "0", "Nordend, West")
    assert float(fallback["prediction"]) == pytest.approx(8 * 11.5 - 0.03 - 0.03 - 20, abs=1e-4)
    reply = ask(client, row)
    assert (reply.status_code, reply.json["version"]) == (200, 2)
    assert reply.json["prediction"] == pytest.approx(float(fallback["prediction"]))


def test_a_fallback_that_takes_none_of_the_rows_leaves_them_unanswered(
    flat_models: Path, make_flats: MakeClient
) -> None:
    store = VersionStore(flat_models, "flats")
    publish(flat_models, OTHERS, LINEAR)
    promote(store, 2, "fallback", ANN)
    client = make_flats()
    for _ in range(3):
        reply = ask(client, {"rooms": 11.5, "district": "Foo"})
        assert reply.status_code == 503
        assert reply.json["error"] == "it was not asked: balcony: is missing, and it needs a value"
    assert [(row["version"], row["flags"]) for row in client.new_rows("predictions")] == [
        ("1", "rooms:outside_training district:other balcony:missing output:implausible")
    ] * 3
    assert ask(client, [4, "Höchst", 1]).json["version"] == 1


def test_a_champion_is_not_to_blame_for_rows_of_a_canary_that_it_does_not_take(
    settings: Settings, make_flats: MakeClient
) -> None:
    """Else it would not be asked any more for rows that it can answer."""
    store = VersionStore(settings.models, "flats")
    for signature, file in ((OTHERS, LINEAR), (FLATS, LINEAR), (FLATS, TRICKY)):
        publish(settings.models, signature, file)
    promote(store, 2, "fallback", ANN)
    canary(store, 3, 1.0, ANN)
    client = make_flats()
    for _ in range(3 * FAILURE_THRESHOLD):
        assert ask(client, {"rooms": 11.5, "district": "Foo"}).json["version"] == 2
    roles = {row["role"] for row in client.new_rows("predictions")}
    assert roles == {"canary", "fallback"}
    reply = ask(client, [11.5, "Foo", "with"])
    assert (reply.json["version"], client.new_rows("predictions")[-1]["role"]) == (1, "champion")


def test_the_shadow_gets_the_rows_in_its_own_codes_and_not_those_it_does_not_take(
    flat_models: Path, make_flats: MakeClient
) -> None:
    store = VersionStore(flat_models, "flats")
    publish(flat_models, OTHERS, LINEAR)
    shadow(store, 2, ANN)
    client = make_flats()
    wait_until(lambda: client.get("/health/ready").json.get("shadow"), "the shadow")
    assert ask(client, [[4, "Foo", None], [4, "Nordend, West", "without"]]).status_code == 200
    wait_until(lambda: client.get("/health/ready").json["shadow"]["failed"] == 1, "the shadow's row")
    rows = [row for row in logged(client.settings, "predictions") if row["role"] == "shadow"]
    assert [(row["row"], row["district"], row["balcony"]) for row in rows] == [("1", "Nordend, West", "without")]
    assert float(rows[0]["prediction"]) == pytest.approx(8 * 4 - 0.03 - 20, abs=1e-4)
