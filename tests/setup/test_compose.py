"""deploy/compose.yaml: all that it names is there, and nobody in it may do more than needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from registry.settings import variable

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/compose.yaml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: of["build"] for name, of in SERVICES.items() if "build" in of}
each = pytest.mark.parametrize("name", SERVICES)


def stage(target: str) -> str:
    """The stage of the Dockerfile that an image is made from; the last one by default."""
    stages = re.split(r"^(?=FROM )", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    return next((text for text in stages if target and text.split("\n")[0].endswith(f" AS {target}")), stages[-1])


@each
def test_what_it_mounts_and_names_is_there(name: str) -> None:
    of = SERVICES[name]
    for source, target, *_ in (volume.split(":") for volume in of["volumes"]):
        assert source in COMPOSE["volumes"] or (FILE.parent / source).is_dir(), source
        assert target.startswith("/")
    assert of.get("depends_on", {}).keys() <= SERVICES.keys()
    for option in of.get("command", ()):
        if (path := option.partition("=")[2]).startswith("/etc/prometheus"):
            assert (FILE.parent / "prometheus" / Path(path).name).is_file(), option
    settings = {key for key in of.get("environment", {}) if key.startswith("SERVE_")}
    assert settings <= {variable(item) for item in Settings.__dataclass_fields__.values()}


@each
def test_each_has_a_read_only_root_no_capability_a_limit_of_memory_and_ports_on_this_machine_only(name: str) -> None:
    of = SERVICES[name]
    assert of["read_only"] is True
    assert of["cap_drop"] == ["ALL"]
    assert of["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in of
    assert all(re.fullmatch(r"127\.0\.0\.1:\d{4,}:\d{4,}", port) for port in of.get("ports", ()))


@each
def test_each_image_has_a_version_or_is_built_and_tells_whether_it_works(name: str) -> None:
    of = SERVICES[name]
    if name in OURS:
        built = stage(OURS[name].get("target", ""))
        assert "HEALTHCHECK" in built
        assert re.search(r"^USER [1-9]", built, re.MULTILINE)
        assert (FILE.parent / OURS[name]["context"]).resolve() == ROOT
    else:
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", of["image"])
        assert of["healthcheck"]["test"][0] == "CMD"


def test_service_and_monitor_are_two_stages_with_one_log_folder() -> None:
    assert list(OURS) == ["service", "monitor"]
    assert SERVICES["service"]["volumes"] == SERVICES["monitor"]["volumes"]
    assert "/monitor" not in stage("")
    assert not re.search(r"^COPY (app|train|audit) ", stage("monitor"), re.MULTILINE)


def test_docker_compose_accepts_it() -> None:
    docker = shutil.which("docker")
    plugin = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0
    if not plugin:
        pytest.skip("NOT TESTED: what docker compose says of deploy/compose.yaml, because it is not installed")
    command = [str(docker), "compose", "-f", str(FILE), "config", "--quiet"]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
