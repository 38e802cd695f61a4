"""``python -m registry list|show|verify``: the published versions. Reads SERVE_MODELS and SERVE_MODEL."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys

from registry.errors import RegistryError
from registry.store import Store, locate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m registry", description="Look at the published versions.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the versions, their aliases, and whether their files are sound")
    show = commands.add_parser("show", help="a version's signature and card, as JSON")
    show.add_argument("version", help="a number or an alias, like champion")
    verify = commands.add_parser("verify", help="compare files with SHA256SUMS, and name what differs")
    verify.add_argument("version", nargs="?", help="a number or an alias; by default every version")
    arguments = parser.parse_args()
    try:
        store = locate(os.environ)
        if arguments.command == "list":
            return _verify(store, store.versions(), loud=True)
        if arguments.command == "show":
            return _show(store, _number(store, arguments.version))
        numbers = store.versions() if arguments.version is None else [_number(store, arguments.version)]
        return _verify(store, numbers, loud=False)
    except RegistryError as error:
        print(error, file=sys.stderr)
        return 1


def _number(store: Store, text: str) -> int:
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else store.number_of(text)


def _show(store: Store, number: int) -> int:
    sealed = store.check(number)
    content = {"version": number, "sha256": sealed.digest, "aliases": _aliases(store, number)}
    content |= {name: json.loads(sealed.read(f"{name}.json")) for name in ("signature", "card")}
    print(json.dumps(content, indent=2))
    return 0


def _verify(store: Store, numbers: list[int], *, loud: bool) -> int:
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
    sys.exit(main())
