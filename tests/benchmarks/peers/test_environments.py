"""An environment is made once for each file of requirements, and again if that changed or it was left half-made."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import environments
from benchmarks.peers.environments import InstallationError, environment, versions


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of requirements that needs no network: there is nothing in it."""
    monkeypatch.setattr(environments, "REQUIREMENTS", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    file = tmp_path / "peer.txt"
    file.write_text("# nothing\n")
    return file


@pytest.mark.slow
def test_an_environment_is_made_again_only_if_its_requirements_changed(requirements: Path) -> None:
    folder = environment("peer")
    assert (folder / "bin" / "python").exists()
    (folder / "mark").touch()
    assert environment("peer") == folder
    assert (folder / "mark").exists()
    requirements.write_text("# nothing else\n")
    environment("peer")
    assert not (folder / "mark").exists()


@pytest.mark.slow
def test_what_can_not_be_installed_is_said_and_not_taken_for_whole(requirements: Path, tmp_path: Path) -> None:
    requirements.write_text("no-such-package==1\n")
    with pytest.raises(InstallationError, match="no-such-package"):
        environment("peer")
    assert list(tmp_path.rglob("requirements.txt")) == []


def test_versions_are_those_of_what_is_asked_for(requirements: Path) -> None:
    requirements.write_text("# A peer.\none==1.0\ntwo_three==2.0.post1\n\n# What these need.\nfour==4\n")
    assert versions("peer") == {"one": "1.0", "two_three": "2.0.post1"}
