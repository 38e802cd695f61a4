"""What a change of champion costs the clients: four workers under load, quiet and while two versions take turns.

``python benchmarks/swap.py [ROUNDS]``, over a copy of what models/ holds. Each round is quiet for a while, and then
sees 50 promotions, with all their gates, back and forth. Clients, workers and promotions share the machine.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.serving import percentiles, ratios, serving, times
from registry import CHAMPION, Actor, CommonSettings, VersionStore
from registry.promotion import promote

CHANGES, SECONDS, CONNECTIONS, WORKERS = 50, 10.0, 4, 4
WHO = Actor("benchmark", "to and fro")


def second(store: VersionStore) -> None:
    """Publish the champion's files once more, so that there are two versions that hold every gate."""
    with store.staging() as folder:
        shutil.copytree(store.folder / str(store.number_of(CHAMPION)), folder, dirs_exist_ok=True)
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, WHO)


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as folder:
        shipped = CommonSettings().store()
        store = VersionStore(Path(folder, "models"), shipped.model)
        shutil.copytree(shipped.folder, store.folder)
        second(store)
        one, other = store.number_of(CHAMPION), store.versions()[-1]
        with serving(f"{folder}/logs", workers=WORKERS, models=str(store.folder.parent)) as server:
            times(server.load(CONNECTIONS, SECONDS))  # a warm-up
            quiet, during = [], []
            for _ in range(rounds):
                quiet.append(times(server.load(CONNECTIONS, SECONDS)))
                clients = server.load(CONNECTIONS, SECONDS)
                begun = time.monotonic()
                for count in range(CHANGES):
                    promote(store, one if count % 2 else other, CHAMPION, WHO)
                    time.sleep(max(0.0, begun + SECONDS * (count + 1) / (CHANGES + 5) - time.monotonic()))
                if clients.poll() is not None:
                    print("the promotions took longer than the load")
                during.append(times(clients))
    print(f"{rounds} rounds of {SECONDS:g} s, {WORKERS} workers, {CONNECTIONS} connections; medians")
    print("                   requests/s   p50 ms   p99 ms   longest ms")
    for name, loads in (("quiet", quiet), (f"{CHANGES} changes", during)):
        p50, p99 = (median(percentiles(loads, part)) for part in (50, 99))
        rate, longest = median(len(load) / SECONDS for load in loads), max(load[-1] for load in loads)
        print(f"{name:17}  {rate:10.0f}  {p50:7.2f}  {p99:7.2f}  {longest:11.2f}")
    print(f"ratio of p99, round by round: {ratios(percentiles(during, 99), percentiles(quiet, 99))}")
    print(f"{sum(map(len, during))} requests during {rounds * CHANGES} changes, none failed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
