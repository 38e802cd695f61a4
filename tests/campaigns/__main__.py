"""``python -m tests.campaigns [--seconds S] [--server NAME] [NAME ...]``: run storms; print what each left behind."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.campaigns.storms import STORMS
from tests.e2e.server import SERVERS, served_by

_COLUMNS = ["faults", "requests", "200", "503", "other", "broken", "lost", "doubled", "false", "torn", "unknown"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long each storm takes (60)")
    parser.add_argument("--server", choices=SERVERS, default=SERVERS[0], help="what speaks HTTP (gunicorn)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="storms whose name has this word (all)")
    options = parser.parse_args()
    names = [name for name in STORMS if not options.names or any(word in name for word in options.names)]
    print("| storm |", *(f"{column} |" for column in _COLUMNS))
    print("|---|" + "---:|" * len(_COLUMNS), flush=True)
    wrong = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder, served_by(options.server):
            tally = STORMS[name](Path(folder), options.seconds)
        total, answered, refused = tally.statuses.total(), tally.statuses[200], tally.statuses[503]
        counts = (tally.faults, total, answered, refused, total - answered - refused, tally.broken)
        counts += (tally.lost, tally.doubled, tally.false, tally.torn, tally.unknown)
        print(f"| {name} |", *(f"{count:,} |" for count in counts), flush=True)
        wrong += tally.wrong
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
