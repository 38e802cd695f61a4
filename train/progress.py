"""The progress of a command: what its steps report to, and how a terminal shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

# Takes the name of the step that runs, and the fraction of all steps that is done, 0 to 1.
Report = Callable[[str, float], None]

_LAYOUT = "{desc:<30}{bar:30}{percentage:3.0f} % {elapsed}"


@contextmanager
def shown_progress() -> Iterator[Report]:
    """Show a bar with the step that runs; without a terminal, print each step once. Both on standard error."""
    with tqdm(total=1.0, bar_format=_LAYOUT, leave=False, disable=not sys.stderr.isatty()) as bar:
        bar.set_description_str("", refresh=False)

        def report(step: str, fraction: float) -> None:
            is_new = step != bar.desc
            if bar.disable and is_new:
                sys.stderr.write(f"{step}\n")
            bar.set_description_str(step, refresh=is_new)
            bar.update(fraction - bar.n)

        yield report
