"""What counting costs a request: one call of the recorder with a request of one row, in microseconds of CPU.

``python benchmarks/metrics_cost.py [INPUTS …]``: by default with 3 and 13 inputs, and with a batch of 1,000 rows. The
least of many short runs, so that what else the machine does counts little. It is a lower bound: in a loop, code and
counts stay in the processor's caches. The folds of the ring, one in 256 calls, are in it. Within a request of 3 inputs,
the call takes 14,600 of 422,000 instructions (cachegrind, 2,000 calls of the application in the process, CPython 3.11
built without PGO); in a loop 16,900, and 19,400 with 13 inputs. With all counted in place, these were 29,500, 30,900
and 54,900. A row with flags is still counted in place, and takes 8.5 us in the loop where a usual one takes 1.8.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.metrics.deciles import Deciles
from app.metrics.recorder import Recorder
from app.results import Attempt

ROUTE, RUNS, CALLS = "/predict_json", 200, 500


def cost(inputs: int, rows: int = 1) -> float:
    """Return the CPU of a call in microseconds, for a request with so many rows of so many inputs."""
    values = np.random.default_rng(1).normal(size=(2000, inputs + 1)).astype(np.float32)
    recorder = Recorder()
    recorder.set_routes([ROUTE])
    recorder.set_version(1, [f"x{column}" for column in range(inputs)], [Deciles.of(column) for column in values.T])
    attempts = [Attempt("model", 1, "champion", values[:rows, 1:], values[:rows, 0], None, range(rows))]
    calls, least = max(1, CALLS // rows), float("inf")
    for _ in range(RUNS):
        start = time.thread_time()
        for _ in range(calls):
            recorder.record(ROUTE, 200, 0.0007, (), attempts, (0.00003, 150))
        least = min(least, (time.thread_time() - start) / calls)
    return least * 1e6


if __name__ == "__main__":
    for count in map(int, sys.argv[1:] or ("3", "13")):
        print(f"{count:3} inputs: {cost(count):5.2f} us for one row, {cost(count, 1000):6.1f} us for 1,000 rows")
