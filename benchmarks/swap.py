"""What a change of champion costs the clients of each server: quiet, and while two versions take turns, under load.

``python benchmarks/swap.py [ROUNDS]``, over copies of what models/ holds. Each round is quiet for a while. Then it sees
50 promotions, with all their gates, back and forth, of a folder that nobody serves: what the commands alone take from
a machine that clients, workers and commands share. Last, it sees the same of the folder that is served.
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

from benchmarks.serving import SERVERS, Server, percentiles, ratios, serving, times
from registry import CHAMPION, Actor, CommonSettings, VersionStore
from registry.promotion import promote

CHANGES, SECONDS, CONNECTIONS, WORKERS = 50, 10.0, 4, 4
STATES = ("quiet", "changes elsewhere", "changes")
WHO = Actor("benchmark", "to and fro")


def copy_store(models: Path) -> VersionStore:
    """Copy the shipped versions, and publish the champion's files once more: two versions that hold every gate."""
    shipped = CommonSettings().store()
    store = VersionStore(models, shipped.model)
    shutil.copytree(shipped.folder, store.folder)
    with store.staging() as folder:
        shutil.copytree(store.folder / str(store.number_of(CHAMPION)), folder, dirs_exist_ok=True)
        (folder / "SHA256SUMS").unlink()
        store.publish(folder, WHO)
    return store


def load(server: Server, store: VersionStore | None) -> list[float]:
    """Load a server, and change a champion meanwhile. Return what each request took, in ms; one that fails ends all."""
    clients = server.load(CONNECTIONS, SECONDS)
    begun = time.monotonic()
    if store:
        for count in range(CHANGES):
            number = store.number_of(CHAMPION)
            promote(store, next(other for other in store.versions() if other != number), CHAMPION, WHO)
            time.sleep(max(0.0, begun + SECONDS * (count + 1) / (CHANGES + 5) - time.monotonic()))
        if clients.poll() is not None:
            print("the promotions took longer than the load")
    return times(clients)


def measure(software: str, rounds: int) -> None:
    """Print what the changes cost on a server."""
    with tempfile.TemporaryDirectory(dir=ROOT / "logs") as folder:
        served, elsewhere = (copy_store(Path(folder, name)) for name in ("models", "elsewhere"))
        models = str(served.folder.parent)
        loads: dict[str, list[list[float]]] = {state: [] for state in STATES}
        with serving(f"{folder}/logs", workers=WORKERS, models=models, software=software) as server:
            load(server, None)  # a warm-up
            for _ in range(rounds):
                for state, store in zip(STATES, (None, elsewhere, served), strict=True):
                    loads[state].append(load(server, store))
    print(f"{software}: {rounds} rounds of {SECONDS:g} s, {WORKERS} workers, {CONNECTIONS} connections; medians")
    print("                   requests/s   p50 ms   p99 ms   longest ms")
    for state, of_state in loads.items():
        p50, p99 = (median(percentiles(of_state, part)) for part in (50, 99))
        rate, longest = median(len(each) / SECONDS for each in of_state), max(each[-1] for each in of_state)
        print(f"{state:17}  {rate:10.0f}  {p50:7.2f}  {p99:7.2f}  {longest:11.2f}")
    quiet, others, changes = (percentiles(loads[state], 99) for state in STATES)
    print("p99 with changes, round by round:")
    print(f"    to quiet {ratios(changes, quiet)}, to changes elsewhere {ratios(changes, others)}")
    print(f"{sum(map(len, loads['changes']))} requests during {rounds * CHANGES} changes, none failed")


if __name__ == "__main__":
    for name in SERVERS:
        measure(name, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
