"""What a large request leaves behind is there for the next one."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FAULTS = """
import resource
{first}
for turn in range(11):
    if turn == 1:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [bytes(4000) for _ in range(2000)]
    del blocks
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another malloc has its own ways")
def test_memory_that_was_freed_is_not_fetched_again_page_by_page() -> None:
    def faults(first: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", FAULTS.format(first=first)], cwd=ROOT, capture_output=True, check=True
        )
        return int(done.stdout)

    pages = 10 * 2000 * 4000 // 4096
    assert faults("from app.server.malloc import tune_malloc; tune_malloc()") < pages / 20
    assert faults("") > pages / 2  # else there would be nothing to keep
