"""The home page and the page to upload a file: what the service predicts, how good it is, and how to ask it."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass

from flask import Blueprint, render_template
from markupsafe import Markup
from werkzeug import Response

from app.endpoints.data_plane import DataPlane
from app.endpoints.lately import LatelyReader
from app.endpoints.published_versions import PublishedVersion, PublishedVersions
from app.endpoints.snippets import make_snippets, service_address
from app.endpoints.version_view import fit_of, interval_hold
from app.http.application import Application
from app.http.responses import revalidated_page
from app.routing.cache import LoadedModel

logger = logging.getLogger(__name__)

_RETRY = 60.0  # seconds after which a version whose files could not be read is read again
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    pages = _Pages(plane)
    routes = Blueprint("pages", __name__)
    routes.add_url_rule("/", "index", pages.index)
    routes.add_url_rule("/form_csv", "upload", pages.upload)
    app.flask.register_blueprint(routes)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the home page shows of how good a version is, drawn once for it."""

    digest: str = ""
    until: float = 0.0  # on the monotonic clock
    lead: str = ""
    figures: str = ""


class _Pages:
    """The pages, over the versions that can be asked."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._lately = LatelyReader(plane.audit_log)
        self._versions = PublishedVersions(plane.settings.store())
        self._shown = _Shown()

    def index(self) -> Response:
        """Show what is predicted, how good it is, how to ask, and what happened lately."""
        model = self._plane.router.champion().model
        signature = model.signature
        count = len(signature.inputs)
        page = render_template(
            "index.html",
            signature=signature,
            version=model.number,
            count=_COUNTS[count] if count < len(_COUNTS) else count,
            good=self._draw(model),
            snippets=make_snippets(
                f"{service_address()}/predict_json", signature, token=bool(self._plane.settings.tokens)
            ),
            lately=self._lately.read(signature.places),
        )
        return revalidated_page(page)

    def _draw(self, model: LoadedModel) -> _Shown:
        shown = self._shown
        if shown.digest != model.digest or time.monotonic() > shown.until:
            version = self._versions.get(model.number) or PublishedVersion(model.number, fault="it is gone")
            if version.fault:  # it is loaded and can still predict
                logger.warning("no figures on the home page: %s", version.fault)
            context = {
                "signature": model.signature,
                "card": version.card,
                "fit": fit_of(version.figures),
                "hold": interval_hold(version),
            }
            parts = (
                Markup(render_template(f"index_{name}.html", **context))  # noqa: S704 - what a template has escaped
                for name in ("lead", "figures")
            )
            until = time.monotonic() + _RETRY if version.fault else math.inf
            self._shown = shown = _Shown(model.digest, until, *parts)
        return shown

    def upload(self) -> str:
        """Show the form for a CSV file."""
        signature = self._plane.router.champion().model.signature
        return render_template("upload.html", signature=signature, max_upload=self._plane.settings.max_upload)
