"""``python -m registry``: look at the published versions, and say which of them answers. Reads the SERVE_ settings.

A command may know more than its package: trace and compare read the logs too, so they are monitor's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from monitor.compare import compare, plot, report
from monitor.trace import page, printable, trace
from registry import audit
from registry.errors import HistoryError, RegistryError, ReleaseError
from registry.promotion import canary, clear, promote, rollback, shadow
from registry.releases import RETIRED, Who, login
from registry.signoff import Gate
from registry.store import Store, key_of, locate, two_persons
from registry.told import CHAMPION

_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%|([0-9]*\.[0-9]+)", re.ASCII)  # a plain 1 might be meant as either


def main() -> int:
    arguments = _parser().parse_args()
    run: Callable[[Store, argparse.Namespace], int] = arguments.run
    try:
        return run(locate(os.environ), arguments)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m registry", description="Look at the published versions, and say which of them answers."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Callable[[Store, argparse.Namespace], int], meaning: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=meaning, description=meaning)
        command.set_defaults(run=run)
        return command

    def change(
        name: str, run: Callable[[Store, argparse.Namespace], int], meaning: str, *, reason: bool = False
    ) -> argparse.ArgumentParser:
        command = add(name, run, meaning)
        command.add_argument("--by", default=login(), metavar="NAME", help="who does it; by default: you")
        command.add_argument("--reason", default="", required=reason, metavar="TEXT", help="why, for the history")
        return command

    number = "a number or an alias, like champion"
    add("list", _list, "the versions, their aliases, and whether their files are sound")
    add("show", _show, "a version's signature and card, as JSON").add_argument("version", help=number)
    verify = add("verify", _verify, "compare files with SHA256SUMS, the history with itself, and name what differs")
    verify.add_argument("version", nargs="?", help=f"{number}; by default every version, and the history")
    verify.add_argument("--key", type=Path, metavar="KEY.pub", help="check signatures with this public key, too")
    promoted = change("promote", _promote, "let a version answer everybody, if every gate holds", reason=True)
    promoted.add_argument("version", type=int)
    promoted.add_argument("--alias", default=CHAMPION, help="champion (the default), challenger or fallback")
    promoted.add_argument("--override", action="store_true", help="although a gate does not hold; is marked for ever")
    tried = change("canary", _canary, "let a version answer a share of the requests")
    tried.add_argument("version", type=int)
    tried.add_argument("--share", required=True, help="like 5%% or 0.05")
    change("shadow", _shadow, "let a version see all requests and answer none").add_argument("version", type=int)
    change("clear", _clear, "take an alias away: end a canary or a shadow").add_argument("alias")
    change("rollback", _rollback, "make the version champion again that was it before")
    change("adopt", _adopt, "begin the history of versions that it does not tell of", reason=True)
    change("retire", _retire, "take a version out of service, and keep its files").add_argument("version", type=int)
    history = add("history", _history, "who did what, when and why")
    history.add_argument("--verify", action="store_true", help="only find out whether a line was changed")
    history.add_argument("--contains", metavar="SHA256", help="that of a line, which --verify told earlier")
    history.add_argument("--json", action="store_true", help="the lines as they are")
    traced = add("trace", _trace, "all that is known of one answer, by its request id")
    traced.add_argument("request_id")
    traced.add_argument("--json", action="store_true", help="for machines")
    compared = add("compare", _compare, "how far a version and its shadow are apart on the same requests")
    compared.add_argument("first", type=int)
    compared.add_argument("second", type=int)
    compared.add_argument(
        "--over", type=float, default=1.0, metavar="X", help="the difference that matters; default: 1"
    )
    compared.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw it, with matplotlib")
    signed = add("sign", _sign, "sign a version with an Ed25519 private key")
    signed.add_argument("version", help=number)
    signed.add_argument("--key", type=Path, required=True, metavar="KEY.pem")
    return parser


def _list(store: Store, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - as every command's
    return _check_each(store, store.versions(), loud=True)


def _show(store: Store, arguments: argparse.Namespace) -> int:
    number = _number(store, arguments.version)
    sealed = store.check(number)
    content = {"version": number, "sha256": sealed.digest, "aliases": _aliases(store, number)}
    content |= {name: json.loads(sealed.read(f"{name}.json")) for name in ("signature", "card")}
    print(json.dumps(content, indent=2))
    return 0


def _verify(store: Store, arguments: argparse.Namespace) -> int:
    if arguments.key is not None:
        store.key = key_of(str(arguments.key))
    numbers = [*store.versions(), *store.releases.numbers(RETIRED)]
    failed = _check_each(store, numbers if arguments.version is None else [_number(store, arguments.version)])
    for fault in audit.faults(store.releases):
        failed = 1
        print(fault, file=sys.stderr)
    return failed


def _promote(store: Store, arguments: argparse.Namespace) -> int:
    found = promote(
        store,
        arguments.version,
        arguments.alias,
        _who(arguments),
        override=arguments.override,
        two_person=two_persons(os.environ),
    )
    for gate in found:
        print(_line(gate))
    print(f"{store.model} version {arguments.version} is {arguments.alias}")
    return 0


def _canary(store: Store, arguments: argparse.Namespace) -> int:
    match = _SHARE.fullmatch(arguments.share)
    if match is None:
        raise ReleaseError(f"--share {arguments.share}: expected a share like 5% or 0.05")
    share = float(match[1]) / 100 if match[1] else float(match[2])
    canary(store, arguments.version, share, _who(arguments))
    print(f"{store.model} version {arguments.version} answers {share:.4g} of the requests")
    return 0


def _shadow(store: Store, arguments: argparse.Namespace) -> int:
    shadow(store, arguments.version, _who(arguments))
    print(f"{store.model} version {arguments.version} sees every request and answers none")
    return 0


def _clear(store: Store, arguments: argparse.Namespace) -> int:
    if not clear(store, arguments.alias, _who(arguments)):
        raise ReleaseError(f"no version is {arguments.alias}")
    print(f"{store.model}: no version is {arguments.alias} any more")
    return 0


def _rollback(store: Store, arguments: argparse.Namespace) -> int:
    number = rollback(store, _who(arguments), two_person=two_persons(os.environ))
    print(f"{store.model} version {number} is champion again")
    return 0


def _retire(store: Store, arguments: argparse.Namespace) -> int:
    store.releases.retire(arguments.version, _who(arguments))
    print(f"{store.model} version {arguments.version} is retired; its files are in {store.folder / RETIRED}")
    return 0


def _adopt(store: Store, arguments: argparse.Namespace) -> int:
    for number in store.releases.adopt(_who(arguments)):
        print(f"{store.model} version {number} is in the history from here on")
    return 0


def _history(store: Store, arguments: argparse.Namespace) -> int:
    lines = store.releases.history.lines()
    if not lines:
        raise HistoryError(f"{store.folder}: has no history yet")
    if arguments.contains:
        number = store.releases.history.number_of(arguments.contains)
        if number is None:
            raise HistoryError(f"{store.folder}: no line has this SHA-256: the history was written anew")
        print(f"line {number} of {len(lines)}")
        return 0
    if arguments.verify:
        print(f"{len(lines)} lines, as they were written; the last is {lines[-1].digest}")
        return 0
    for line in lines:
        print(json.dumps(line.content, ensure_ascii=False) if arguments.json else said(line.content))
    return 0


def _sign(store: Store, arguments: argparse.Namespace) -> int:
    from registry.signing import sign  # its library is only there for who signs, or asks for signatures

    number = _number(store, arguments.version)
    store.key = None  # it need not be signed yet
    print(sign(store.folder, number, store.check(number).sums, arguments.key))
    return 0


def _trace(store: Store, arguments: argparse.Namespace) -> int:
    found = trace(store, _logs(store), arguments.request_id)
    if not found:
        raise RegistryError(f"{_logs(store)}: no request has the id {arguments.request_id}")
    if arguments.json:
        print(json.dumps([one.to_json() for one in found], indent=2))
    else:
        print("\n\n".join(map(page, found)))
    return 1 if any(one.faults for one in found) else 0


def _compare(store: Store, arguments: argparse.Namespace) -> int:
    first, second = arguments.first, arguments.second
    found = compare(_logs(store), first, second)
    if not len(found.first):
        more = f", but for {found.no_number} rows without a number" if found.no_number else ""
        raise RegistryError(f"{_logs(store)}: no request was seen by both version {first} and version {second}{more}")
    print(report(found, first, second, arguments.over))
    if arguments.plot is not None:
        try:
            plot(found, first, second, arguments.plot)
        except ImportError as error:
            raise RegistryError(f"--plot needs matplotlib ({error}); `make install` has it") from error
    return 0


def _logs(store: Store) -> Path:
    return Path(os.environ.get("SERVE_LOGS") or "logs", store.model)


def said(content: Mapping[str, Any]) -> str:
    """A line of history for a person: when, who, what, why."""
    named = [f"{name} {content[name]}" for name in ("version", "alias", "file", "share") if name in content]
    what = [str(content.get("action", "?")), *named]
    override = ", OVERRIDING A GATE" if content.get("override") else ""
    reason = f": {content['reason']}" if content.get("reason") else ""
    return printable(f"{content.get('time', '')}  {content.get('by', '')}  {', '.join(what)}{override}{reason}")


def _line(gate: Gate) -> str:
    return f"{'held  ' if gate.held else 'FAILED'}  {gate.name}: {gate.detail}"


def _who(arguments: argparse.Namespace) -> Who:
    by, reason = arguments.by.strip(), arguments.reason.strip()
    if not by or (arguments.command in ("promote", "adopt") and not reason):
        raise ReleaseError("--by and --reason: expected a name and a reason, for the history")
    try:
        (by + reason).encode()
    except UnicodeEncodeError as error:
        raise ReleaseError("--by and --reason: expected text in UTF-8") from error
    return Who(by, reason)


def _number(store: Store, text: str) -> int:
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else store.number_of(text)


def _check_each(store: Store, numbers: list[int], *, loud: bool = False) -> int:
    """Check each version. Says of the sound ones their digest, and if ``loud`` their aliases and date as well."""
    if not numbers:
        print(f"{store.folder}: no version is published yet; `make train` publishes the first one", file=sys.stderr)
        return 1
    failed = 0
    for number in numbers:
        try:
            sealed = store.check(number)
        except RegistryError as error:
            failed += 1
            print(f"{number}  {error}", file=sys.stderr)
            continue
        created = json.loads(sealed.read("card.json")).get("created", "") if loud else ""
        words = [*_aliases(store, number), created] if loud else ["sound"]
        print("  ".join([str(number), sealed.digest, *filter(None, words)]))
    return 1 if failed else 0


def _aliases(store: Store, number: int) -> list[str]:
    return sorted(alias for alias, named in store.aliases().items() if named == number)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what is read by head ends with it, quietly
    sys.exit(main())
