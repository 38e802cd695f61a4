"""The commands `python -m train [SPEC.toml]` and `python -m train init`: their arguments, output and exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from registry import Actor, CommonSettings, RegistryError, VersionStore
from registry.actor import current_user
from registry.detectable_shift import smallest_shift_sentence
from train.code_version import commit
from train.dataset import Dataset, load_dataset
from train.errors import TrainError
from train.init import command
from train.metadata import REFERENCE_ROWS, build_signature, unsendable_dates
from train.progress import shown_progress
from train.spec import read_spec
from train.stderr import suppress_stderr

if TYPE_CHECKING:
    from train.pipeline import TrainingResult


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the command. Return its exit code: 0 if a version was published, 1 if not, 130 after Ctrl-C."""
    if arguments[:1] == ["init"]:
        return _init(arguments[1:])
    try:
        settings = CommonSettings.from_env(environ)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description="Fit a model from a spec, evaluate it and publish it.",
        epilog="To write a spec for a CSV file: python -m train init FILE.csv --label COLUMN (see init --help).",
    )
    default = Path(__file__).parent / f"{settings.model}.toml"
    parser.add_argument("spec", nargs="?", type=Path, default=default, metavar="SPEC.toml", help=f"default: {default}")
    parser.add_argument("--by", default=current_user(), metavar="NAME", help="who trains; default: the current user")
    parser.add_argument(
        "--alias",
        choices=["challenger", "fallback"],
        help="alias of the version; default: champion if there is none (unless SERVE_TWO_PERSON=1), else challenger",
    )
    options = parser.parse_args(arguments)
    try:
        spec = read_spec(options.spec)
        data = load_dataset(spec)
        signature = build_signature(spec, data)
        store = VersionStore(settings.models, spec.model)
        store.require_publishable(signature)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
        with suppress_stderr():
            from train.pipeline import train  # imports TensorFlow, which takes seconds; so errors above come first
        with shown_progress() as report:
            result = train(
                spec,
                data,
                signature,
                store,
                actor=Actor(options.by),
                alias=options.alias or ("challenger" if settings.requires_two_person_approval else None),
                commit=commit(environ),
                now=datetime.now(UTC),
                report=report,
            )
    except (TrainError, RegistryError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or settings.models}: {error.strerror or error}; nothing was published", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was published", file=sys.stderr)
        return 130
    print(_summary(spec.model, data, result))
    return 0


def _init(arguments: list[str]) -> int:
    """Write a spec for a CSV file. Return the exit code: 0 if it was written, 1 if not, 130 after Ctrl-C."""
    options = command.parser().parse_args(arguments)
    try:
        with shown_progress() as report:
            words = command.init(options, report)
    except TrainError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or options.file}: {error.strerror or error}; nothing was written", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return 130
    print(words)
    return 0


def _summary(model: str, data: Dataset, result: TrainingResult) -> str:
    lines = [f"{model} version {result.number}, {result.alias}", ""]
    lines.append(f"{'RMSE':<20}{'test':>8}{'CV':>8}")
    for name, evaluation in {"this model": result.model, **result.baselines}.items():
        folds = f"{evaluation.cv_rmse:.3f}" if evaluation.fold_rmse else "–"
        lines.append(f"{name.replace('_', ' '):<20}{evaluation.metrics['rmse']:>8.3f}{folds:>8}")
    lines.append("")
    lines += [f"passed {gate.name}: {gate.value:.4g}, at most {gate.limit:g}" for gate in result.gates]
    if data.copies:
        lines.append(
            f"rows with the inputs of an earlier row, each kept with that row: {data.copies} of {len(data.label)}"
        )
    if data.unlabelled:
        lines.append(f"rows without a label, left out: {data.unlabelled} of {len(data.label) + data.unlabelled}")
    for item in data.described:
        if item.other is not None and item.name in data.merged:
            levels = ", ".join(map(repr, data.merged[item.name]))
            lines.append(f"{item.name}: too few training rows have {levels}; merged into {item.words[item.other]!r}")
    for column, reason in unsendable_dates(data.described).items():
        lines.append(f"{column}: clients can't send its dates, only their parts, because {reason}")
    lines.append(smallest_shift_sentence(min(len(data.train_rows), REFERENCE_ROWS), data.inputs.shape[1]))
    return "\n".join(lines)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # raise SystemExit, so that the staging folder is removed
    sys.exit(main(sys.argv[1:], os.environ))
