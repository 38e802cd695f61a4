"""Requests that can't be answered with a prediction, and the error that each gets."""

from __future__ import annotations

from dataclasses import dataclass, field

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UTF_16 = {"Content-Type": "application/json; charset=utf-16"}


@dataclass(frozen=True)
class Bad:
    """One bad request: the error's message contains ``says`` and names the (row, input) pairs of ``problems``."""

    name: str
    body: bytes
    status: int
    says: str
    problems: list[tuple[int, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    path: str = "/predict_json"


LIMITS = "lies outside the limits"

BAD = [
    # JSON in which the decoder finds an error.
    Bad("empty body", b"", 400, "the body is empty: expected a row like [6, 250, 66.5], an object"),
    Bad("spaces", b" \r\n", 400, "the body is empty: expected a row like"),
    Bad("no JSON", b"[6, 250, ", 400, "not JSON: Expecting value at line 1, column 10"),
    Bad("trailing junk", b"[6, 250, 66.5] x", 400, "not JSON"),
    Bad("single quotes", b"{'rm': 6}", 400, "not JSON"),
    Bad("no UTF-8", b'{"rm\xff": 6}', 400, "not UTF-8: byte 4 is 0xff"),
    Bad("no UTF-8 behind a byte order mark", b"\xef\xbb\xbf[\xff]", 400, "0xff"),
    Bad("UTF-16", "[6]".encode("utf-16"), 400, "not UTF-8: byte 0 is 0xff"),
    Bad("nested past all bounds", b"[" * 200_000, 400, "too deep"),
    Bad("a number", b"6", 400, "expected a row like"),
    Bad("a text", b'"6, 250, 66.5"', 400, "expected a row like"),
    Bad("null", b"null", 400, "not null"),
    Bad("empty batch", b"[]", 400, "there is no row"),
    Bad("empty object", b"{}", 422, "is missing", [(0, "rm"), (0, "tax"), (0, "age")]),
    Bad("empty row in a batch", b"[[]]", 422, "is missing", [(0, "rm"), (0, "tax"), (0, "age")]),
    Bad("too few values", b"[6, 250]", 422, "age: is missing", [(0, "age")]),
    Bad("too many values", b"[6, 250, 66.5, 1]", 422, "expected 3 values (rm, tax, age), got 4", [(0, "")]),
    Bad("nested row", b"[[[6, 250, 66.5]]]", 422, "not a list", [(0, "rm"), (0, "tax"), (0, "age")]),
    Bad("object as value", b'[{"a": 1}, 250, 66.5]', 422, "row 0: a: no such input"),
    Bad("a number among rows", b"[[6, 250, 66.5], 7]", 422, "row 1: expected a row like", [(1, "")]),
    Bad("missing name", b'{"rm": 6, "age": 66.5}', 422, "tax: is missing", [(0, "tax")]),
    Bad("unknown name", b'{"rm": 6, "tax": 250, "age": 66.5, "crim": 1}', 422, "add ?extra=ignore to", [(0, "crim")]),
    Bad("unpaired surrogate as a name", rb'{"\ud800": 1, "rm": 6, "tax": 250, "age": 66.5}', 422, "no such input"),
    Bad("name twice", b'{"rm": 6, "rm": 7, "tax": 250, "age": 66.5}', 422, "rm: appears twice", [(0, "rm")]),
    Bad("name and alias", b'{"rm": 6, "rooms": 7, "tax": 250, "age": 66.5}', 422, "rm: appears twice", [(0, "rm")]),
    Bad("hidden double", rb'{"rm": 6, "r\u006d": 7, "tax": 250, "age": 66.5}', 422, "rm: appears twice", [(0, "rm")]),
    Bad("text", b'["6", 250, 66.5]', 422, 'rm: expected a number, not the text "6"', [(0, "rm")]),
    Bad("true", b"[true, 250, 66.5]", 422, "rm: expected a number, not true", [(0, "rm")]),
    Bad("false by name", b'{"rm": 6, "tax": false, "age": 66.5}', 422, "a number, not false", [(0, "tax")]),
    Bad("null value", b"[6, 250, null]", 422, "age: expected a number, not null", [(0, "age")]),
    Bad("NaN", b"[NaN, 250, 66.5]", 422, "rm: NaN", [(0, "rm")]),
    Bad("Infinity", b"[6, -Infinity, 66.5]", 422, "tax: is too large", [(0, "tax")]),
    Bad("1e400", b"[6, 250, 1e400]", 422, "age: is too large", [(0, "age")]),
    Bad("an integer of 5,000 digits", b"[6, 250, " + b"9" * 5000 + b"]", 422, "age: is too large", [(0, "age")]),
    Bad("too many rows", b"[" + b",".join([b"[6, 250, 66.5]"] * 10_001) + b"]", 413, "10001 rows are too many"),
    # JSON with values outside the limits.
    Bad("beyond float32", b"[1e39, 250, 66.5]", 422, f"rm: 1e+39 {LIMITS} 1 to 15", [(0, "rm")]),
    Bad("below the limits", b"[0.5, 250, 66.5]", 422, f"rm: 0.5 {LIMITS} 1 to 15", [(0, "rm")]),
    Bad("above, in row 1", b"[[6, 250, 66.5], [6, 250, 101]]", 422, f"row 1: age: 101 {LIMITS}", [(1, "age")]),
    Bad("several at once", b"[16, -1, null]", 422, "(and 2 more)", [(0, "age"), (0, "rm"), (0, "tax")]),
    # The rest: HTTP, the form, the model's output.
    Bad("implausible output", b"[1, 2000, 100]", 500, "not plausible for medv: expected 0 to 100", [(0, "")]),
    Bad("too large a body", b"[" + b" " * (1 << 20) + b"]", 413, "send at most 1048576 bytes"),
    Bad("no type", b"[6, 250, 66.5]", 415, "the Content-Type is nothing: send application/json", headers={}),
    Bad("curl's own type", b"[6, 250, 66.5]", 415, "send application/json", headers=FORM),
    Bad("a charset", b"[6, 250, 66.5]", 415, "send UTF-8", headers=UTF_16),
    Bad("no gzip", b"[6, 250, 66.5]", 400, "is not in gzip", headers={**JSON, "Content-Encoding": "gzip"}),
    Bad("brotli", b"\x0b\x02\x80", 415, "compressed in a way", headers={**JSON, "Content-Encoding": "br"}),
    Bad("no such place", b"[6, 250, 66.5]", 404, "/nowhere: not found", path="/nowhere"),
    Bad("a page that takes no body", b"rm=6", 405, "/form takes GET", headers=FORM, path="/form"),
    Bad("form: nothing", b"", 422, "is missing", headers=FORM, path="/predict_form"),
    Bad("form: text", b"rooms=six&tax=250&age=66.5", 422, "the text &#34;six&#34;", headers=FORM, path="/predict_form"),
    Bad("form: nan", b"rooms=nan&tax=250&age=66.5", 422, "expected a number", headers=FORM, path="/predict_form"),
    Bad("form: twice", b"rooms=6&rm=6&tax=250&age=66.5", 422, "appears twice", headers=FORM, path="/predict_form"),
    Bad("form: a name of no input", b"a=1&rm=6&tax=250", 422, "is missing", headers=FORM, path="/predict_form"),
    Bad("form: limits", b"rm=60&tax=250&age=66.5", 422, LIMITS, headers=FORM, path="/predict_form"),
    Bad("form: comma", b"rm=1,234&tax=2,5&age=6", 422, "may be 1.234 or 1234", headers=FORM, path="/predict_form"),
    Bad("form: no UTF-8", b"rm=%ff&tax=250&age=66.5", 400, "no urlencoded form", headers=FORM, path="/predict_form"),
    Bad("form: endless digits", b"rm=" + b"1" * 200_000 + b"x", 422, "is missing", headers=FORM, path="/predict_form"),
    Bad("form: script", b"rm=%3Cscript%3E", 422, "&lt;script&gt;", headers=FORM, path="/predict_form"),
    Bad("form: JSON", b"[6, 250, 66.5]", 415, "send application/x-www-form-urlencoded", path="/predict_form"),
]
