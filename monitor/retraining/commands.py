"""``python -m monitor retrain`` and ``python -m monitor dataset``."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filesystem import lock
from monitor.errors import MonitorError
from monitor.retraining import attempt
from monitor.retraining.champion import DATASET, Champion, Golden, load_champion, load_golden
from monitor.retraining.dataset import STAGING, describe, staging, write_dataset
from monitor.retraining.decision import decide, read_reports
from monitor.retraining.selection import HOLDOUT, Selection, select
from monitor.retraining.training import check_every_gate, publish, train_candidate
from monitor.truth import join_truths
from monitor.window import parse_since
from registry import CHAMPION, SHADOW, Actor, CommonSettings, IntegrityError, VersionStore, current_user
from registry.promotion import promote, shadow
from train.errors import TrainError

FOLDER = "retraining"  # in the model's log folder
REPORTS = "reports"
_DEFAULT_SINCE = "30d"


@dataclass(frozen=True, slots=True)
class _Built:
    """A data set, and what it was made from."""

    champion: Champion
    golden: Golden
    selection: Selection
    summary: dict[str, Any]


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``dataset`` and ``retrain`` to the commands."""
    meaning = "make a data set of the champion's training rows and the truths that can be accepted"
    dataset = commands.add_parser("dataset", help=meaning, description=meaning)
    dataset.add_argument("--out", type=Path, metavar="FOLDER", help="a new folder; default: one beside the logs")
    dataset.set_defaults(run=_dataset)
    meaning = "train a challenger if the reports ask for it, judge it, and let it predict as shadow"
    retrain = commands.add_parser("retrain", help=meaning, description=meaning)
    retrain.add_argument("--auto", action="store_true", help="make it champion, once nothing is missing")
    retrain.add_argument("--force", action="store_true", help="although no report asks for it; needs --reason")
    retrain.add_argument("--by", default=current_user(), metavar="NAME", help="who does it; by default: you")
    retrain.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")
    retrain.set_defaults(run=_retrain)
    for command in (dataset, retrain):
        command.add_argument("--since", metavar="TIME", help="truths of rows since then: 30d, 24h or a date")
        command.add_argument("--data", type=Path, metavar="FILE", help="the data that the champion was trained with")
        command.add_argument(
            "--trust", action="append", default=[], metavar="NAME", help="a client or source that has no cap"
        )


