"""``python -m audit``, and the commands that it took over from other packages."""

from __future__ import annotations

import json
import re

import pytest

from app.settings import Settings
from registry import VersionStore
from tests.conftest import Keys
from tests.registry.conftest import edit, retire, run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("registry trace some-id", "audit trace"),
        ("registry verify", "audit verify"),
        ("registry compare 1 2", "monitor compare"),
        ("journal check", "audit check"),
        ("journal seal --by ann", "audit seal"),
        ("journal", "audit check"),
    ],
)
def test_an_old_command_names_the_new_one(settings: Settings, old: str, new: str) -> None:
    done = run(settings, *old.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert f"`python -m {new}`" in done.stderr


def test_verify_says_that_a_version_is_sound(settings: Settings) -> None:
    done = run(settings, "audit", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch("1  [0-9a-f]{64}  sound\n", done.stdout)


def test_verify_names_a_changed_file_and_an_edited_history(settings: Settings) -> None:
    (settings.models / "boston" / "1" / "card.json").write_text("{ }")
    edit(settings.models / "boston" / "history.jsonl", b"tests", b"texts")
    assert "card.json was changed" in run(settings, "audit", "verify", "1").stderr
    done = run(settings, "audit", "verify")
    assert (done.returncode, "history.jsonl, line 1: was changed" in done.stderr) == (1, True)


def test_verify_checks_signatures_also_of_a_retired_version(
    settings: Settings, store: VersionStore, keys: Keys
) -> None:
    retire(store)
    required = {"SERVE_REQUIRE_SIGNATURE": str(keys.public)}
    unsigned = run(settings, "audit", "verify", **required)
    assert (unsigned.returncode, unsigned.stderr.count("is not signed")) == (1, 2)
    signed = run(settings, "registry", "sign", "champion", "--key", str(keys.private), **required)
    assert signed.stdout.endswith("signatures/1.sig\n")
    assert run(settings, "registry", "sign", "2", "--key", str(keys.private)).returncode == 0
    assert run(settings, "audit", "verify", "--key", str(keys.public)).returncode == 0


def test_report_writes_markdown_to_the_standard_output_unless_a_file_is_named(settings: Settings) -> None:
    done = run(settings, "audit", "report")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# Audit report\n")


def test_report_writes_several_forms_at_once(settings: Settings) -> None:
    page, text = settings.logs.parent / "report.html", settings.logs.parent / "report.md"
    done = run(settings, "audit", "report", "--json", "-", "--html", str(page), "--markdown", str(text))
    assert done.returncode == 0, done.stderr
    assert [model["model"] for model in json.loads(done.stdout)["models"]] == ["boston"]
    assert re.fullmatch("<!doctype html>\n.*</html>\n", page.read_text(), re.DOTALL)
    assert re.fullmatch("# Audit report\n.*[^\n]\n", text.read_text(), re.DOTALL)


def test_report_ends_with_1_if_something_is_wrong(settings: Settings) -> None:
    (settings.models / "boston" / "1" / "card.json").unlink()
    done = run(settings, "audit", "report", "--json", "-")
    assert (done.returncode, done.stderr) == (1, "1 fault found, named in the report\n")
    assert "card.json is missing" in json.loads(done.stdout)["models"][0]["faults"][0]


def test_report_checks_signatures_with_the_key_that_is_asked_for(settings: Settings, keys: Keys) -> None:
    key = {"SERVE_REQUIRE_SIGNATURE": str(keys.public)}
    assert "1: is not signed" in run(settings, "audit", "report", **key).stdout
    assert run(settings, "registry", "sign", "1", "--key", str(keys.private)).returncode == 0
    done = run(settings, "audit", "report", **key)
    assert (done.returncode, "| Ed25519 signature | valid |" in done.stdout) == (0, True)
    (settings.models / "boston" / "signatures" / "1.sig").write_text("bm9uZQ==\n")
    done = run(settings, "audit", "report", **key)
    assert (done.returncode, "| Ed25519 signature | **not valid** |" in done.stdout) == (1, True)


@pytest.mark.parametrize("words", [["--json", "-", "--html", "-"], ["--pdf", "x"]])
def test_a_wrong_option_of_report_ends_with_2(settings: Settings, words: list[str]) -> None:
    done = run(settings, "audit", "report", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert words[0] in done.stderr


def test_report_says_which_file_can_not_be_written(settings: Settings) -> None:
    done = run(settings, "audit", "report", "--html", str(settings.models))
    assert (done.returncode, done.stderr) == (1, f"{settings.models}: can't be written (Is a directory)\n")


@pytest.mark.parametrize("command", ["verify", "report"])
def test_no_version_is_a_sentence_and_a_failure(settings: Settings, command: str) -> None:
    done = run(settings, "audit", command, SERVE_MODELS=str(settings.logs))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no version is published yet; `make train` publishes the first one\n" in done.stderr
