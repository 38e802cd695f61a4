"""Traffic of the past days as the service logs it, with ground truth that a simulation knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journal import encode_predictions, prediction_columns, timestamp
from journal.encoding import escape_field
from registry import VersionStore

FEEDBACK = "time,request_id,row,actual,measured_at,source,comment,client\n"
Floats = NDArray[np.float64]


@dataclass
class Traffic:
    """The logs of one model.

    Attributes:
        store: the published versions; the champion answers.
        logs: the folder of the model's logs.
        now: when the traffic ends.
    """

    store: VersionStore
    logs: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(7)
        self._requests = 0

    def send(
        self,
        rows: int,
        relation: Callable[[Floats], Floats] | None = None,
        *,
        noise: float = 3.0,
        sources: Sequence[str] = (),
        client: str = "",
        days: float = 5,
        role: str = "",
    ) -> None:
        """Log requests of one row each, spread over the last days, and the truth of each if there are sources.

        Args:
            relation: what is true for inputs (n, k), without the noise; by default what the champion predicts.
            sources: who tells the truth, in turn.
            client: where the truths come from; by default, each source is a client.
            role: whose answers these are; by default, those of the champion and of its shadow.
        """
        aliases = self.store.aliases.read()
        signature = self.store.signature(aliases["champion"])
        low, high = np.array([item.training for item in signature.inputs]).T
        inputs = self._random.uniform(low, high, (rows, len(low))).astype(np.float32)
        for position, item in enumerate(signature.inputs):
            if item.categories:
                inputs[:, position] = self._random.choice(item.categories, rows)
        answers = {
            name: self.store.open(aliases[name]).predictor.predict(inputs)
            for name in ((role,) if role else ("champion", "shadow"))
            if name in aliases
        }
        true = relation(inputs.astype(np.float64)) if relation else answers["champion"].astype(np.float64)
        true = true + self._random.normal(0, noise, rows)
        for index in range(rows):
            arrived = timestamp(self.now - timedelta(days=days * (1 - index / rows), minutes=1))
            self._requests += 1
            request_id = f"{self._requests:08}"
            for name, predictions in answers.items():
                one = slice(index, index + 1)
                line = encode_predictions(
                    arrived, request_id, signature.model, aliases[name], name, inputs[one], predictions[one]
                )
                self._append("predictions", arrived, ",".join(prediction_columns(signature.names)) + "\n", line)
            if sources:
                source = sources[index % len(sources)]
                words = (request_id, "0", repr(float(true[index])), "", source, "", client or f"{source}@192.0.2.1")
                told = ",".join([arrived, *map(escape_field, words)])
                self._append("feedback", arrived, FEEDBACK, f"{told}\n".encode())

    def report(self, accuracy: str = "calm", drift: str = "calm", *, day: int = 0, matched: int = 600) -> Path:
        """Write a report as `python -m monitor report` does, with the members that a decision needs."""
        end = self.now - timedelta(days=day)
        champion = self.store.number_of("champion")
        return write_report(self.logs / "reports", end, champion, accuracy=accuracy, drift=drift, matched=matched)

    def _append(self, stream: str, time: str, header: str, line: bytes) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        with open(self.logs / f"{stream}-{time[:10]}.csv", "ab") as file:
            file.write(line if file.tell() else header.encode() + line)


def write_report(
    folder: Path,
    end: datetime,
    champion: int = 1,
    *,
    accuracy: str = "calm",
    drift: str = "calm",
    matched: int = 600,
    days: int = 7,
) -> Path:
    """Write the report of a window of some days, with the members that a decision needs."""
    since = (end - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    verdict = accuracy if accuracy == "accuracy" else drift
    content: dict[str, Any] = {
        "format": 1,
        "champion": champion,
        "window": {"since": since.isoformat(), "until": end.isoformat(), "rows": 1000, "requests": 1000},
        "verdict": verdict,
        "drift": {"verdict": drift},
        "accuracy": {"verdict": accuracy, "matched": matched},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"report-{end:%Y-%m-%d}.json"
    path.write_text(json.dumps(content))
    return path
