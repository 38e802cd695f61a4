"""``/models/NAME/N/FILE``: the files that a version was published with, also a retired one.

Each is compared with its digest before its first byte is sent. None of them can act as a page of this service.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from flask import Blueprint, Response, request

from app.endpoints.data_plane import DataPlane
from app.errors import NotFound, NotReady
from app.http.application import Application
from app.http.responses import BYTES, CONTENT_SECURITY_POLICY, CSV, JSON
from registry import CheckedFile, NotPublishedError, PublishedFiles, RegistryError, VersionStore

_TEXT = "text/plain"
# Whatever is not named here is sent as bytes; HTML is not, so that none is shown as a page.
_TYPES = {
    ".csv": CSV,
    ".json": JSON,
    ".md": "text/markdown",
    ".png": "image/png",
    ".sig": _TEXT,
    ".svg": "image/svg+xml",
    ".toml": _TEXT,
    ".txt": _TEXT,
    "": _TEXT,  # SHA256SUMS
}
# A drawing that is opened by itself may have its own style, and neither scripts nor this service's origin.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
_MAX_NUMBER = 10**9  # more than any version has


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    files = _VersionFiles(plane.settings.model, plane.settings.store())
    routes = Blueprint("files", __name__)
    routes.add_url_rule("/models/<name>/<int:version>/<path:path>", "get", files.get)
    app.flask.register_blueprint(routes)


class _VersionFiles:
    def __init__(self, model: str, store: VersionStore) -> None:
        self._model = model
        self._store = store

    def get(self, name: str, version: int, path: str) -> Response:
        """Send a file; nothing but its headers to a client that has it already.

        Raises:
            NotFound: if there is no such model, version or file.
            NotReady: if the file is not what was published.
        """
        files = self._find(name, version)
        if path not in files:
            raise NotFound(f"{name}: version {version} was published without a file {path}")
        response = Response(mimetype=_TYPES.get(PurePosixPath(path).suffix, BYTES))
        response.set_etag(files.digests[path])
        # A version never changes; but another models folder may have another one under the same number.
        response.headers["Cache-Control"] = "no-cache"
        response.headers[CONTENT_SECURITY_POLICY] = _POLICY
        if request.if_none_match.contains_weak(files.digests[path]):
            response.make_conditional(request)
            return response
        try:
            content = files.open(path)
        except RegistryError as error:
            raise NotReady(str(error)) from error
        response.content_length = content.size
        if request.method == "HEAD":
            content.close()
        else:
            response.response = _send(content)
            response.call_on_close(content.close)
        return response

    def _find(self, name: str, version: int) -> PublishedFiles:
        try:
            if name != self._model or not 0 < version < _MAX_NUMBER:
                raise NotPublishedError
            return self._store.files(version)
        except NotPublishedError as error:
            raise NotFound(f"{name}: version {version} is not published here") from error
        except RegistryError as error:
            raise NotReady(str(error)) from error


def _send(content: CheckedFile) -> Iterator[bytes]:
    """Yield the blocks of a file. If it has changed since it was checked, the response ends before it is whole."""
    try:
        yield from content
    finally:
        content.close()
