"""This service beside others that serve the same model, in turn, in one run: a table of docs/speed.md.

    python -m benchmarks.peers [--rounds N] [--seconds S] [--only WORD …]

It installs each peer into an environment of its own at the first run (3.5 GB), and measures over what models/ holds.
One server runs at a time, on one core, with the clients on the other. In a round each contender starts, has its
predictions checked, and is asked for S seconds with one row a request and for half as long with 1,000 rows in each. A
short round before the others warms the files up. On a busy machine only the ratios mean something.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peers.contenders import CONTENDERS, Contender
from benchmarks.peers.environments import InstallationError, environment
from benchmarks.peers.measure import Case, measure
from benchmarks.peers.running import ContenderError
from benchmarks.peers.table import Result, table
from benchmarks.serving import pin
from registry import CHAMPION, CommonSettings

ROOT = Path(__file__).parents[2]
ROWS = 1000
WARM_UP = 0.5  # seconds


def published() -> Case:
    """Return the champion, and rows from the middle of its training ranges with its predictions."""
    store = CommonSettings.from_env(os.environ).store()
    number = store.number_of(CHAMPION)
    version = store.open(number)
    low, high = np.array([item.training for item in version.signature.inputs]).T
    rows = (low + (high - low) * np.random.default_rng(0).uniform(0.3, 0.7, (ROWS, len(low)))).round(3)
    predictions = version.predictor.predict(rows.astype(np.float32))
    return Case((store.folder / str(number)).resolve(), rows.tolist(), predictions)


def binaries(contender: Contender) -> Path:
    """Return the folder of the programs of a contender's environment, after making that if it isn't there."""
    return environment(contender.requirements) / "bin" if contender.requirements else Path(sys.executable).parent


def measure_round(results: list[Result], case: Case, seconds: float, counts: bool) -> None:
    """Measure each contender that has not failed. Exit if the first did: the others are compared with it."""
    for result in results:
        if result.failure:
            continue
        print(f"{result.contender.name} …", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=ROOT / "logs") as folder:
            try:
                figures = measure(result.contender, binaries(result.contender), case, seconds, Path(folder))
            except (ContenderError, InstallationError, OSError) as error:
                result.failure = str(error)
                print(result.failure, file=sys.stderr)
            else:
                result.rounds += [figures] if counts else []
    if results[0].failure:
        sys.exit(f"there is nothing to compare with: {results[0].failure}")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--seconds", type=float, default=4.0, metavar="S")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="contenders with a word in their names")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))  # or the server that runs would go on
    first, *others = CONTENDERS
    chosen = [other for other in others if any(word.lower() in other.name.lower() for word in options.only)]
    results = [Result(contender) for contender in (first, *chosen)]
    case = published()
    (ROOT / "logs").mkdir(exist_ok=True)
    measure_round(results, case, WARM_UP, counts=False)
    pin(1)  # no server waits for this process
    for _ in range(options.rounds):
        measure_round(results, case, options.seconds, counts=True)
    print(table(results, options.seconds))


if __name__ == "__main__":
    main()
