"""``python -m registry``: show the published versions, and promote them, try them out, or take them back."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from registry.actor import Actor, current_user
from registry.aliases import CHAMPION, RETIRED
from registry.consistency import find_inconsistencies
from registry.errors import HistoryError, NotPublishedError, RegistryError, ReleaseError
from registry.history_line import format_entry
from registry.predictor import Runtime
from registry.promotion import canary, clear, promote, rollback, shadow
from registry.release_warnings import find_warnings
from registry.settings import CommonSettings
from registry.versions import VersionStore

Command = Callable[[VersionStore, argparse.Namespace], int]
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%|([0-9]*\.[0-9]+)", re.ASCII)  # a plain 1 could mean 1 % or all
# Commands that other packages have now.
_MOVED = {"trace": "audit trace", "verify": "audit verify", "compare": "monitor compare"}


def main() -> int:
    if sys.argv[1:] and (moved := _MOVED.get(sys.argv[1])):
        print(f"`python -m registry {sys.argv[1]}` is now `python -m {moved}`", file=sys.stderr)
        return 2
    arguments = _parser().parse_args()
    run: Command = arguments.run
    try:
        settings = CommonSettings.from_env(os.environ)
        arguments.two_person = settings.requires_two_person_approval
        return run(settings.store(), arguments)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m registry", description="Show the published versions, and decide which of them answers."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Command, meaning: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=meaning, description=meaning)
        command.set_defaults(run=run)
        return command

    def change(name: str, run: Command, meaning: str, *, reason: bool = False) -> argparse.ArgumentParser:
        command = add(name, run, meaning)
        command.add_argument("--by", default=current_user(), metavar="NAME", help="who does it; by default: you")
        command.add_argument("--reason", default="", required=reason, metavar="TEXT", help="why, for the history")
        return command

    number = "a number or an alias, like champion"
    add("list", _list, "the versions, their aliases, and files that were changed")
    add("show", _show, "a version's signature and card, as JSON").add_argument("version", help=number)
    promoted = change("promote", _promote, "make a version champion, if it passes every gate", reason=True)
    promoted.add_argument("version", type=int)
    promoted.add_argument("--alias", default=CHAMPION, help="champion (the default), challenger or fallback")
    promoted.add_argument("--override", action="store_true", help="even if a gate fails; the history marks it for ever")
    tried = change("canary", _canary, "let a version answer a share of the requests")
    tried.add_argument("version", type=int)
    tried.add_argument("--share", required=True, help="like 5%% or 0.05")
    change("shadow", _shadow, "let a version predict every request and answer none").add_argument("version", type=int)
    change("clear", _clear, "take an alias away: end a canary or a shadow").add_argument("alias")
    change("rollback", _rollback, "make the previous champion champion again")
    change("adopt", _adopt, "add versions to the history that are not in it", reason=True)
    change("retire", _retire, "take a version out of service, and keep its files").add_argument("version", type=int)
    history = add("history", _history, "who did what, when and why")
    history.add_argument("--verify", action="store_true", help="only check whether a line was changed")
    history.add_argument("--contains", metavar="SHA256", help="find the line with this digest, from --verify")
    history.add_argument("--json", action="store_true", help="the lines as they are")
    signed = add("sign", _sign, "sign a version with an Ed25519 private key")
    signed.add_argument("version", help=number)
    signed.add_argument("--key", type=Path, required=True, metavar="KEY.pem")
    return parser


def _list(store: VersionStore, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - as every command's
    numbers = store.versions()
    if not numbers:
        raise NotPublishedError(f"{store.folder}: no version is published yet; `make train` publishes the first one")
    aliases: Mapping[str, int] = {}
    with suppress(RegistryError):  # named by find_inconsistencies
        aliases, _ = store.aliases.in_use()
    failed = 0
    for number in numbers:
        try:
            verified = store.check(number, tolerant=True)
        except RegistryError as error:
            failed = 1
            print(f"{number}  {error}", file=sys.stderr)
            continue
        created = json.loads(verified.read("card.json")).get("created", "")
        print("  ".join(filter(None, [str(number), verified.digest, *_names(aliases, number), created])))
    for fault in find_inconsistencies(store.aliases):
        failed = 1
        print(fault, file=sys.stderr)
    return failed


def _show(store: VersionStore, arguments: argparse.Namespace) -> int:
    number = store.resolve(arguments.version)
    verified = store.check(number)
    content = {"version": number, "sha256": verified.digest, "aliases": _names(store.aliases.in_use()[0], number)}
    content |= {name: json.loads(verified.read(f"{name}.json")) for name in ("signature", "card")}
    print(json.dumps(content, indent=2))
    return 0


def _promote(store: VersionStore, arguments: argparse.Namespace) -> int:
    before = store.aliases.read()
    gates = promote(
        store,
        arguments.version,
        arguments.alias,
        _actor(arguments),
        override=arguments.override,
        two_person=arguments.two_person,
    )
    for gate in gates:
        print(f"{'passed' if gate.passed else 'FAILED'}  {gate.name}: {gate.detail}")
    _print_ended(store, before)
    print(f"{store.model} version {arguments.version} is {arguments.alias}")
    _warn(store, arguments.version, before)
    return 0


def _canary(store: VersionStore, arguments: argparse.Namespace) -> int:
    match = _SHARE.fullmatch(arguments.share)
    if match is None:
        raise ReleaseError(f"--share {arguments.share}: expected a share like 5% or 0.05")
    share = float(match[1]) / 100 if match[1] else float(match[2])
    canary(store, arguments.version, share, _actor(arguments))
    print(f"{store.model} version {arguments.version} answers {100 * share:.4g}% of the requests")
    _warn(store, arguments.version, store.aliases.read())
    return 0


def _shadow(store: VersionStore, arguments: argparse.Namespace) -> int:
    shadow(store, arguments.version, _actor(arguments))
    print(f"{store.model} version {arguments.version} sees every request and answers none")
    _warn(store, arguments.version, store.aliases.read())
    return 0


def _clear(store: VersionStore, arguments: argparse.Namespace) -> int:
    if not clear(store, arguments.alias, _actor(arguments)):
        raise ReleaseError(f"no version is {arguments.alias}")
    print(f"{store.model}: no version is {arguments.alias} any more")
    return 0


def _rollback(store: VersionStore, arguments: argparse.Namespace) -> int:
    before = store.aliases.read()
    number = rollback(store, _actor(arguments), two_person=arguments.two_person)
    _print_ended(store, before)
    print(f"{store.model} version {number} is champion again")
    _warn(store, number, before)
    return 0


def _retire(store: VersionStore, arguments: argparse.Namespace) -> int:
    store.aliases.retire(arguments.version, _actor(arguments))
    print(f"{store.model} version {arguments.version} is retired; its files are in {store.folder / RETIRED}")
    return 0


def _adopt(store: VersionStore, arguments: argparse.Namespace) -> int:
    for number in store.aliases.import_existing(_actor(arguments)):
        print(f"{store.model} version {number} is in the history from here on")
    return 0


def _history(store: VersionStore, arguments: argparse.Namespace) -> int:
    entries = store.history.entries()
    if not entries:
        raise HistoryError(f"{store.folder}: has no history yet")
    if arguments.contains:
        if not re.fullmatch("[0-9a-f]{64}", arguments.contains):
            raise HistoryError(f"--contains {arguments.contains}: expected a SHA-256, 64 hexadecimal digits")
        number = store.history.number_of(arguments.contains)
        if number is None:
            raise HistoryError(f"{store.folder}: no line has this SHA-256: mistyped, or the history was rewritten")
        print(f"line {number} of {len(entries)}")
        return 0
    if arguments.verify:
        print(f"{len(entries)} lines, as they were written; the last is {entries[-1].digest}")
        return 0
    for entry in entries:
        print(json.dumps(entry.content, ensure_ascii=False) if arguments.json else format_entry(entry.content))
    return 0


def _sign(store: VersionStore, arguments: argparse.Namespace) -> int:
    from registry.signing import sign  # its library is loaded only where versions are signed

    number = store.resolve(arguments.version)
    store.key = None  # the version may not be signed yet
    print(sign(store.folder, number, store.check(number).sums, arguments.key))
    return 0


def _actor(arguments: argparse.Namespace) -> Actor:
    by, reason = arguments.by.strip(), arguments.reason.strip()
    if not by or (arguments.command in ("promote", "adopt") and not reason):
        raise ReleaseError("--by and --reason: expected a name and a reason, for the history")
    try:
        (by + reason).encode()
    except UnicodeEncodeError as error:
        raise ReleaseError("--by and --reason: expected text in UTF-8") from error
    return Actor(by, reason)


def _warn(store: VersionStore, number: int, before: Mapping[str, int]) -> None:
    """Say what clients and the service may not expect of a version that has an alias now."""
    runtime: Runtime = "keras" if os.environ.get("SERVE_RUNTIME") == "keras" else "litert"  # if it is the service's
    for warning in find_warnings(store, number, before.get(CHAMPION), runtime):
        print(f"warning: {warning}", file=sys.stderr)


def _names(aliases: Mapping[str, int], number: int) -> list[str]:
    return sorted(alias for alias, version in aliases.items() if version == number)


def _print_ended(store: VersionStore, before: Mapping[str, int]) -> None:
    """Say which aliases a change took away beside what it was for."""
    for alias in sorted(before.keys() - store.aliases.read().keys()):
        print(f"{store.model}: no version is {alias} any more")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end quietly if the reader of the output, like head, ends
    sys.exit(main())
