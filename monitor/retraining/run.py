"""One run of a retraining: a new attempt if the reports ask for one, or the next step of the attempt that is open."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from filesystem import lock, only_plain
from monitor.errors import MonitorError
from monitor.latest import update
from monitor.logs.levels import levels_of
from monitor.profiles.reference import with_missing
from monitor.retraining import attempt
from monitor.retraining.champion import DATASET, Champion, load_champion, takes_rows
from monitor.retraining.dataset import HOLDOUT_FILE, describe, write_dataset
from monitor.retraining.decision import Decision, decide, read_reports
from monitor.retraining.gates import shadow_gate
from monitor.retraining.golden import Golden, load_golden
from monitor.retraining.selection import HOLDOUT, Selection, select
from monitor.retraining.training import check_every_gate, publish, train_candidate
from monitor.truth import join_truths
from monitor.window import Window, parse_since
from registry import CHAMPION, SHADOW, Actor, CommonSettings, IntegrityError
from registry.promotion import promote, shadow
from registry.promotion_gates import GateResult
from train.errors import TrainError

FOLDER, REPORTS = "retraining", "reports"  # in the model's log folder
_DEFAULT_SINCE = "30d"
_FRESH = timedelta(days=1)  # how old the newest report may be


@dataclass(frozen=True, slots=True)
class _Built:
    """A data set, and what it was made from."""

    champion: Champion
    golden: Golden
    selection: Selection
    summary: dict[str, Any]


class Retraining:
    """The retraining of one model.

    Args:
        since: the truths are of rows since then; None: since the window of the reports, or 30 days ago.
        data_file: what the champion was trained with, if that is nowhere where it is looked for.
        trusted: clients and sources without a cap.
    """

    def __init__(
        self, settings: CommonSettings, since: str | None, data_file: Path | None, trusted: Sequence[str]
    ) -> None:
        self._settings, self._store = settings, settings.store()
        self._logs, self._folder = settings.log_folder, settings.log_folder / FOLDER
        self._staged = self._folder / ".new"  # a data set that is not whole yet; there is one at a time
        self._since, self._data_file, self._trusted = since, data_file, frozenset(trusted)

    def make_dataset(self) -> None:
        """Write a data set into a new folder, and say what is in it.

        Raises:
            MonitorError: or RegistryError, if it can't be made; there is no folder then.
        """
        with self._alone():
            built = self._build(self._since or _DEFAULT_SINCE)
            print(describe(built.summary, self._keep()))

    def run(self, by: str, *, auto: bool) -> None:
        """Go on with the open attempt; without one, decide whether to begin one.

        Args:
            by: who does it, for the history.
            auto: make the new version champion if nothing is missing.

        Raises:
            MonitorError: or RegistryError, if a gate failed or a step can't be done; what answers is unchanged.
        """
        with self._alone():
            challenger = attempt.open_challenger(self._store)
            if challenger is None and self._begin(by):
                challenger = attempt.open_challenger(self._store)
            if challenger is not None:
                self._go_on(challenger, by, auto=auto)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other retrainings of the model away, and remove what one has left that was killed."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(self._folder / ".lock", "w", opener=only_plain) as file:
                try:
                    lock(file.fileno(), 0)
                except TimeoutError:
                    raise MonitorError(f"{self._folder}: another retraining is at work; nothing was done") from None
                shutil.rmtree(self._staged, ignore_errors=True)
                try:
                    yield
                finally:
                    shutil.rmtree(self._staged, ignore_errors=True)
        except OSError as error:  # a full disk, wherever
            raise MonitorError(
                f"{error.filename or self._folder}: can't be written ({error.strerror or error})"
            ) from error

    def _build(self, since: str) -> _Built:
        """Write the files of a data set into the staged folder."""
        store, now = self._store, datetime.now(UTC)
        begin = parse_since(since, now)
        golden = load_golden(store)
        champion = load_champion(store, golden, self._folder, self._data_file)
        signature, predict = champion.version.signature, champion.version.predictor.predict
        cache, names = self._logs / REPORTS / "profiles", list(signature.names)
        joined = join_truths(
            self._logs, Window(begin, now), inputs=names, levels=levels_of(signature), cache=cache
        ).rows
        if joined.empty:
            raise MonitorError(f"{self._logs}: no truth is known of a row since {begin:%Y-%m-%dT%H:%M} UTC")
        joined[names] = with_missing(joined[names].to_numpy(np.float32), signature)
        keys, old_rows, plausible = golden.encoded(signature).keys, len(champion.old_rows), signature.output.plausible
        takes = partial(takes_rows, signature=signature)
        selection = select(joined, names, predict, plausible, keys, old_rows, self._trusted, takes)
        window = {"since": begin.isoformat(), "until": now.isoformat(), "trusted": sorted(self._trusted)}
        self._staged.mkdir()
        return _Built(champion, golden, selection, write_dataset(self._staged, champion, golden, selection, window))

    def _keep(self) -> Path:
        """Give the staged folder a name of its own, and return it. No data set is removed: a version may need it."""
        return self._staged.rename(self._folder / f"dataset-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}")

    def _decide(self) -> Decision:
        """Judge by the newest reports about the champion, or by a new one if there is none of today."""
        champion, now = self._store.number_of(CHAMPION), datetime.now(UTC)
        reports = read_reports(self._logs / REPORTS, champion)
        if not reports or now - reports[0].until > _FRESH:
            update(self._settings, now)
            reports = read_reports(self._logs / REPORTS, champion)
        return decide(reports)

    def _begin(self, by: str) -> bool:
        """Decide, make a data set, train, judge and publish. Return whether a version was published."""
        decision = self._decide()
        if not decision.asks:
            print(f"no retraining: {decision.reason}")
            return False
        in_shadow = self._store.aliases.in_use()[0].get(SHADOW)
        if in_shadow is not None:
            advice = "`python -m registry clear shadow` ends that"
            raise MonitorError(f"version {in_shadow} is in shadow, where the new version is to be; {advice}")
        built = self._build(self._since or decision.since)
        summary = built.summary
        if not summary["rows"]["feedback"]:
            raise MonitorError(
                f"no truth can be accepted, so there is nothing to learn\n{describe(summary, self._folder)}"
            )
        facts = {
            "champion": built.champion.version.number,
            "dataset_sha256": summary["sha256"][DATASET],
            "holdout_sha256": summary["sha256"][HOLDOUT_FILE],
            "golden_sha256": built.golden.sha256,
        }
        if known := attempt.why_not_again(self._store, facts, built.champion.data_sha256):
            print(f"no retraining: {known}")
            return False
        folder, facts["report_sha256"] = self._keep(), decision.report_sha256
        rows = summary["rows"]["old"] + summary["rows"]["feedback"]
        attempt.record(self._store, attempt.DECIDED, by, decision.reason, **facts)
        attempt.record(self._store, attempt.BUILT, by, file=f"{folder.name}/{DATASET}", rows=rows, **facts)
        print(f"retraining: {decision.reason}")
        print(describe(summary, folder))
        self._train(folder, built, Actor(by, f"retraining: {decision.reason}"), facts)
        return True

    def _train(self, folder: Path, built: _Built, actor: Actor, facts: dict[str, Any]) -> None:
        """Train, judge and publish."""
        try:
            candidate = train_candidate(folder, self._store, actor, lambda step: print(step, file=sys.stderr))
        except TrainError as error:
            attempt.record(self._store, attempt.REFUSED, actor.by, str(error), **facts)
            raise MonitorError(str(error)) from error
        gates = check_every_gate(candidate, built.champion, built.golden, built.selection.of(HOLDOUT))
        _print_gates(gates)
        failed = [gate.name for gate in gates if not gate.passed]
        step, results = attempt.REFUSED if failed else attempt.PASSED, [gate.to_json() for gate in gates]
        attempt.record(self._store, step, actor.by, sha256=candidate.digest, gates=results, **facts)
        if failed:
            raise MonitorError(f"not published, because a gate failed: {', '.join(failed)}; {folder} has the data set")
        number = publish(candidate, self._store, actor)
        print(f"{self._store.model} version {number} is published as challenger")

    def _go_on(self, challenger: attempt.Challenger, by: str, *, auto: bool) -> None:
        """Let a challenger be shadow, and say what is missing before it may be champion; or make it champion."""
        number, two_person = challenger.number, self._settings.requires_two_person_approval
        if not challenger.was_shadowed:
            try:
                shadow(self._store, number, Actor(by, "retraining"))
            except IntegrityError as error:  # SERVE_REQUIRE_SIGNATURE: it has none yet
                raise MonitorError(f"{error}; then run this command again: version {number} waits for it") from error
        rows = attempt.shadowed_rows(self._logs, challenger)
        print(f"version {number} is in shadow: it has predicted {rows} rows, and {attempt.MIN_SHADOWED} are needed")
        if rows < attempt.MIN_SHADOWED:
            print("nothing is promoted yet; run this command again when it has predicted them")
        else:
            window = Window(datetime.fromisoformat(challenger.line.content["time"]), datetime.now(UTC))
            gate = shadow_gate(join_truths(self._logs, window, inputs=()).rows, number)
            _print_gates([gate])
            if auto and not gate.passed:
                raise MonitorError(f"version {number} is not promoted: it errs more than the champion on the same rows")
            if auto and not two_person:
                reason = f"retraining: it passed every gate, and predicted {rows} rows as shadow"
                _print_gates(promote(self._store, number, CHAMPION, Actor(by, reason)))
                print(f"{self._store.model} version {number} is champion")
                return
        if auto and two_person:
            print("SERVE_TWO_PERSON=1: nothing is promoted without a person")
        other = f" (not {challenger.line.content['by']}, who trained it)" if two_person else ""
        print(f"what a person must still look at, and then sign{other}:")
        print(f"  python -m monitor compare {challenger.line.content['champion']} {number}")
        print(f'  python -m registry promote {number} --by NAME --reason "why"')


def _print_gates(gates: Sequence[GateResult]) -> None:
    for gate in gates:
        print(f"{'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.detail}")
