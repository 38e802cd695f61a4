"""The lock files: one resolution, nested sets, every direct dependency, and no address of an index."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Each set, and the extras of pyproject.toml that it has.
SETS = {
    "serve": (),
    "granian": ("granian",),
    "monitor": ("monitor",),
    "train": ("monitor", "train"),
    "test": ("granian", "monitor", "train", "test"),
}


def locked(name: str) -> dict[str, set[tuple[str, frozenset[str]]]]:
    """Return the version and hashes of each package of a lock file; there are several if they depend on the machine."""
    text = re.sub(r"#.*", "", (ROOT / "requirements" / f"{name}.txt").read_text()).replace("\\\n", " ")
    pins = defaultdict(set)
    for line in filter(str.strip, text.splitlines()):
        match = re.fullmatch(r"([\w.-]+)==(\S+)(?: ; .*?)? +(--hash.*)", line.strip())
        assert match, f"{name}.txt: {line}"
        package, version, hashes = match.groups()
        pins[package].add((version, frozenset(hashes.split())))
    return pins


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [("serve", "monitor"), ("monitor", "train"), ("train", "test"), ("serve", "granian"), ("granian", "test")],
)
def test_a_larger_set_holds_the_smaller_one_in_the_same_versions(smaller: str, larger: str) -> None:
    pins = locked(larger)
    assert [package for package, expected in locked(smaller).items() if not expected <= pins[package]] == []


@pytest.mark.parametrize("name", SETS)
def test_every_direct_dependency_is_locked(name: str) -> None:
    groups = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in SETS[name])]
    wanted = {re.split(r"[>=<~! ;\[]", entry)[0].lower() for group in groups for entry in group}
    assert wanted - locked(name).keys() - {PROJECT["name"]} == set()


@pytest.mark.parametrize("name", SETS)
def test_no_lock_names_an_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)


def test_only_who_asks_for_granian_gets_it() -> None:
    assert {name for name in SETS if "granian" in locked(name)} == {"granian", "test"}


def test_serving_needs_neither_tensorflow_nor_the_statistics() -> None:
    assert not [package for package in locked("serve") if re.match(r"tensorflow|keras|pandas|sci|duckdb", package)]


def test_monitoring_needs_no_tensorflow() -> None:
    assert not [package for package in locked("monitor") if re.match(r"tensorflow|keras|matplotlib", package)]
