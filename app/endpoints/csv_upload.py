"""A CSV file that a client uploads: as the body, or as the one file of a page's form. Read piece by piece."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from werkzeug.datastructures import FileStorage

from app.errors import MalformedRequest
from app.http.context import RequestContext
from app.http.form_body import MULTIPART, parse_multipart
from app.http.request_body import Read, SentBody, decompressor, require_media_type
from app.http.responses import CSV

FIELD = "file"
_CHUNK = 1 << 16
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@contextmanager
def open_upload(context: RequestContext, limit: int, folder: Path) -> Iterator[tuple[Read, str | None]]:
    """Open a CSV text while it arrives. A form's temporary file is removed in the end.

    The request's row in the log has the length and the SHA-256 of the decompressed text in its place.

    Args:
        limit: bytes that it may have.
        folder: where a form's file is put meanwhile.

    Yields:
        what reads it: it returns at most so many bytes, and none at the end; and raises MalformedRequest if the rest
        does not arrive, TooLarge if there is too much. And the name of a form's file, without its ending and unsafe
        characters; None without a form.

    Raises:
        TooLarge: if it has more bytes.
        HTTPError: 415 if it is neither CSV nor a form.
        MalformedRequest: for a form without the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = _HashedBody(context.environ, limit)
    media_type = require_media_type(context.environ, CSV, MULTIPART)
    with ExitStack() as held:
        try:
            if media_type == MULTIPART:
                file = _receive_form(body, context, lambda *_, **__: held.enter_context(TemporaryFile(dir=folder)))
                yield file.stream.read, _UNSAFE.sub("-", Path(file.filename or "").stem)[:100].strip("-.")
            else:
                yield body.read, None
        finally:
            context.body = f"{media_type}, {body.count} bytes, SHA-256 {body.digest.hexdigest()}".encode()


def _receive_form(body: _HashedBody, context: RequestContext, open_file: Callable[..., IO[bytes]]) -> FileStorage:
    """Return the one file of a form, once all of it is there."""
    _, named = parse_multipart(body, context.environ, open_file, max_text=_CHUNK, max_parts=9)
    files = [file for _, file in named.items(multi=True)]
    if len(files) != 1 or FIELD not in named:
        raise MalformedRequest(f"expected a form with one file, in the field {FIELD}")
    return files[0]


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
