"""How to ask the service from a program: commands and code that work as they stand, for one typical row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from flask import request

from registry import Signature, plain

_QUOTE = r"'\''"  # a quote inside the quotes of a shell
_CONTAINER = re.compile(r"[A-Za-z0-9_.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code in a language."""

    language: str
    code: str


def service_address() -> str:
    """Return the address of the service as the client would have to write it, without a slash at its end."""
    sent = request.headers.get("Host", "")
    # Names of containers may have an underscore, which werkzeug leaves out of a URL.
    host = sent if _CONTAINER.fullmatch(sent) else "localhost"
    return request.url_root.replace(":///", f"://{host}/", 1).rstrip("/")


def make_snippets(url: str, signature: Signature, *, token: bool) -> list[Snippet]:
    """Return how to ask for the prediction of the signature's example: with curl, in Python and in JavaScript.

    They need no library. Tests run them.

    Args:
        url: of ``/predict_json``.
        token: whether a token is needed; the code then has TOKEN in its place.
    """
    known = {name: value for name, value in signature.example_by_name.items() if value is not None}
    members = (f"{json.dumps(name, ensure_ascii=False)}: {_literal(value)}" for name, value in known.items())
    row = f"{{{', '.join(members)}}}"
    headers = {"Content-Type": "application/json", **({"Authorization": "Bearer TOKEN"} if token else {})}
    body = (row if signature.dates else signature.example_json).replace("'", _QUOTE)
    options = "".join(f"  -H '{name}: {value}' \\\n" for name, value in headers.items())
    return [
        Snippet("curl", f"curl {url} \\\n{options}  -d '{body}'"),
        Snippet("Python", _PYTHON % {"url": json.dumps(url), "row": row, "headers": json.dumps(headers)}),
        Snippet("JavaScript", _JAVASCRIPT % {"url": json.dumps(url), "row": row, "headers": json.dumps(headers)}),
    ]


def _literal(value: float | str) -> str:
    """Return a value as JSON, Python and JavaScript write it."""
    return plain(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


_PYTHON = """\
import json
from urllib.request import Request, urlopen

row = %(row)s
headers = %(headers)s
request = Request(%(url)s, json.dumps(row).encode(), headers)
with urlopen(request) as reply:
    print(json.load(reply)["prediction"])"""

_JAVASCRIPT = """\
const reply = await fetch(%(url)s, {
  method: "POST",
  headers: %(headers)s,
  body: JSON.stringify(%(row)s),
});
console.log((await reply.json()).prediction);"""