def _dataset(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    now = datetime.now(UTC)
    folder = arguments.out or settings.log_folder / FOLDER / f"dataset-{now:%Y-%m-%dT%H%M%SZ}"
    if folder.exists():
        raise MonitorError(f"{folder}: is there already; name a new folder with --out")
    with _alone(settings.log_folder / FOLDER), staging(folder.parent) as staged:
        built = _build(settings.store(), settings.log_folder, staged, arguments, now)
        staged.rename(folder)
    print(describe(built.summary, folder))
    return 0


def _build(
    store: VersionStore, logs: Path, folder: Path, arguments: argparse.Namespace, now: datetime, since: str = ""
) -> _Built:
    """Write the files of a data set into a folder.

    Args:
        since: when the window begins, if the arguments don't say it.
    """
    begin = parse_since(arguments.since or since or _DEFAULT_SINCE, now)
    golden = load_golden(store)
    champion = load_champion(store, golden, logs / FOLDER, arguments.data)
    joined = join_truths(logs, since=begin, until=now, cache=logs / REPORTS / "profiles")
    if joined.empty:
        raise MonitorError(f"{logs}: no truth is known of a row since {begin:%Y-%m-%dT%H:%M} UTC")
    signature = champion.version.signature
    predict, plausible = champion.version.predictor.predict, signature.output.plausible
    trusted = frozenset(arguments.trust)
    selection = select(joined, signature.names, predict, plausible, golden.keys, len(champion.old_rows), trusted)
    window = {"since": begin.isoformat(), "until": now.isoformat(), "trusted": sorted(trusted)}
    return _Built(champion, golden, selection, write_dataset(folder, champion, golden, selection, window))


def _retrain(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    if not arguments.by.strip() or (arguments.force and not arguments.reason.strip()):
        raise MonitorError("--by and --reason: expected a name, and with --force a reason, for the history")
    store, logs = settings.store(), settings.log_folder
    with _alone(logs / FOLDER):
        challenger = attempt.open_challenger(store)
        if challenger is None:
            if not _attempt(arguments, store, logs):
                return 0
            challenger = attempt.open_challenger(store)
        if challenger is not None:
            _follow_up(arguments, settings, store, challenger)
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other retrainings of the model away, and remove what one has left that was killed."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        try:
            lock(file.fileno(), 0)
        except TimeoutError:
            raise MonitorError(f"{folder}: another retraining is at work; nothing was done") from None
        for left in folder.glob(f"{STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _attempt(arguments: argparse.Namespace, store: VersionStore, logs: Path) -> bool:
    """Decide, make a data set, train, judge and publish. Return whether a version was published."""
    decision = decide(read_reports(logs / REPORTS), store.number_of(CHAMPION))
    if not decision.asks and not arguments.force:
        print(f"no retraining: {decision.reason}")
        return False
    in_shadow = store.aliases.in_use()[0].get(SHADOW)
    if in_shadow is not None and not attempt.made_by_retraining(store, in_shadow):
        advice = "`python -m registry clear shadow` ends that"
        raise MonitorError(f"version {in_shadow} is in shadow, where the new version is to be; {advice}")
    with staging(logs / FOLDER) as staged:
        built = _build(store, logs, staged, arguments, datetime.now(UTC), decision.since)
        sha256 = built.summary["sha256"][DATASET]
        folder = logs / FOLDER / sha256[:12]
        refused = [line for line in attempt.steps(store, attempt.REFUSED) if line.content["dataset_sha256"] == sha256]
        if refused and not arguments.force:
            print(f"no retraining: this data set was tried on {refused[-1].content['time'][:10]}, and a gate failed")
            return False
        shutil.rmtree(folder, ignore_errors=True)  # the same data set, of a retraining that was killed
        staged.rename(folder)
    digests = {
        "champion": built.champion.version.number,
        "dataset_sha256": sha256,
        "golden_sha256": built.golden.sha256,
        **({"report_sha256": decision.report_sha256} if decision.report_sha256 else {}),
    }

    def record(step: str, **details: Any) -> None:
        attempt.record(store, step, arguments.by, **details, **digests)

    record(attempt.DECIDED, reason=arguments.reason if arguments.force else decision.reason)
    print(f"retraining: {arguments.reason if arguments.force else decision.reason}")
    record(
        attempt.BUILT,
        file=f"{folder.name}/{DATASET}",
        rows=sum(built.summary["rows"][name] for name in ("old", "feedback")),
    )
    print(describe(built.summary, folder))
    actor = Actor(arguments.by, arguments.reason or f"retraining: {decision.reason}")
    try:
        candidate = train_candidate(folder, store, actor, lambda step: print(step, file=sys.stderr))
    except TrainError as error:
        record(attempt.REFUSED, reason=str(error))
        raise MonitorError(str(error)) from error
    gates = check_every_gate(candidate, built.champion, built.golden, built.selection.of(HOLDOUT))
    for gate in gates:
        print(f"{'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.detail}")
    failed = [gate.name for gate in gates if not gate.passed]
    record(
        attempt.REFUSED if failed else attempt.PASSED, sha256=candidate.digest, gates=[gate.to_json() for gate in gates]
    )
    if failed:
        raise MonitorError(f"not published, because a gate failed: {', '.join(failed)}; {folder} has the data set")
    number = publish(candidate, store, actor)
    print(f"{store.model} version {number} is published as challenger")
    return True


def _follow_up(
    arguments: argparse.Namespace, settings: CommonSettings, store: VersionStore, challenger: attempt.Challenger
) -> None:
    """Let a challenger be shadow, and say what is missing before it may be champion; or make it champion."""
    number, champion = challenger.number, challenger.line.content["champion"]
    if not challenger.was_shadowed:
        try:
            shadow(store, number, Actor(arguments.by, "retraining"))
        except IntegrityError as error:  # a signature may be required
            raise MonitorError(f"{error}; then run this command again: version {number} waits to be shadow") from error
    rows = attempt.shadowed_rows(settings.log_folder, challenger)
    print(f"version {number} is in shadow: it has predicted {rows} rows, and {attempt.MIN_SHADOWED} are needed")
    if rows < attempt.MIN_SHADOWED:
        print("nothing is promoted yet; run this command again when it has seen them")
    elif arguments.auto and not settings.requires_two_person_approval:
        reason = arguments.reason or f"retraining: passed every gate, and predicted {rows} rows as shadow"
        for gate in promote(store, number, CHAMPION, Actor(arguments.by, reason)):
            print(f"{'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.detail}")
        print(f"{store.model} version {number} is champion")
        return
    elif arguments.auto:
        print("SERVE_TWO_PERSON=1: nothing is promoted without a person")
    trained_by = challenger.line.content["by"]
    other = f" (not {trained_by}, who trained it)" if settings.requires_two_person_approval else ""
    print(f"what a person must still look at, and then sign{other}:")
    print(f"  python -m monitor compare {champion} {number}")
    print(f'  python -m registry promote {number} --by NAME --reason "why"')
