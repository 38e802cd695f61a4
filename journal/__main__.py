"""``python -m journal``: name the command that took its place."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    command = "seal" if sys.argv[1:2] == ["seal"] else "check"
    print(f"`python -m journal` is gone; `python -m audit {command}` reads the logs now", file=sys.stderr)
    sys.exit(2)
