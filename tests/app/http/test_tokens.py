"""The file of tokens: which lines count, when a change counts, and what happens if the file is damaged."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.datastructures import Authorization

from app.http.tokens import TokenFile, TokenFileError, new_token, read_tokens
from tests.app.conftest import Clock

TOKEN, LINE = new_token("ann")
OTHER, OTHER_LINE = new_token("team-b.1")


def find(tokens: TokenFile, token: str) -> str | None:
    return tokens.find(Authorization("bearer", token=token))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"# who may ask\n\n{LINE}\n{OTHER_LINE.upper()}  \n")
    return path


@pytest.fixture
def tokens(token_file: Path, clock: Clock) -> TokenFile:
    return TokenFile(token_file, "predictions", clock)


def test_a_changed_file_counts_after_a_second_without_a_restart(
    tokens: TokenFile, token_file: Path, clock: Clock
) -> None:
    assert find(tokens, OTHER) == "TEAM-B.1"
    token_file.write_text(f"{OTHER_LINE}\n")
    clock.now += 0.9
    assert find(tokens, TOKEN) == "ann"
    clock.now += 0.1
    assert find(tokens, TOKEN) is None
    assert find(tokens, OTHER) == "team-b.1"
    token_file.write_text("")  # nobody may ask any more
    clock.now += 1
    assert find(tokens, OTHER) is None


def test_a_file_that_looks_the_same_but_has_another_token_counts(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "tokens"
    path.write_text(LINE)
    os.utime(path, (1, 1))
    tokens = TokenFile(path, "predictions", clock)
    token, line = new_token("ann")
    path.write_text(line)
    os.utime(path, (1, 1))
    clock.now += 1
    assert (find(tokens, TOKEN), find(tokens, token)) == (None, "ann")


@pytest.mark.parametrize("damage", [lambda path: path.write_text("ann\n"), os.unlink])
def test_a_damaged_file_leaves_the_tokens_as_they_were_and_is_named_once(
    tokens: TokenFile,
    token_file: Path,
    clock: Clock,
    damage: Callable[[Path], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(token_file)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            clock.now += 1
            assert find(tokens, TOKEN) == "ann"
    assert [record.message.startswith(str(token_file)) for record in caplog.records] == [True]
    token_file.write_text(f"{OTHER_LINE}\n")
    clock.now += 1
    assert (find(tokens, TOKEN), find(tokens, OTHER)) == (None, "team-b.1")


def test_a_worker_that_begins_with_a_damaged_file_lets_nobody_in_until_it_is_mended(
    tmp_path: Path, clock: Clock
) -> None:
    tokens = TokenFile(tmp_path / "tokens", "predictions", clock)
    assert find(tokens, TOKEN) is None
    (tmp_path / "tokens").write_text(f"{LINE}\n")
    clock.now += 1
    assert find(tokens, TOKEN) == "ann"


def test_a_name_may_have_an_old_and_a_new_token(tmp_path: Path) -> None:
    old, new = new_token("ann"), new_token("ann")
    (tmp_path / "tokens").write_text(f"{old[1]}\n{new[1]}\n")
    tokens = TokenFile(tmp_path / "tokens", "predictions")
    assert [find(tokens, old[0]), find(tokens, new[0]), find(tokens, TOKEN)] == ["ann", "ann", None]


@pytest.mark.parametrize(
    "line",
    ["ann", f"ann {TOKEN}", LINE[:-1], f"{LINE} x", f"a@b {'0' * 64}", f" {LINE}", f"é{LINE}"],
    ids=["no digest", "a token", "cut", "a word more", "no name", "a space before it", "no ASCII"],
)
def test_a_wrong_line_stops_the_start_with_its_number_and_is_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"{OTHER_LINE}\n{line}\n")
    with pytest.raises(TokenFileError) as caught:
        read_tokens(path)
    assert str(caught.value) == f"{path}:2: expected NAME SHA-256, as `python -m app token NAME` prints it"


def test_what_is_no_file_stops_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "fifo"):
        with pytest.raises(TokenFileError, match="there is no such file"):
            read_tokens(path)
    (tmp_path / "bytes").write_bytes(b"\xff")
    for path in (tmp_path / "bytes", tmp_path / ("x" * 300)):
        with pytest.raises(TokenFileError, match="can't be read"):
            read_tokens(path)


@pytest.mark.parametrize("name", ["", "a b", "a@b", "=1+1", "x" * 65, "a\n", "é"])
def test_a_name_that_the_log_can_not_show_gets_no_token(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name of 1 to 64 letters"):
        new_token(name)
