"""What a client uploads: a CSV body of a bounded length, or the one file of a page's form. Read piece by piece."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from app.errors import Refusal
from app.http.context import RequestContext
from app.http.request_body import declared_type, unpacking
from app.http.responses import CSV

FIELD, MULTIPART = "file", "multipart/form-data"
_PIECE = 1 << 16
# How many times what was sent a compressed file may become, past so many bytes: gzip could make it a thousand.
_GROWTH, _SMALL = 100, 1 << 20
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class Upload:
    """A CSV text that is on its way. Use it in a ``with``: its end takes a form's temporary file away.

    In the request's row its length and its SHA-256 stand in its place; unpacked, if it was sent compressed.

    Args:
        limit: bytes that it may have.
        folder: where a form's file is put meanwhile.

    Attributes:
        filename: a form's file's name without its ending, of safe characters, perhaps none; None if it is no form.

    Raises:
        Refusal: 413 if it is too large, 415 if it is neither CSV nor a form. In the ``with``, 400 for a form without
            the file.
    """

    def __init__(self, record: RequestContext, limit: int, folder: Path) -> None:
        environ = record.environ
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._record = record
        self._body = _Body(environ, limit)
        self._file: IO[bytes] | None = None
        self.filename: str | None = None
        self._media_type = declared_type(environ, CSV, MULTIPART)

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end.

        Raises:
            Refusal: 400 if the rest does not arrive, 413 if there is too much.
        """
        return self._body.read(size) if self._file is None else self._file.read(size)

    def __enter__(self) -> Upload:
        if self._media_type == MULTIPART:
            try:
                self._file = self._form()
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        text = f"{self._media_type}, {self._body.count} bytes, SHA-256 {self._body.digest.hexdigest()}"
        self._record.body = text.encode()
        if self._file is not None:
            self._file.close()

    def _form(self) -> IO[bytes]:
        _, options = parse_options_header(self._record.environ.get("CONTENT_TYPE"))
        parser = FormDataParser(
            lambda *_, **__: TemporaryFile(dir=self._folder),  # noqa: SIM115 - closed by __exit__
            max_form_memory_size=_PIECE,
            max_form_parts=9,
        )
        try:
            _, _, files = parser.parse(self._body, MULTIPART, None, options)  # type: ignore[arg-type]
        except RequestEntityTooLarge as error:
            raise Refusal(400, "the form has too many fields beside the file, or too long ones") from error
        except ValueError as error:
            raise Refusal(400, f"the form can't be read: {error}") from error
        given = [file for named in files.listvalues() for file in named]
        if len(given) != 1 or FIELD not in files:
            for file in given:
                file.close()
            raise Refusal(400, f"expected a form with one file, in the field {FIELD}")
        self.filename = _UNSAFE.sub("-", Path(given[0].filename or "").stem)[:100].strip("-.")
        return given[0].stream


class _Body:
    """A request's body with a bound, as a file: unpacked, counted and hashed on the way."""

    def __init__(self, environ: dict[str, Any], limit: int) -> None:
        self._input = environ["wsgi.input"]
        self._limit = limit
        declared = environ.get("CONTENT_LENGTH")
        self._left = int(declared) if declared else None if environ.get("wsgi.input_terminated") else 0
        self._sent = 0
        self._unpack = unpacking(environ, self._read)
        self.count = 0
        self.digest = hashlib.sha256()
        if self._left is not None:
            self._bound(self._left)

    def read(self, size: int = -1) -> bytes:
        data = self._unpack(_PIECE if size < 0 else size)
        self.count += len(data)
        self._bound(self.count)
        if self.count > _SMALL and self.count > _GROWTH * self._sent:
            raise Refusal(413, f"the file grows to more than {_GROWTH} times of what was sent: send it as it is")
        self.digest.update(data)
        return data

    def _read(self, size: int) -> bytes:
        """What is sent, as it is."""
        if self._left is not None:
            size = min(size, self._left)
        try:
            data: bytes = self._input.read(size) if size else b""
        except Exception as error:
            raise Refusal(400, "the file did not arrive whole: the connection stood still or ended") from error
        if self._left is not None:
            if size and not data:
                raise Refusal(400, f"the file ends {self._left} bytes before the length that was declared")
            self._left -= len(data)
        self._sent += len(data)
        self._bound(self._sent)  # packed nothing can be endless
        return data

    def _bound(self, size: int) -> None:
        if size > self._limit:
            raise Refusal(413, f"the file is too large: send at most {self._limit} bytes")
