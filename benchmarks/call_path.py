"""The way of one ``POST /predict_json`` through the source files: its changes of file, counted by a profiler hook.

``python benchmarks/call_path.py`` prints each call into another file than the caller's. tests/test_house.py holds how
many there may be: a reader follows the request through as many files.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

PACKAGES = tuple(f"{ROOT}{os.sep}{name}" for name in ("app", "filesystem", "journal", "registry"))


def trace(call: Callable[[], Any]) -> list[tuple[str, str]]:
    """Return each call into another file of the project than the caller's, as (file, function), in order."""
    calls: list[tuple[str, str]] = []

    def callers(frame: FrameType) -> Iterator[str]:
        while (frame := frame.f_back) is not None:  # type: ignore[assignment]  # ends the loop
            if frame.f_code.co_filename.startswith(PACKAGES):
                yield frame.f_code.co_filename

    def hook(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(PACKAGES) and next(callers(frame), file) != file:
            calls.append((Path(file).relative_to(ROOT).as_posix(), frame.f_code.co_name))

    sys.setprofile(hook)
    try:
        call()
    finally:
        sys.setprofile(None)
    return calls


def main() -> None:
    from app import create_app
    from app.settings import Settings
    from registry import CHAMPION

    service = Settings.from_env(os.environ)
    store = service.store()
    with tempfile.TemporaryDirectory() as logs:
        client = create_app(replace(service, logs=Path(logs))).test_client()
        row = store.signature(store.number_of(CHAMPION)).example
        client.post("/predict_json", json=row)  # files are opened by the first one
        calls = trace(lambda: client.post("/predict_json", json=row))
    for file, function in calls:
        print(f"{file:32} {function}")
    print(f"{len(calls)} changes of file, {len({file for file, _ in calls})} files")


if __name__ == "__main__":
    main()
