"""How well a user's file is predicted without a word about it: `init` and training beside scikit-learn's learners.

    .venv/bin/python -m benchmarks.own_data RESULTS.json [SET …] [--only rivals|ours] [--table]

Five folds over the rows of each set that have a label. In each fold everything is made from the fold's training rows:
the rivals' preprocessing, and for ours the whole spec, with the choice of columns and of the network. What is done is
in RESULTS.json, and is not done again: stop it and start it as you like. It ends with the table of docs/your-data.md.

One thread for everything: small matrices gain nothing by more, and the cores may be shared.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
from sklearn.model_selection import KFold

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.own_data_rivals import RIVALS, SEED, make_rival, rows_of
from tests.data_sets import SETS, DataSet

OURS = "ours"
FOLDS, DRAWS = 5, 2000


class Results:
    """The file of what is done: for each set and learner, each fold's predictions and what else is known of it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.content: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}

    def folds(self, name: str, learner: str) -> dict[str, Any]:
        """Return what is known of each fold, by its number."""
        return self.content.get(name, {}).get(learner, {})

    def add(self, name: str, learner: str, fold: int, told: dict[str, Any]) -> None:
        """Write a fold's results, into the file as it is now: another run may have written others meanwhile."""
        self.content = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.content.setdefault(name, {}).setdefault(learner, {})[str(fold)] = told
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self.content))
        new.replace(self._file)


def run(item: DataSet, learners: list[str], results: Results) -> None:
    """Fit the learners in the folds that are not done yet."""
    table, label, inputs = rows_of(item)
    for learner in learners:
        for number, (training, held_out) in enumerate(folds_of(label)):
            if str(number) in results.folds(item.name, learner):
                continue
            start = time.process_time(), time.perf_counter()
            if learner == OURS:
                from benchmarks.own_data_ours import predict_fold

                told = predict_fold(item, table.iloc[training], table.iloc[held_out])
            else:
                fitted = make_rival(learner, inputs).fit(inputs.iloc[training], label[training])
                told = {"predictions": fitted.predict(inputs.iloc[held_out]).tolist()}
            told |= {"cpu": time.process_time() - start[0], "seconds": time.perf_counter() - start[1]}
            results.add(item.name, learner, number, told)
            error = np.sqrt(np.mean((label[held_out] - told["predictions"]) ** 2))
            rest = {key: value for key, value in told.items() if key != "predictions"}
            print(f"{item.name} {learner} fold {number}: {error:.5g} {rest}", file=sys.stderr, flush=True)


def folds_of(label: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the training and held-out rows of each fold."""
    return list(KFold(FOLDS, shuffle=True, random_state=SEED).split(label))


def line(item: DataSet, results: Results) -> dict[str, Any]:
    """Return what the table says of a set: the mean of the folds' RMSE, and ours over the best rival's.

    The interval of the ratio is a bootstrap over the rows of each fold; the rival stays the same one.
    """
    _, label, inputs = rows_of(item)
    folds = folds_of(label)
    squares: dict[str, list[np.ndarray]] = {}
    for learner in (*RIVALS, OURS):
        told = results.folds(item.name, learner)
        if len(told) == FOLDS:
            predicted = [np.array(told[str(number)]["predictions"]) for number in range(FOLDS)]
            squares[learner] = [(label[rows] - values) ** 2 for (_, rows), values in zip(folds, predicted, strict=True)]
    mean_rmse: Callable[[list[np.ndarray]], float] = lambda parts: float(np.mean([np.sqrt(p.mean()) for p in parts]))  # noqa: E731 - short
    said: dict[str, Any] = {"rows": len(label), "inputs": inputs.shape[1]}
    said |= {learner: mean_rmse(parts) for learner, parts in squares.items()}
    if set(squares) >= {*RIVALS, OURS}:
        best = min(RIVALS, key=lambda learner: said[learner])
        generator = np.random.default_rng(SEED)
        ratios = []
        for _ in range(DRAWS):
            draws = [generator.integers(len(part), size=len(part)) for part in squares[OURS]]
            drawn = [
                mean_rmse([part[draw] for part, draw in zip(squares[name], draws, strict=True)])
                for name in (OURS, best)
            ]
            ratios.append(drawn[0] / drawn[1])
        low, high = np.quantile(ratios, [0.025, 0.975])
        said |= {"best": best, "ratio": said[OURS] / said[best], "low": float(low), "high": float(high)}
        told = results.folds(item.name, OURS)
        said["cpu"] = float(np.mean([told[str(number)]["cpu"] for number in range(FOLDS)]))
        said["used"] = [told[str(number)].get("used", 0) for number in range(FOLDS)]
        said["refused"] = sum(told[str(number)].get("refused", 0) for number in range(FOLDS))
        said["chosen"] = [told[str(number)].get("network", "") for number in range(FOLDS)]
    return said


def table(results: Results) -> str:
    """Return the table of docs/your-data.md, of the sets that are done."""
    lines = [
        f"| data | rows | columns used | {' | '.join(RIVALS)} | this service | ÷ the best | CPU s |",
        "|---" * (6 + len(RIVALS)) + "|",
    ]
    for item in SETS.values():
        said = line(item, results)
        if "ratio" not in said:
            continue
        used = sorted(set(said["used"]))
        columns = f"{used[0]}" if len(used) == 1 else f"{used[0]}–{used[-1]}"
        figures = [f"**{_figure(said[name])}**" if name == said["best"] else _figure(said[name]) for name in RIVALS]
        ratio = f"{said['ratio']:.3f} ({said['low']:.3f}–{said['high']:.3f})"
        lines.append(
            f"| {item.name}{'' if item.seen else ' *'} | {said['rows']} | {columns} of {item.table().shape[1] - 1} | "
            f"{' | '.join(figures)} | {_figure(said[OURS])} | {ratio} | {said['cpu']:.0f} |"
        )
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def main() -> None:
    """Do what is not done yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="RESULTS.json")
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"default: all: {', '.join(SETS)}")
    parser.add_argument("--only", choices=["rivals", OURS], help="default: both")
    parser.add_argument("--table", action="store_true", help="print the table of what is done, and do nothing else")
    options = parser.parse_args()
    results = Results(options.results)
    learners = {"rivals": [*RIVALS], OURS: [OURS], None: [*RIVALS, OURS]}[options.only]
    for name in () if options.table else options.sets or SETS:
        run(SETS[name], learners, results)
    print(table(Results(options.results)))


if __name__ == "__main__":
    main()
