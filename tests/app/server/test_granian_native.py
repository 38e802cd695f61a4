"""What app/server/granian.py takes of Granian's private classes is there. Look here after an upgrade."""

from __future__ import annotations

import inspect
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from granian import _granian
from granian.http import HTTP1Settings

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
_native: Any = _granian
# Classes and methods that are called, and their parameters.
SIGNATURES: dict[str, str] = {
    "CallbackScheduler": "event_loop, cb, aio_task, aio_tenter, aio_texit",
    "SocketHolder": "fd, uds, backlog",
    "WorkerSignal": "",
    "WorkerSignal.add_cb": "self, cb",
    "WorkerSignal.set": "self",
    "WSGIWorker": "worker_id, sock, ipc, threads, blocking_threads, py_threads, py_threads_idle_timeout, backpressure, "
    "http_mode, http1_opts, http2_opts, static_files, ssl_enabled, ssl_cert, ssl_key, ssl_key_password, "
    "ssl_protocol_min, ssl_ca, ssl_crl, ssl_client_verify, metrics",
    "WSGIWorker.serve_mtr": "self, callback, event_loop, signal",
    "WSGIWorker.serve_mtr_uds": "self, callback, event_loop, signal",
}
ADVICE = f"so Granian {version('granian')} does not fit app/server/granian.py: see what it does instead"


def test_one_series_of_granian_is_allowed_and_installed() -> None:
    (bound,) = re.findall(r'"granian>=(2\.8\.\d+),<2\.9"', PYPROJECT.read_text())
    installed = [int(part) for part in version("granian").split(".")]
    assert [int(part) for part in bound.split(".")] <= installed < [2, 9], f"2.8 was tried, {ADVICE}"


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_class_or_method_has_the_parameters_that_it_had(name: str) -> None:
    found = _native
    for part in name.split("."):
        found = getattr(found, part)
    now = ", ".join(inspect.signature(found).parameters)
    assert now == SIGNATURES[name], f"{name} had ({SIGNATURES[name]}) and has ({now}), {ADVICE}"


def test_the_settings_of_http_1_have_the_names_that_they_had() -> None:
    settings = HTTP1Settings(header_read_timeout=1, max_buffer_size=2)
    assert (settings.header_read_timeout, settings.max_buffer_size) == (1, 2), ADVICE
