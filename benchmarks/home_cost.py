"""What ten people who look at the home page cost those who ask for predictions: one worker, with them and without.

``python benchmarks/home_cost.py [PAIRS]``, over SERVE_MODELS, or a model without figures. In each pair one client asks
as fast as it is answered, once alone and once while the page is asked for twice a second, as ten viewers do whose pages
ask each 5 s; the order changes from pair to pair. The page is asked for without If-None-Match, so it is sent each time.
Prints the median of the pairs' ratios of requests a second, with a 95 % interval by resampling the pairs; beside it the
same where both halves are alone, which is what the machine does by itself.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.client import load
from tests.conftest import publish
from tests.e2e.server import serving

SECONDS, EVERY, PAIRS = 4.0, 0.5, 12


def look(port: int, stop: threading.Event, taken: list[float]) -> None:
    """Ask for the page twice a second, on a connection that stays open."""
    connection = HTTPConnection("127.0.0.1", port)
    while not stop.wait(EVERY):
        start = time.perf_counter()
        connection.request("GET", "/")
        reply = connection.getresponse()
        if reply.status != 200 or b"Lately" not in reply.read():
            sys.exit(f"expected the home page, not a reply with status {reply.status}")
        taken.append(1000 * (time.perf_counter() - start))
    connection.close()


def measure(port: int, taken: list[float] | None) -> float:
    """Return the requests a second of one client; beside viewers, if there is a list for how long each page took."""
    stop = threading.Event()
    viewers = threading.Thread(target=look, args=(port, stop, taken)) if taken is not None else None
    if viewers:
        viewers.start()
    start = time.monotonic()
    count = len(load(port, start + SECONDS))
    rate = count / (time.monotonic() - start)
    stop.set()
    if viewers:
        viewers.join()
    return rate


def summary(ratios: list[float]) -> str:
    """Return the median and its 95 % interval."""
    medians = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(2000))
    return f"{statistics.median(ratios):.3f} ({medians[50]:.3f} to {medians[1949]:.3f})"


def main(pairs: int) -> None:
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(os.environ.get("SERVE_MODELS", f"{folder}/models"))
        if "SERVE_MODELS" not in os.environ:
            publish(models)
        with serving(models, Path(folder) / "logs", workers=1) as server:
            measure(server.port, [])  # files are opened, pages drawn
            taken: list[float] = []
            beside, alone = [], []
            for pair in range(pairs):
                rates = [measure(server.port, taken if (viewed + pair) % 2 else None) for viewed in (0, 1)]
                beside.append(rates[(pair + 1) % 2] / rates[pair % 2])
                rates = [measure(server.port, None) for _ in (0, 1)]
                alone.append(rates[1] / rates[0])
                print(
                    f"{rates[0]:6.0f} requests/s alone; with viewers x {beside[-1]:.3f}, alone again x {alone[-1]:.3f}"
                )
    pages = f"{len(taken)} pages, median {statistics.median(taken):.1f} ms"
    print(f"with ten viewers x {summary(beside)}, alone again x {summary(alone)}; {pages}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS)
