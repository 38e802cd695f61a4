"""Services over models that take texts, and values that may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import create_app
from app.settings import Settings
from registry import CategoryTerm, Input, Interval, Missing, NumberTerm, Signature
from tests.app.conftest import Service
from tests.cards import card_of
from tests.conftest import FLATS, publish

FLATS_INTERVAL = Interval(
    quantiles={0.9: 8.0},
    rows=506,
    intercept=0.1,
    terms=(
        NumberTerm(2, 8, 0.25, 0.5),
        CategoryTerm((0, 1, 2, 3), (0, 0.1, 0.2, 0.3)),
        CategoryTerm((0, 1), (0, 0.1)),
    ),
)
SURE_FLATS = replace(FLATS, interval=FLATS_INTERVAL)
# Texts that a page, a shell, a file or a script could take for something else.
ODD_TEXTS = (
    "other",
    '<b>bold</b>, "quoted"',
    "x0" * 100,
    "🏠 it's",
    "action",
    "</script>",
    "{{ 7 * 7 }}",
    "a\\b",
    "line\nend",
    "%s",
    "=1+1",
    "null",
)


def category(name: str, levels: tuple[str, ...], other: float | None = None, missing: Missing | None = None) -> Input:
    """Return an input of texts, whose example is the second one."""
    ends, codes = (0.0, len(levels) - 1.0), tuple(map(float, range(len(levels))))
    return Input(
        name, name.title(), "", (), ends, ends, 1, categories=codes, levels=levels, other=other, missing=missing
    )


def many_levels(count: int, other: float | None = None) -> Signature:
    """Return a signature whose second input has so many levels, and the third one odd texts; either may be missing."""
    zips = tuple(str(95600 + place) for place in range(count))
    inputs = (
        FLATS.inputs[0],
        category("zip", zips, other, Missing(count, 3)),
        category("action", ODD_TEXTS, 0, Missing(len(ODD_TEXTS), 1, indicator=True)),
    )
    return replace(FLATS, model="odd", inputs=inputs)


@pytest.fixture(scope="module")
def shared_flats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("flats")
    publish(folder / "models", SURE_FLATS, card=card_of(SURE_FLATS))
    settings = Settings(model="flats", models=folder / "models", logs=folder / "logs")
    app = create_app(settings)
    app.testing = True
    yield Service(app, settings)
    app.extensions["router"].close()


@pytest.fixture
def flats(shared_flats: Service) -> Service:
    """The client of the flats that all tests of a module share."""
    for stream in ("requests", "predictions"):
        shared_flats.new_rows(stream)
    return shared_flats


@pytest.fixture
def odd_texts(tmp_path: Path) -> Iterator[Service]:
    """A client of a model with odd texts, and with 500 levels."""
    signature = many_levels(500)
    publish(tmp_path / "odd", signature, card=card_of(signature))
    settings = Settings(model="odd", models=tmp_path / "odd", logs=tmp_path / "logs")
    app = create_app(settings)
    app.testing = True
    yield Service(app, settings)
    app.extensions["router"].close()
