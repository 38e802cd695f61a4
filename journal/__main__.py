"""``python -m journal``: name the command that replaced it."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    command = sys.argv[1] if sys.argv[1:] in (["check"], ["seal"]) or sys.argv[2:] else "check"
    sys.exit(f"`python -m journal` is gone; `python -m audit {command}` reads the logs now")
