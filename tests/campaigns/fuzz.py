"""``python -m tests.campaigns.fuzz [--seconds S] [--seed S]``: changed bodies to the application, in this process.

Coverage-guided where atheris is installed (``pip install atheris``), else by chance. No reply may be a 5xx or an
exception; a row of three numbers must get what Python's own JSON reader and the model's formula give; and the log must
read back the body that was sent.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    import atheris
except ImportError:
    atheris = None

with atheris.instrument_imports(include=["app", "journal", "registry"]) if atheris else nullcontext():
    from app import create_app
    from app.settings import Settings
    from journal import find

from tests.campaigns.mutations import REQUESTS, WIDE, as_flat_row, is_within_limits, mutate, predicted
from tests.conftest import publish

_READ_BACK = 500  # so many requests, one row of the log is read back
_REFUSED = {400, 413, 415, 422}


class Target:
    """The application, which is given bodies; and what was found."""

    def __init__(self, folder: Path, seconds: float) -> None:
        publish(folder / "models", WIDE)
        self._logs = folder / "logs"
        self._app = create_app(Settings(models=folder / "models", logs=self._logs, max_body=1 << 16)).wsgi_app
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self.statuses: Counter[int] = Counter()
        self.found: list[str] = []

    def __call__(self, data: bytes) -> None:
        """Send one body: the first byte says to which route."""
        if len(data) < 2:
            return
        path, media_type, _ = REQUESTS[data[0] % len(REQUESTS)]
        body = data[1:]
        request_id = f"fuzz-{self.statuses.total()}"
        status, reply = self._post(path, media_type, body, request_id)
        self.statuses[status] += 1
        if status not in _REFUSED | {200}:
            self._record(f"status {status}: {path} {body[:500]!r} {reply[:500]!r}")
        row = as_flat_row(body) if path == "/predict_json" else None
        if row is not None:
            self._check_row(row, status, reply)
        if self.statuses.total() % _READ_BACK == 0 and status == 200 and media_type == "application/json":
            self._check_log(request_id, body)
        if time.monotonic() > self._deadline:
            self._end()

    def _post(self, path: str, media_type: str, body: bytes, request_id: str) -> tuple[int, bytes]:
        statuses: list[int] = []
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": media_type,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_REQUEST_ID": request_id,
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
        }
        reply = self._app(environ, lambda line, *_: statuses.append(int(line[:3])))
        try:
            return statuses[0], b"".join(reply)
        finally:
            getattr(reply, "close", lambda: None)()

    def _check_row(self, row: list[float], status: int, reply: bytes) -> None:
        if (status == 200) != is_within_limits(row):
            self._record(f"status {status} for {row}: {reply!r}")
        elif status == 200:
            number = float(reply.partition(b'"prediction":')[2].partition(b",")[0])
            if abs(number - predicted(row)) > 1e-3:
                self._record(f"{number} for {row}, expected {predicted(row)}")

    def _check_log(self, request_id: str, body: bytes) -> None:
        (row,) = find(self._logs / WIDE.model, "requests", request_id)
        if row["body"].encode("utf-8", "surrogateescape") != body:
            self._record(f"the log has {row['body']!r} for {body!r}")

    def _record(self, text: str) -> None:
        self.found.append(text)
        print(text, flush=True)

    def _end(self) -> None:
        counts = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.statuses.items()))
        way = "guided by coverage" if atheris else "by chance"
        print(
            f"{self.statuses.total():,} bodies in {self._seconds:g} s, {way}: {counts}; {len(self.found)} faults found"
        )
        sys.stdout.flush()
        os._exit(1 if self.found else 0)  # atheris leaves no other way to end


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=datetime.now(UTC).toordinal())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = Target(folder, options.seconds)
        seeds = [bytes([index]) + body for index, (_, _, body) in enumerate(REQUESTS)]
        if atheris:
            corpus = folder / "corpus"
            corpus.mkdir()
            for index, seed in enumerate(seeds):
                (corpus / str(index)).write_bytes(seed)
            atheris.Setup([sys.argv[0], str(corpus), f"-seed={options.seed}", "-max_len=4096", "-verbosity=0"], target)
            atheris.Fuzz()
        chance = random.Random(options.seed)
        while True:
            target(mutate(chance.choice(seeds), chance))


if __name__ == "__main__":
    main()
