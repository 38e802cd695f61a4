"""``/browser``: the model in the reader's browser, by the TensorFlow.js files of the version.

TensorFlow.js comes from this service, as one compressed file that app/browser/ makes; only that page loads it.
"""

from __future__ import annotations

import gzip
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, render_template, request

from app.endpoints.data_plane import DataPlane
from app.endpoints.snippets import service_address
from app.errors import NotReady
from app.http.application import Application
from app.http.cors import ANY
from registry import RegistryError

BUNDLE = Path(__file__).parent.parent / "static" / "tensorflow.js.gz"
MODEL = "tfjs/model.json"
_WEIGHTS = "tfjs/weights.bin"
_ROWS_FILES = ("reference.csv", "test.csv")  # what the page compares with the server on; the first that there is
_COMPARED = 100  # rows


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    page = _BrowserPage(plane)
    routes = Blueprint("browser", __name__)
    routes.add_url_rule("/browser", "page", page.show)
    routes.add_url_rule("/static/tensorflow.js", "bundle", send_bundle)
    app.flask.register_blueprint(routes)


def send_bundle() -> Response:
    """Send TensorFlow.js, compressed if the client takes that."""
    content = BUNDLE.read_bytes()
    etag = sha256(content).hexdigest()
    is_compressed = request.accept_encodings.quality("gzip") > 0
    response = Response(mimetype="text/javascript")
    response.vary.add("Accept-Encoding")
    if is_compressed:
        response.content_encoding = "gzip"
    response.set_etag(f"{etag}-gzip" if is_compressed else etag)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    if response.status_code == 200:
        response.data = content if is_compressed else gzip.decompress(content)
    return response


class _BrowserPage:
    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._store = plane.settings.store()

    def show(self) -> str:
        """Show the page for the version that the query names, else for the champion.

        Raises:
            NotFound: if there is no such version.
            NotReady: if it can't be loaded.
        """
        settings = self._plane.settings
        route = self._plane.select(settings.model, request.args.get("version"))
        model = route.model
        try:
            files = self._store.files(model.number)
        except RegistryError as error:
            raise NotReady(str(error)) from error
        origins = settings.file_origins
        return render_template(
            "browser.html",
            signature=model.signature,
            coded=any(item.levels or item.missing for item in model.signature.inputs),
            version=model.number,
            role=route.role,  # that the log will have of the rows that are compared
            is_published=MODEL in files,
            model_file=MODEL,
            weights_file=_WEIGHTS,
            rows_file=next((name for name in _ROWS_FILES if name in files), ""),
            rows=min(_COMPARED, settings.max_rows),
            predict_url=f"{request.script_root}/v1/models/{settings.model}/versions/{model.number}:predict",
            root=service_address(),
            every_origin=ANY in origins,
            origins=sorted(origins),
        )
