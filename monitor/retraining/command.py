"""``dataset`` and ``retrain``: make a data set with accepted truths; train, judge and try the next version with it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import MonitorError
from registry import CommonSettings, current_user

if TYPE_CHECKING:
    from monitor.retraining.run import Retraining


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``dataset`` and ``retrain`` to the commands."""
    meaning = "make a data set of the champion's training rows and the truths that can be accepted"
    dataset = commands.add_parser("dataset", help=meaning, description=meaning)
    dataset.set_defaults(run=_dataset)
    meaning = "train a challenger if the reports ask for it, judge it, and let it predict as shadow"
    retrain = commands.add_parser("retrain", help=meaning, description=meaning)
    retrain.set_defaults(run=_retrain)
    for parser in (dataset, retrain):
        parser.add_argument("--since", metavar="TIME", help="30d, 24h or an ISO date; default: as the reports, or 30d")
        parser.add_argument("--data", type=Path, metavar="FILE", help="the file that the champion was trained with")
        meaning = "a client or source without a cap"
        parser.add_argument("--trust", action="append", default=[], metavar="NAME", help=meaning)
    retrain.add_argument("--auto", action="store_true", help="make it champion as soon as nothing is missing")
    retrain.add_argument("--by", default=current_user(), metavar="NAME", help="who does it; by default: you")


def _dataset(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    return _run(arguments, settings, lambda retraining: retraining.make_dataset())


def _retrain(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    by = arguments.by.strip()
    if not by:
        raise MonitorError("--by: expected a name, for the history")
    return _run(arguments, settings, lambda retraining: retraining.run(by, auto=arguments.auto))


def _run(arguments: argparse.Namespace, settings: CommonSettings, act: Callable[[Retraining], None]) -> int:
    try:
        from monitor.retraining.run import Retraining  # needs packages that other commands and --help do without

        act(Retraining(settings, arguments.since, arguments.data, arguments.trust))
    except ImportError as error:
        raise MonitorError(f"retraining needs more packages ({error}); `make install` has them") from error
    return 0
