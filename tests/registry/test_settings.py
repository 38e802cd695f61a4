"""The settings that all commands share: read in one way, refused with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from registry import CommonSettings, SettingError
from tests.conftest import Keys
from tests.e2e.server import run


def test_a_command_reads_what_it_needs_and_ignores_what_only_the_service_knows(keys: Keys) -> None:
    environ = {"SERVE_MODEL": "m", "SERVE_LOGS": "/l", "SERVE_TWO_PERSON": "1", "SERVE_WORKERS": "none", "SERVE_X": "1"}
    settings = CommonSettings.from_env({**environ, "SERVE_REQUIRE_SIGNATURE": str(keys.public)})
    assert (settings.model, settings.models, settings.log_folder) == ("m", Path("models"), Path("/l/m"))
    assert settings.requires_two_person_approval
    assert settings.store().key is not None
    assert CommonSettings().store().key is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SERVE_LOGS", "", "SERVE_LOGS is empty: expected the folder of the CSV logs; on a local disk"),
        ("SERVE_MODELS", "", "SERVE_MODELS is empty: expected the folder of the published models"),
        ("SERVE_MODEL", "../boston", "SERVE_MODEL='../boston': expected the name of a folder"),
        ("SERVE_MODEL", "", "SERVE_MODEL='': expected the name of a folder in SERVE_MODELS, without a path"),
        ("SERVE_REQUIRE_SIGNATURE", "", "SERVE_REQUIRE_SIGNATURE is empty: expected a file with the Ed25519"),
        ("SERVE_REQUIRE_SIGNATURE", "/no.pub", "SERVE_REQUIRE_SIGNATURE: /no.pub: no public key in PEM"),
        ("SERVE_TWO_PERSON", "yes", "SERVE_TWO_PERSON='yes': expected 0 or 1"),
    ],
)
def test_commands_and_service_refuse_a_bad_value_with_the_same_sentence(name: str, value: str, message: str) -> None:
    sentences = set()
    for settings in (CommonSettings, Settings):
        with pytest.raises(SettingError) as caught:
            settings.from_env({name: value}).store()
        sentences.add(str(caught.value))
    (sentence,) = sentences
    assert sentence.startswith(message)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["app serve", "audit check", "monitor compare 1 2", "registry list", "train"])
def test_every_command_refuses_an_empty_folder(command: str) -> None:
    done = run(*command.split(), SERVE_LOGS="")
    message = "SERVE_LOGS is empty: expected the folder of the CSV logs; on a local disk\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
