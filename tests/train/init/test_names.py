"""Names of inputs: what a spec allows, as near as can be to what the file says."""

from __future__ import annotations

import pytest

from registry.signature import NAME
from train.init.names import fit_name, human, model_name


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("size", "size"),
        ("Year Built", "Year_Built"),
        ("1st floor (m²)", "n_1st_floor_m2"),
        ("Fläche", "Flache"),
        ("Straße", "Strasse"),
        ("цена", "column_4"),
        ("", "column_4"),
        ("2019", "n_2019"),
        ("time", "time_value"),
        ("__a__", "__a__"),
        ("a" * 90, "a" * 50),
        ("taken", "taken_2"),
        ("line\nbreak", "line_break"),
    ],
)
def test_a_column_gets_a_name_that_a_spec_allows(column: str, name: str) -> None:
    assert fit_name(column, 4, {"taken"}) == name
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("Year_Built", "Year built"),
        ("livingArea", "Living area"),
        ("GDP_per_head", "GDP per head"),
        ("price", "Price"),
        ("tax GDP", "Tax GDP"),
        ("_", "Value"),
        ("a\nb", "A b"),
    ],
)
def test_words_are_made_of_names(column: str, words: str) -> None:
    assert human(column) == words


@pytest.mark.parametrize(
    ("file", "name"), [("My Houses (2024)", "my-houses-2024"), ("boston", "boston"), ("...", "model"), ("家", "model")]
)
def test_a_model_is_called_like_its_file(file: str, name: str) -> None:
    assert model_name(file) == name
