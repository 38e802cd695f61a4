"""Standard error while native libraries start."""

from __future__ import annotations

import os

import pytest

from train.stderr import suppress_stderr


def test_what_native_code_writes_is_suppressed_inside_the_block_only(capfd: pytest.CaptureFixture[str]) -> None:
    with suppress_stderr():
        os.write(2, b"noise\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_it_is_written_after_all_if_the_block_fails(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.write(2, b"cannot load\n")
        raise ImportError

    with pytest.raises(ImportError), suppress_stderr():
        fail()
    assert capfd.readouterr().err == "cannot load\n"
