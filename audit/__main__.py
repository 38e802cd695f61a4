"""``python -m audit``: evidence of what was answered, and that nothing of it was changed. Reads SERVE_ settings."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from audit.check import count_rows
from audit.seal import find_changed_files, log_files, seal
from audit.trace import format_text, trace
from journal import JournalError
from registry import Actor, CommonSettings, RegistryError, VersionStore, current_user, find_inconsistencies
from registry.aliases import RETIRED
from registry.errors import wrap_os_error

Command = Callable[[VersionStore, Path, argparse.Namespace], int]


def main() -> int:
    """Run the command that the arguments name, and return its exit code."""
    arguments = _parser().parse_args()
    run: Command = arguments.run
    try:
        settings = CommonSettings.from_env(os.environ)
        return run(settings.store(), settings.log_folder, arguments)
    except (RegistryError, JournalError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m audit", description="Show and check what the service keeps.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Command, meaning: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=meaning, description=meaning)
        command.set_defaults(run=run)
        return command

    traced = add("trace", _trace, "all that is known of one answer, by its request id")
    traced.add_argument("request_id")
    traced.add_argument("--json", action="store_true", help="for machines")
    sealing = add("seal", _seal, "take the log files of finished days into the model's history")
    sealing.add_argument("--by", default=current_user(), metavar="NAME", help="who does it; by default: you")
    add("check", _check, "count the logs' rows, torn ones, what lacks its counterpart, and compare with the seals")
    verified = add("verify", _verify, "compare files with SHA256SUMS, the history with itself, and name what differs")
    verified.add_argument("version", nargs="?", help="a number or an alias; by default every version, and the history")
    verified.add_argument("--key", type=Path, metavar="KEY.pub", help="check signatures with this public key, too")
    reported = add("report", _report, "every model and version: where it comes from, who signed it off, what is wrong")
    for name, meaning in (("markdown", "Markdown (the default)"), ("json", "JSON"), ("html", "one HTML page")):
        reported.add_argument(f"--{name}", metavar="FILE", help=f"write {meaning}; - is the standard output")
    return parser


def _trace(store: VersionStore, logs: Path, arguments: argparse.Namespace) -> int:
    traces = trace(store, logs, arguments.request_id)
    if not traces:
        raise RegistryError(f"{logs}: no request has the id {arguments.request_id}")
    if arguments.json:
        print(json.dumps(traces, indent=2))
    else:
        print("\n\n".join(map(format_text, traces)))
    return 1 if any(one["faults"] for one in traces) else 0


def _seal(store: VersionStore, logs: Path, arguments: argparse.Namespace) -> int:
    for name in seal(store, logs, datetime.now(UTC), Actor(arguments.by)):
        print(f"{name}: sealed")
    return 0


def _check(store: VersionStore, logs: Path, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - as every command's
    changed = list(find_changed_files(store, logs))
    for fault in changed:
        print(fault, file=sys.stderr)
    if not log_files(logs):
        raise RegistryError(f"{logs}: no logs yet")
    days = list(count_rows(logs))
    for stream in zip(*((day.requests, day.predictions, day.explanations, day.feedback) for day in days), strict=True):
        for file in (file for files in stream for file in files):
            print(file)
    lost = sum(day.lost for day in days)
    if lost:
        first = min(day.first_lost for day in days if day.lost)
        print(f"{lost} answered requests have no prediction row, {first} among them", file=sys.stderr)
    lost_truths = sum(day.lost_truths for day in days)
    if lost_truths:
        print(f"{lost_truths} answered requests with ground truth have no feedback row", file=sys.stderr)
    lost_explanations = sum(day.lost_explanations for day in days)
    if lost_explanations:
        print(f"{lost_explanations} requests that were answered with explanations have no row of them", file=sys.stderr)
    return 1 if changed or lost or lost_truths or lost_explanations or any(day.torn for day in days) else 0


def _verify(store: VersionStore, logs: Path, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - as every command's
    if arguments.key is not None:
        from registry.signing import load_public_key  # its library is needed by nobody else here

        store.key = load_public_key(arguments.key)
    every = [*store.versions(), *store.aliases.numbers(RETIRED)]
    numbers = every if arguments.version is None else [store.resolve(arguments.version)]
    if not numbers:
        print(f"{store.folder}: no version is published yet; `make train` publishes the first one", file=sys.stderr)
    failed = 0 if numbers else 1
    for number in numbers:
        try:
            print(f"{number}  {store.check(number, tolerant=True).digest}  sound")
        except RegistryError as error:
            failed = 1
            print(f"{number}  {error}", file=sys.stderr)
    for fault in find_inconsistencies(store.aliases):
        failed = 1
        print(fault, file=sys.stderr)
    return failed


def _report(store: VersionStore, logs: Path, arguments: argparse.Namespace) -> int:
    from audit.render import quantity, to_html, to_markdown  # the other commands do not need Jinja
    from audit.report import build_report

    targets = {name: getattr(arguments, name) for name in ("markdown", "json", "html") if getattr(arguments, name)}
    if list(targets.values()).count("-") > 1:
        print("report: only one of --markdown, --json and --html can be - (the standard output)", file=sys.stderr)
        return 2
    report = build_report(store.folder.parent, logs.parent, datetime.now(UTC), store.key)
    render = {"markdown": to_markdown, "json": lambda data: json.dumps(data, indent=2) + "\n", "html": to_html}
    for name, target in (targets or {"markdown": "-"}).items():
        _write(target, render[name](report))
    faults = sum(len(model["faults"]) for model in report["models"])
    if faults:
        print(f"{quantity(faults, 'fault')} found, named in the report", file=sys.stderr)
    return 1 if faults else 0


def _write(target: str, text: str) -> None:
    """Write UTF-8 to a file, or to the standard output if it is called ``-``."""
    if target == "-":
        sys.stdout.buffer.write(text.encode())
        return
    with wrap_os_error(target, "written"):
        Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what is read by head ends with it, quietly
    sys.exit(main())
