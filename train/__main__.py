"""The command `python -m train [SPEC.toml]`: its arguments, its output and its exit codes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from registry import Actor, CommonSettings, RegistryError, VersionStore
from registry.aliases import current_user
from train.code_version import commit
from train.dataset import load_dataset
from train.errors import TrainError
from train.metadata import build_signature
from train.spec import read_spec
from train.stderr import suppress_stderr

if TYPE_CHECKING:
    from train.pipeline import TrainingResult


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the command. Return its exit code: 0 if a version was published, 1 if not, 130 after Ctrl-C."""
    try:
        settings = CommonSettings.from_env(environ)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog="python -m train", description="Fit a model from a spec, evaluate it and publish it."
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
    spec_path: Path = options.spec
    models = settings.models
    try:
        spec = read_spec(spec_path)
        data = load_dataset(spec)
        signature = build_signature(spec, data)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
        with suppress_stderr():
            from train.pipeline import train  # imports TensorFlow, which takes seconds; so errors above come first
        with _Progress() as progress:
            result = train(
                spec,
                data,
                signature,
                VersionStore(models, spec.model),
                actor=Actor(options.by),
                alias=options.alias or ("challenger" if settings.requires_two_person_approval else None),
                commit=commit(environ),
                now=datetime.now(UTC),
                report=progress.report,
            )
    except (TrainError, RegistryError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or models}: {error.strerror or error}; nothing was published", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was published", file=sys.stderr)
        return 130
    print(_summary(spec.model, result))
    return 0


class _Progress:
    """Progress on stderr: a bar on a terminal, else a line for each step."""

    def __init__(self) -> None:
        layout = "{desc:<30}{bar:30}{percentage:3.0f} % {elapsed}"
        self._bar = tqdm(total=1.0, bar_format=layout, leave=False) if sys.stderr.isatty() else None
        self._step = ""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def report(self, step: str, fraction: float) -> None:
        """Show the step that runs, and the fraction of the training that is done, 0 to 1."""
        is_new, self._step = step != self._step, step
        if self._bar is not None:
            self._bar.set_description_str(step, refresh=is_new)
            self._bar.update(fraction - self._bar.n)
        elif is_new:
            print(step, file=sys.stderr)


def _summary(model: str, result: TrainingResult) -> str:
    lines = [f"{model} version {result.number}, {result.alias}", ""]
    lines.append(f"{'RMSE':<20}{'test':>8}{'CV':>8}")
    for name, evaluation in {"this model": result.model, **result.baselines}.items():
        lines.append(f"{name.replace('_', ' '):<20}{evaluation.metrics['rmse']:>8.3f}{evaluation.cv_rmse:>8.3f}")
    lines.append("")
    lines += [f"passed {gate.name}: {gate.value:.4g}, at most {gate.limit:g}" for gate in result.gates]
    return "\n".join(lines)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # raise SystemExit, so that the staging folder is removed
    sys.exit(main(sys.argv[1:], os.environ))
