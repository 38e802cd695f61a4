"""A CSV file that a client uploads: as the body, or as the one file of a page's form. Read piece by piece."""

from __future__ import annotations

import hashlib
import re
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from app.errors import MalformedRequest
from app.http.context import RequestContext
from app.http.form_body import MULTIPART, parse_multipart
from app.http.request_body import Read, SentBody, decompressor, require_media_type
from app.http.responses import CSV

FIELD = "file"
_CHUNK = 1 << 16
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class Upload:
    """A CSV text while it arrives. Use it in a ``with``, which removes a form's temporary file in the end.

    The request's row in the log has the length and the SHA-256 of the decompressed text in its place.

    Args:
        limit: bytes that it may have.
        folder: where a form's file is put meanwhile.

    Attributes:
        read: returns at most so many bytes, and none at the end. It raises MalformedRequest if the rest does not
            arrive, TooLarge if there is too much.
        filename: the name of a form's file, without its ending and unsafe characters; None without a form.

    Raises:
        TooLarge: if it has more bytes.
        HTTPError: 415 if it is neither CSV nor a form.
        MalformedRequest: in the ``with``, for a form without the file.
    """

    def __init__(self, context: RequestContext, limit: int, folder: Path) -> None:
        environ = context.environ
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._context = context
        self._body = _HashedBody(environ, limit)
        self._held = ExitStack()
        self.read: Read = self._body.read
        self.filename: str | None = None
        self._media_type = require_media_type(environ, CSV, MULTIPART)

    def __enter__(self) -> Upload:
        if self._media_type == MULTIPART:
            try:
                self.read = self._read_form().read
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        text = f"{self._media_type}, {self._body.count} bytes, SHA-256 {self._body.digest.hexdigest()}"
        self._context.body = text.encode()
        self._held.close()

    def _read_form(self) -> IO[bytes]:
        _, named = parse_multipart(
            self._body,
            self._context.environ,
            lambda *_, **__: self._held.enter_context(TemporaryFile(dir=self._folder)),  # noqa: SIM115 - it is held
            max_text=_CHUNK,
            max_parts=9,
        )
        files = [file for _, file in named.items(multi=True)]
        if len(files) != 1 or FIELD not in named:
            raise MalformedRequest(f"expected a form with one file, in the field {FIELD}")
        self.filename = _UNSAFE.sub("-", Path(files[0].filename or "").stem)[:100].strip("-.")
        return files[0].stream


class _HashedBody:
    """A request's body as a file: decompressed, counted and hashed on the way."""

    def __init__(self, environ: dict[str, Any], limit: int) -> None:
        self._sent = SentBody(environ, limit, "file")
        self._read = decompressor(environ, self._sent.read)
        self.count = 0
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._read(_CHUNK if size < 0 else size)
        self.count += len(data)
        self._sent.check_size(self.count)
        self.digest.update(data)
        return data
