"""The command `python -m train [SPEC.toml]`: reads the spec, trains, and says what came out.

Owns arguments, terminal and exit codes. Knows no rule of training.
"""

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
from train.card import signature
from train.data import load
from train.errors import TrainError
from train.noise import held_back
from train.provenance import commit
from train.spec import read_spec

if TYPE_CHECKING:
    from train.pipeline import Published


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the command. Returns its exit code: 0 published, 1 nothing was, 130 stopped by Ctrl-C."""
    try:
        settings = CommonSettings.from_env(environ)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog="python -m train", description="Fit a model from a spec, judge and publish it."
    )
    default = Path(__file__).parent / f"{settings.model}.toml"
    parser.add_argument("spec", nargs="?", type=Path, default=default, metavar="SPEC.toml", help=f"default: {default}")
    parser.add_argument("--by", default=current_user(), metavar="NAME", help="who trains; by default: you")
    parser.add_argument(
        "--alias", choices=["challenger", "fallback"], help="what the version is to be, if there is a champion"
    )
    given = parser.parse_args(arguments)
    spec_file: Path = given.spec
    models = settings.models
    try:
        spec = read_spec(spec_file)
        data = load(spec)
        eaten = signature(spec, data)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
        with held_back():
            from train.pipeline import train  # imports TensorFlow: seconds, so only once the rest is in order
        with _Progress() as progress:
            published = train(
                spec,
                data,
                eaten,
                VersionStore(models, spec.model),
                who=Actor(given.by),
                alias=given.alias or ("challenger" if settings.requires_two_person_approval else None),
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
    print(_summary(spec.model, published))
    return 0


class _Progress:
    """A bar on a terminal, a line for each new thing elsewhere; on stderr."""

    def __init__(self) -> None:
        layout = "{desc:<30}{bar:30}{percentage:3.0f} % {elapsed}"
        self._bar = tqdm(total=1.0, bar_format=layout, leave=False) if sys.stderr.isatty() else None
        self._what = ""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def report(self, what: str, share: float) -> None:
        fresh, self._what = what != self._what, what
        if self._bar is not None:
            self._bar.set_description_str(what, refresh=fresh)
            self._bar.update(share - self._bar.n)
        elif fresh:
            print(what, file=sys.stderr)


def _summary(model: str, published: Published) -> str:
    lines = [f"{model} version {published.number}, {published.alias}", ""]
    lines.append(f"{'RMSE':<20}{'test':>8}{'CV':>8}")
    for name, verdict in {"this model": published.model, **published.rivals}.items():
        lines.append(f"{name.replace('_', ' '):<20}{verdict.metrics['rmse']:>8.3f}{verdict.cv_rmse:>8.3f}")
    lines.append("")
    lines += [f"passed {gate.name}: {gate.value:.4g}, at most {gate.limit:g}" for gate in published.gates]
    return "\n".join(lines)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that the staging folder is removed
    sys.exit(main(sys.argv[1:], os.environ))
