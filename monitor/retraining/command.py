"""``dataset`` and ``retrain``: make a data set with accepted truths; train, judge and try the next version with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.errors import MonitorError
from registry import Actor, CommonSettings, current_user


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``dataset`` and ``retrain`` to the commands."""
    meaning = "make a data set of the champion's training rows and the truths that can be accepted"
    dataset = commands.add_parser("dataset", help=meaning, description=meaning)
    _add_truths(dataset)
    dataset.add_argument("--out", type=Path, metavar="FOLDER", help="a new folder; by default one in that of the logs")
    dataset.set_defaults(run=_dataset)

    meaning = "train a challenger if the reports ask for it, judge it, and let it predict as shadow"
    retrain = commands.add_parser("retrain", help=meaning, description=meaning)
    _add_truths(retrain)
    retrain.add_argument("--auto", action="store_true", help="make it champion as soon as nothing is missing")
    retrain.add_argument("--force", action="store_true", help="even if no report asks for it; needs --reason")
    retrain.add_argument("--by", default=current_user(), metavar="NAME", help="who does it; by default: you")
    retrain.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")
    retrain.set_defaults(run=_retrain)


def _add_truths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="30d, 24h or an ISO date; default: as the reports, or 30d")
    parser.add_argument("--data", type=Path, metavar="FILE", help="the file that the champion was trained with")
    parser.add_argument("--trust", action="append", default=[], metavar="NAME", help="a client or source without a cap")


def _dataset(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    from monitor.retraining.run import Retraining  # needs pandas and scipy; other commands and --help do without

    Retraining(settings, arguments.since, arguments.data, arguments.trust).make_dataset(arguments.out)
    return 0


def _retrain(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    from monitor.retraining.run import Retraining

    actor = Actor(arguments.by.strip(), arguments.reason.strip())
    if not actor.by or (arguments.force and not actor.reason):
        raise MonitorError("--by and --reason: expected a name, and with --force a reason, for the history")
    retraining = Retraining(settings, arguments.since, arguments.data, arguments.trust)
    retraining.run(actor, force=arguments.force, auto=arguments.auto)
    return 0
