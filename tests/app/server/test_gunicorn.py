"""What app/server/ takes of gunicorn is there, as it was in the version that was tried. Look here after an upgrade."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import RequestParser
from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.unreader import Unreader
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
# Methods that are replaced or called, and their parameters.
METHODS: dict[Callable[..., Any], str] = {
    ThreadWorker.__init__: "(self, *args, **kwargs)",
    ThreadWorker.accept: "(self, listener)",
    ThreadWorker.check_config: "(cfg, log)",
    ThreadWorker.get_thread_pool: "(self)",
    ThreadWorker.handle: "(self, conn)",
    ThreadWorker.init_process: "(self)",
    ThreadWorker.is_parent_alive: "(self)",
    ThreadWorker.set_accept_enabled: "(self, enabled)",
    ThreadWorker.wait_for_and_dispatch_events: "(self, timeout)",
    Worker.handle_quit: "(self, sig, frame)",
    Worker.load_wsgi: "(self)",
    TConn.__init__: "(self, cfg, sock, client, server)",
    TConn.init: "(self)",
    TConn.close: "(self, graceful=False)",
    PollableMethodQueue.defer: "(self, callback, *args)",
    RequestParser.__init__: "(self, cfg, source, source_addr)",
    RequestParser.mesg_class.should_close: "(self)",
    RequestParser.mesg_class.force_close: "(self)",
    Unreader.take_buffered: "(self)",
}
# Which method uses which names: the loop that calls what is replaced, and what is called in a thread.
USES: dict[Callable[..., Any], set[str]] = {
    ThreadWorker.run: {
        "alive",
        "is_parent_alive",
        "method_queue",
        "nr_conns",
        "poller",
        "set_accept_enabled",
        "sockets",
        "wait_for_and_dispatch_events",
        "worker_connections",
    },
    ThreadWorker.set_accept_enabled: {"accept"},
    ThreadWorker.handle: {"init", "parser", "sock"},
    ThreadWorker.init_process: {"get_thread_pool", "tpool"},
    TConn.init: {"initialized"},
    RequestParser.__next__: {"mesg_class"},
    RequestParser.mesg_class.should_close: {"must_close"},
}
ATTRIBUTES = [
    (Body(LengthReader(Unreader(), 3)), "failed"),
    (Body(LengthReader(Unreader(), 3)), "reader"),
    (LengthReader(Unreader(), 3), "length"),
    (ChunkedReader(object(), Unreader()), "parser"),
    (Config(), "sendfile"),
]
ADVICE = f"so gunicorn {version('gunicorn')} does not fit app/server/: see what it does instead"


def test_one_series_of_gunicorn_is_allowed_and_installed() -> None:
    (bound,) = re.findall(r'"gunicorn>=(27\.0\.\d+),<27\.1"', PYPROJECT.read_text())
    installed = [int(part) for part in version("gunicorn").split(".")]
    assert [int(part) for part in bound.split(".")] <= installed < [27, 1], f"27.0 was tried, {ADVICE}"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__qualname__)
def test_a_method_has_the_parameters_that_it_had(method: Callable[..., Any]) -> None:
    now = str(inspect.signature(method))
    assert now == METHODS[method], f"{method.__qualname__} had {METHODS[method]} and has {now}, {ADVICE}"


@pytest.mark.parametrize("method", USES, ids=lambda method: method.__qualname__)
def test_a_method_uses_what_it_used(method: Callable[..., Any]) -> None:
    missing = sorted(USES[method] - set(method.__code__.co_names))
    assert not missing, f"{method.__qualname__} does not use {missing}, {ADVICE}"


@pytest.mark.parametrize(("owner", "name"), ATTRIBUTES, ids=lambda part: part if isinstance(part, str) else "")
def test_an_attribute_is_there(owner: object, name: str) -> None:
    assert hasattr(owner, name), f"{type(owner).__qualname__} has no {name}, {ADVICE}"
