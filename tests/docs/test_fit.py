"""docs/reference/fit.md: it has the keys of ``[fit]``, its example is one, and its numbers are the code's."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from train.evaluation import SAMPLE_ROWS
from train.evaluation.baselines import BOOSTING_ROWS
from train.evaluation.slices import MAX_BOOTSTRAP_ROWS
from train.networks.towers import BATCH, FULL_BATCH_ROWS
from train.spec import FitConfig
from train.spec.fit import read_fit
from train.spec.toml_reader import TomlTable

PAGE = (Path(__file__).parents[2] / "docs/reference/fit.md").read_text()


def test_it_has_every_key_and_no_other() -> None:
    keys = re.findall(r"^\| `(\w+)` \| (?:all|ridge|linear, mlp|mlp) \|", PAGE, re.MULTILINE)
    assert sorted(keys) == sorted(field.name for field in fields(FitConfig))


def test_its_example_is_read() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    table = TomlTable(Path("fit.md"), "fit.", tomllib.loads(example)["fit"])
    config = read_fit(table, Path())
    assert isinstance(config, FitConfig)
    assert config.members == 5
    table.reject_unread_keys()


def test_its_numbers_of_rows_are_those_of_the_code() -> None:
    assert BOOSTING_ROWS == MAX_BOOTSTRAP_ROWS == 10_000
    assert (FULL_BATCH_ROWS, BATCH) == (20_000, 512)
    assert SAMPLE_ROWS == 100_000
    for number in ("10,000", "20,000", "100,000"):
        assert f"| {number} " in PAGE
