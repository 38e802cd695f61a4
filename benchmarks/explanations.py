"""What an explanation and an interval of one row cost, and what a plain request does: time, instructions.

``python benchmarks/explanations.py [MODEL[:VERSION] …]``, over SERVE_MODELS; by default its champion of SERVE_MODEL.
Times are CPU, the least and the median of many runs, so that what else the machine does counts little; and the median
on the clock, which counts it. Instructions are those of CPython's virtual machine in a request of one row, without a
query and with one: they are the same in each run, so a busy machine can compare versions of the code. The WSGI server
is left out.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from app import create_app
from app.settings import Settings

RUNS = 200


def measure(call: Callable[[], object], runs: int = RUNS) -> tuple[float, float, float]:
    """Return a call's least and median CPU time in this thread, and its median time on the clock, in seconds."""
    seconds, clock = [], []
    for _ in range(runs):
        began, start = time.perf_counter(), time.thread_time()
        call()
        seconds.append(time.thread_time() - start)
        clock.append(time.perf_counter() - began)
    return min(seconds), median(seconds), median(clock)


def count_instructions(call: Callable[[], object]) -> int:
    """Return how many instructions of Python's virtual machine a call runs."""
    count = 0

    def hook(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return hook

    sys.settrace(hook)
    try:
        call()
    finally:
        sys.settrace(None)
    return count


def request(app: Any, row: list[float], query: str = "") -> Callable[[], object]:
    """Return a call of the application with a request for one row."""
    body = str(row).encode()
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict_json", "QUERY_STRING": query}
    environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "SERVER_NAME": "x"}
    environ |= {"SERVER_PORT": "80", "wsgi.url_scheme": "http", "HTTP_X_REQUEST_ID": "bench"}

    def call() -> None:
        statuses: list[str] = []
        app({**environ, "wsgi.input": io.BytesIO(body)}, lambda status, _: statuses.append(status))
        if not statuses[0].startswith("200"):
            raise SystemExit(f"the request got {statuses[0]}")

    return call


def show(what: str, least: float, middle: float, clock: float, more: str = "") -> None:
    print(f"  {what:34}{least * 1e3:9.4f}{middle * 1e3:9.4f}{clock * 1e3:9.4f} ms  {more}".rstrip())


def main(names: list[str]) -> None:
    service = Settings.from_env(os.environ)
    for name in names or [service.model]:
        model, _, number = name.partition(":")
        with tempfile.TemporaryDirectory() as logs:
            app = create_app(replace(service, model=model, logs=Path(logs)))
            router = app.extensions["router"]
            loaded = router.pinned(int(number)).model if number else router.champion().model
            measure_model(app, loaded, replace(service, model=model))
            router.close()


def measure_model(app: Any, loaded: Any, settings: Settings) -> None:
    from app.inference.explainers import Explainers

    row = list(loaded.signature.example)
    rows = np.array([row], dtype=np.float32)
    explainer = Explainers(settings.store(), settings.runtime).of(loaded)
    (found,) = explainer.explain(rows)
    print(f"{settings.model} {loaded.number}: {len(row)} inputs, {found.background} background rows, {found.method}")
    slow = measure(lambda: explainer.explain(rows), 3)[0] > 0.005
    times = measure(lambda: explainer.explain(rows), RUNS // (10 if slow else 1))
    show("explanation of one row", *times, f"at most {explainer.max_rows} rows a request")
    low, high = loaded.signature.inputs[0].training
    values = np.linspace(low, high, 41, dtype=np.float32)
    show("41 predictions for a what-if curve", *measure(lambda: explainer.vary(rows[0], 0, values)))
    plain = request(app.wsgi_app, row)
    plain()
    times = measure(plain, 10 * RUNS)
    show("plain request", *times, f"{count_instructions(plain)} instructions")
    interval = loaded.signature.interval
    if interval is None:
        return
    level = max(interval.quantiles)
    repeated = measure(lambda: [interval.half_width_of(rows.tolist()[0], level) for _ in range(100)])
    least, middle, clock = (seconds / 100 for seconds in repeated)
    show("half width alone", least, middle, clock, f"{least / times[0]:.2%} of the plain request")
    if loaded.number == app.extensions["router"].champion().model.number:
        asked = request(app.wsgi_app, row, f"interval={level}")
        asked()
        show("request with interval", *measure(asked, 10 * RUNS), f"{count_instructions(asked)} instructions")


if __name__ == "__main__":
    main(sys.argv[1:])
