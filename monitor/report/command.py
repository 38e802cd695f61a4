"""``report`` and ``pin``: judge a window of the logs, and make a calm one the second reference."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.errors import MonitorError, UsageError
from monitor.report.words import CALM, EXIT_CODES
from registry import Actor, CommonSettings, current_user
from registry.signature import MODEL_NAME

STANDARD_OUTPUT = "-"


def add_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``report`` and ``pin`` to the commands."""
    meaning = "judge a window of the logs: traffic, drift, accuracy; the exit code is the verdict"
    parser = commands.add_parser("report", help=meaning, description=meaning)
    _add_window(parser)
    parser.add_argument(
        "--against", choices=("training", "pinned"), default="training", help="what to compare with; default: training"
    )
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - prints it, and nothing else")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as one HTML file that needs no other")
    parser.set_defaults(run=_report)

    meaning = "make a calm window of the logs the second reference, for --against pinned"
    parser = commands.add_parser("pin", help=meaning, description=meaning)
    _add_window(parser)
    parser.add_argument("--by", default=current_user(), metavar="NAME", help="who does it; by default: you")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for the history")
    parser.add_argument("--override", action="store_true", help="even if it is not calm; the history marks it for ever")
    parser.set_defaults(run=_pin)


def _add_window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default="7d", metavar="TIME", help="7d, 24h, 30m or an ISO date; default: 7d")
    parser.add_argument("--model", metavar="M", help="another model than SERVE_MODEL")


def _report(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    # The report needs pandas and scipy; the other commands and --help do without.
    from monitor.report.build import build, to_json
    from monitor.report.render import to_html, to_text
    from monitor.window import Window

    window = Window.ending(datetime.now(UTC), arguments.since)
    report = build(_of_model(settings, arguments.model), window, against=arguments.against).report
    if arguments.html is not None:
        _write(arguments.html, to_html(report))
    if arguments.json == STANDARD_OUTPUT:
        sys.stdout.write(to_json(report))
    else:
        if arguments.json:
            _write(Path(arguments.json), to_json(report))
        print(to_text(report))
    return EXIT_CODES[report["verdict"]]


def _pin(arguments: argparse.Namespace, settings: CommonSettings) -> int:
    from monitor.report.build import REPORTS, build
    from monitor.report.pinned import pin
    from monitor.window import Window

    settings = _of_model(settings, arguments.model)
    actor = Actor(arguments.by.strip(), arguments.reason.strip())
    if not actor.by or not actor.reason:
        raise UsageError("--by and --reason: expected a name and a reason, for the history")
    built = build(settings, Window.ending(datetime.now(UTC), arguments.since))
    report = built.report
    calm = report["verdict"] == CALM
    if not calm and not arguments.override:
        said = report["headline"]
        raise MonitorError(f"{said}. Only a calm window is pinned; --override pins it all the same")
    if not built.answered.rows:
        raise MonitorError("the window has no row that could be pinned")
    store, reports = settings.store(), settings.log_folder / REPORTS
    path, rows = pin(store, reports, built.answered, report["champion"], actor, override=not calm)
    print(f"{settings.model}: {rows} rows of this window are pinned, as {path}")
    return 0


def _of_model(settings: CommonSettings, model: str | None) -> CommonSettings:
    if model is None:
        return settings
    if not MODEL_NAME.fullmatch(model):
        raise UsageError(f"--model {model!r}: expected the name of a folder in {settings.models}")
    return replace(settings, model=model)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"{path}: can't be written ({error.strerror})") from error
