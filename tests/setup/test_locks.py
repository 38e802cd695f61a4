"""The lock files: one resolution, nested sets, every direct dependency, and no address of an index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETS = {"serve": (), "train": ("train",), "test": ("train", "test")}


def locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Package (with its marker, if any) → version and hashes, in a lock file."""
    text = re.sub(r"#.*", "", (ROOT / "requirements" / f"{name}.txt").read_text()).replace("\\\n", " ")
    found = {}
    for line in filter(str.strip, text.splitlines()):
        match = re.fullmatch(r"([\w.-]+)==(\S+)( ; .*?)? +(--hash.*)", line.strip())
        assert match, f"{name}.txt: {line}"
        package, version, marker, hashes = match.groups()
        found[package + (marker or "").rstrip()] = (version, frozenset(hashes.split()))
    return found


@pytest.mark.parametrize(("smaller", "larger"), [("serve", "train"), ("train", "test")])
def test_a_larger_set_holds_the_smaller_one_in_the_same_versions(smaller: str, larger: str) -> None:
    def names(name: str) -> dict[str, set[tuple[str, frozenset[str]]]]:
        found: dict[str, set[tuple[str, frozenset[str]]]] = {}
        for package, pin in locked(name).items():
            found.setdefault(package.split(" ;")[0], set()).add(pin)
        return found

    theirs = names(larger)
    assert {package: pins - theirs.get(package, set()) for package, pins in names(smaller).items()} == {
        package: set() for package in names(smaller)
    }


@pytest.mark.parametrize("name", SETS)
def test_every_direct_dependency_is_locked(name: str) -> None:
    groups = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in SETS[name])]
    wanted = {re.split(r"[>=<~! ;\[]", entry)[0].lower() for group in groups for entry in group}
    assert wanted - {package.split(" ;")[0] for package in locked(name)} == set()


@pytest.mark.parametrize("name", SETS)
def test_no_lock_names_an_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)


def test_serving_needs_no_tensorflow() -> None:
    assert not [package for package in locked("serve") if re.match(r"tensorflow|keras|pandas|scikit", package)]
