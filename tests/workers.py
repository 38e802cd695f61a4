"""Tests in several workers of pytest-xdist, on a busy machine: what they share, report and cover."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest

COLLECTED = pytest.StashKey[frozenset[str]]()

hypothesis.settings.register_profile("tests", deadline=None)  # a busy machine may stop a test for any time
hypothesis.settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Measure the coverage of the process in which the tests run, and not of those that they start."""
    if not getattr(config.option, "numprocesses", None):  # else this one only starts pytest-xdist's workers
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note what the modules of the tests have imported, for tests/test_house.py."""
    session.config.stash[COLLECTED] = frozenset(sys.modules)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a worker report what a test wrote, also if that is no UTF-8: pytest-xdist would end with an error."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def pytest_sessionfinish() -> None:
    """Save what was covered: who ends a worker of pytest-xdist does not always wait until it would by itself."""
    if "coverage" in sys.modules and (measured := sys.modules["coverage"].Coverage.current()):
        measured.save()


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this run, which all workers of pytest-xdist share: the first that needs it makes it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with open(f"{folder}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not folder.exists():
            make(made := factory.mktemp(name, numbered=True))
            made.rename(folder)
    return folder
