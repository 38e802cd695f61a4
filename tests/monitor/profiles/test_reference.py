"""The reference: training rows with the version's own predictions, or a pinned window."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp, mannwhitneyu

from monitor.errors import MonitorError
from monitor.profiles.reference import Column, load_pinned, load_reference
from registry import IntegrityError, VersionStore
from tests.conftest import HOUSES, LINEAR, WORSE, publish


def test_the_training_rows_come_with_the_predictions_of_the_version(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, "boston")
    number = publish(tmp_path)
    reference = load_reference(store, number)
    assert (reference.source, reference.version, reference.rows.dtype) == ("training", number, np.float32)
    assert reference.names == (*HOUSES.names, "prediction")
    assert [column.kind for column in reference.columns] == ["number"] * 3 + ["prediction"]
    np.testing.assert_array_equal(reference.rows[:, :-1], np.array(store.reference(number), dtype=np.float32))
    np.testing.assert_array_equal(reference.rows[:, -1], store.open(number).predictor.predict(reference.rows[:, :-1]))
    assert reference.requests.tolist() == list(range(20))


def test_the_digest_changes_with_the_rows_and_with_the_model(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, "boston")
    same, other = publish(tmp_path, model_file=LINEAR), publish(tmp_path, model_file=WORSE)
    assert load_reference(store, same).digest == load_reference(store, same).digest
    assert load_reference(store, same).digest != load_reference(store, other).digest


def test_training_rows_that_were_changed_are_refused(tmp_path: Path) -> None:
    number = publish(tmp_path)
    path = tmp_path / "boston" / str(number) / "reference.csv"
    path.write_bytes(path.read_bytes() + b"1,2,3,4\n")
    with pytest.raises(IntegrityError, match=r"reference\.csv was changed"):
        load_reference(VersionStore(tmp_path, "boston"), number)


def pin(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


HEADER = f"{','.join(HOUSES.names)},prediction,request\n"


def test_a_pinned_window_has_its_requests(tmp_path: Path) -> None:
    path = pin(tmp_path / "pinned.csv", f"{HEADER}6.1,250,66.5,21.5,0\n5,250,,nan,0\n7,251,1,3,18446744073709551615\n")
    reference = load_pinned(path, HOUSES, 3)
    assert (reference.source, reference.version) == ("pinned", 3)
    assert reference.rows[0].tolist() == np.array([6.1, 250, 66.5, 21.5], dtype=np.float32).tolist()
    assert [column.missing for column in reference.columns] == [0, 0, 1, 1]
    assert reference.requests.tolist() == [0, 0, 1]
    assert reference.digest == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "expected the columns"),
        (HEADER, "has no rows"),
        ("a,b,c,prediction,request\n1,2,3,4,5\n", "expected the columns"),
        (f"{HEADER}1,2,3,4\n", "expected 5 numbers in each line"),
        (f"{HEADER}1,2,3,4,5\n1,2,3,4\n", "expected 5 numbers in each line"),
        (f"{HEADER}1,2,3,4,5\n1,2,x,4,5\n", "expected 5 numbers in each line"),
    ],
)
def test_a_file_that_is_no_pinned_window_is_named(tmp_path: Path, content: str, reason: str) -> None:
    path = pin(tmp_path / "pinned.csv", content)
    with pytest.raises(MonitorError, match=reason) as caught:
        load_pinned(path, HOUSES, 3)
    assert str(path) in str(caught.value)


def test_a_pinned_window_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match=r"can't be read \(No such file.*pin a window again"):
        load_pinned(tmp_path / "none.csv", HOUSES, 3)


@pytest.mark.parametrize("seed", range(5))
def test_counts_in_cells_are_all_that_kolmogorov_smirnov_and_mann_whitney_need(seed: int) -> None:
    random = np.random.default_rng(seed)
    first = np.round(random.normal(size=404), seed).astype(np.float32)
    window = np.round(random.normal(0.1, 1.2, size=3000), seed).astype(np.float32)
    column = Column.of("x", "number", first)
    counts = np.bincount(column.cells(window), minlength=2 * len(column.points) + 1)
    distance = np.abs(np.cumsum(counts) / len(window) - np.cumsum(column.cell_counts) / column.rows).max()
    assert distance == pytest.approx(ks_2samp(first, window).statistic, abs=1e-12)
    larger = counts @ column.scores * column.rows
    assert larger == pytest.approx(mannwhitneyu(window, first).statistic, rel=1e-12)
