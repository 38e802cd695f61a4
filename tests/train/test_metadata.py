"""The metadata: what the signature, the card and the rows beside a model contain."""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry import DatePart, Signature, VersionStore
from tests.train.helpers import SMALL_SPEC, small_table, to_csv, write_small, write_spec
from train.dataset import Dataset, load_dataset
from train.errors import TrainError
from train.metadata import build_signature, provenance_section, unsendable_dates, write_rows
from train.spec import Spec, read_spec


def test_the_signature_describes_the_training_rows(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path))
    data = load_dataset(spec)
    signature = build_signature(spec, data)
    width = data.inputs[data.train_rows, 0]
    assert signature.inputs[0].training == (width.min(), width.max())
    assert signature.inputs[0].example == np.median(width)
    assert signature.inputs[1].example in (0, 1, 5)
    assert Signature.from_json(signature.to_json()) == signature


def test_an_error_in_the_signature_names_the_spec(tmp_path: Path) -> None:
    spec = read_spec(write_small(tmp_path, SMALL_SPEC.replace('unit = "m"', 'unit = "m"\naliases = ["kind"]')))
    with pytest.raises(TrainError, match="small.toml: input kind: the name 'kind' is taken"):
        build_signature(spec, load_dataset(spec))


def test_the_card_says_which_levels_were_merged_and_how_many_rows_have_no_label(tmp_path: Path) -> None:
    table = small_table()
    table[4][3] = ""
    text = {"name": "kind", "categories": ["0", "1", "5", "7"], "other": "0"}
    inputs = [{"name": "width", "limits": [-10, 10]}, text]
    spec = read_spec(write_spec(tmp_path, to_csv(table), inputs, label={"missing": "drop"}))
    source = provenance_section(spec, load_dataset(spec))["data"]
    assert source == {
        "file": "data.csv",
        "sha256": spec.data_sha256,
        "rows": 59,
        "unlabelled": 1,
        "merged": {"kind": ("7",)},
    }


def test_the_rows_of_a_version_are_written_as_clients_send_them(tmp_path: Path) -> None:
    table = small_table()
    for row in table[1:]:
        row[2] = {"0": "none", "1": "a bit", "5": "much"}[row[2]]
        row[0] = "" if float(row[0]) > 5 else row[0]
    text = {"name": "kind", "categories": ["none", "a bit", "much"]}
    inputs = [{"name": "width", "limits": [-10, 10], "missing": "median"}, text]
    spec = read_spec(write_spec(tmp_path, to_csv(table), inputs))
    data = load_dataset(spec)
    write_rows(spec, build_signature(spec, data), data, tmp_path)
    for name, positions in (("reference", data.train_rows), ("test", data.test_rows)):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows == [
            ["width", "kind", "price"],
            *([table[row + 1][column] for column in (0, 2, 3)] for row in positions),
        ]


def dated(tmp_path: Path, **keys: Any) -> tuple[Spec, Dataset]:
    """Return data with a column of dates whose month is an input, and the month alone in another column."""
    table = small_table()
    for number, row in enumerate(table):
        month = 1 + number % 12
        row += ["Sold on", "month"] if number == 0 else [f"15.{month:02}.2024", str(month)]
    month_of = {"date": "month", "date_format": "%d.%m.%Y", "limits": [1, 12], **keys}
    inputs = [{"name": "width", "limits": [-10, 10]}, {"name": "sold_month", "column": "Sold on", **month_of}]
    spec = read_spec(write_spec(tmp_path, to_csv(table), inputs))
    return spec, load_dataset(spec)


def test_clients_may_send_the_date_of_which_an_input_is_a_part(tmp_path: Path) -> None:
    part = DatePart("Sold on", "%d.%m.%Y", "month")
    assert build_signature(*dated(tmp_path)).inputs[1].date == part
    spec, data = dated(tmp_path, column="month", date_column="Sold on")
    assert set(data.inputs[:, 1]) == set(range(1, 13))
    assert build_signature(spec, data).inputs[1].date == part


@pytest.mark.parametrize(
    ("keys", "column", "reason"),
    [
        ({"aliases": ["Sold on"]}, "Sold on", "it is a name of the input sold_month; give that another name"),
        (
            {"column": "month", "date_column": "width"},
            "width",
            "it is a name of the input width; give that another name",
        ),
        ({"column": "month", "date_column": "a\tb"}, "a\tb", "its name can't be sent; give it another one in the file"),
    ],
)
def test_a_date_that_can_not_be_sent_under_its_name_is_sent_in_parts(
    tmp_path: Path, keys: dict[str, Any], column: str, reason: str
) -> None:
    spec, data = dated(tmp_path, **keys)
    assert build_signature(spec, data).dates == ()
    assert unsendable_dates(data.described) == {column: reason}


@pytest.mark.slow
def test_the_card_says_what_the_model_was_made_from_and_how_well_it_predicts(published: Path) -> None:
    card = VersionStore(published, "boston").card(1)
    spec = Path("train/boston.toml")
    assert card["spec"]["sha256"] == hashlib.sha256(spec.read_bytes()).hexdigest()
    assert card["data"] == {"file": "boston.csv", "sha256": read_spec(spec).data_sha256, "rows": 506}
    assert [card["split"][name] for name in ("training_rows", "test_rows", "copies")] == [404, 102, 1]
    assert card["monitor"] == {"effect": 0.15}
    assert card["intervals"]["rmse"][0] < 6.152 < card["intervals"]["rmse"][1]
    assert set(card["baselines"]) == {"mean", "least_squares", "gradient_boosting"}
    assert {item["column"] for item in card["slices"]} == {"rm", "tax", "age", "chas", "lstat"}
    assert [set(gate) for gate in card["gates"]] == [{"name", "limit", "value", "passed"}] * 7
    assert all(gate["passed"] for gate in card["gates"])
    assert card["interval"]["levels"]["0.9"]["coverage"] == pytest.approx(0.9, abs=0.03)
    assert set(card["packages"]) == {"python", "tensorflow", "keras", "numpy", "pandas", "scikit-learn"}
    assert card["parameters"] == 4 + 7  # 4 of the regression; 3 means, 3 variances and 1 count of the normalization
    assert datetime.fromisoformat(card["created"]).utcoffset() == datetime.now(UTC).utcoffset()


@pytest.mark.slow
def test_reference_and_test_csv_contain_all_rows_in_full_precision(published: Path) -> None:
    data = load_dataset(read_spec(Path("train/boston.toml")))
    for name, positions in (("reference", data.train_rows), ("test", data.test_rows)):
        with (published / "boston" / "1" / f"{name}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["rm", "tax", "age", "medv"]
        expected = np.column_stack([data.inputs, data.label])[positions]
        np.testing.assert_array_equal(np.array(rows, dtype=float), expected)


@pytest.mark.slow
def test_the_signature_of_every_trained_model_has_intervals(published: Path, diabetes: str) -> None:
    assert "passed interval_worst_third: " in diabetes
    for model, rows in (("boston", 506), ("diabetes", 442)):
        signature = VersionStore(published, model).signature(1)
        assert signature.interval
        assert signature.interval.rows == rows
        assert list(signature.interval.quantiles) == [0.5, 0.8, 0.9, 0.95]
        example = np.array([signature.example], np.float32)
        assert 0 < signature.interval.half_width(example, 0.9)[0] < np.ptp(signature.output.plausible) / 2
