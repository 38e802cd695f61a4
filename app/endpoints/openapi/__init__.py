"""``GET /openapi.json``: what this service takes and gives, as OpenAPI 3.1, from the champion's signature.

``GET /docs`` shows it as a page to try it on, with Swagger UI's files and none from anybody else.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from flask import render_template, send_from_directory
from werkzeug.exceptions import NotFound

from app.codecs.batch import InputBatch
from app.endpoints.openapi import paths, replies, schemas
from app.endpoints.openapi.bodies import Bodies, Samples
from app.http.application import Application
from app.http.responses import CONTENT_SECURITY_POLICY, JSON, PAGE_POLICY, BytesResponse
from app.routing.cache import LoadedModel
from app.routing.router import ModelRouter
from app.settings import VERSION, Settings
from registry import RegistryError, VersionStore

logger = logging.getLogger(__name__)

_SAMPLES = 2
_FILES = frozenset({"swagger-ui-bundle.js", "swagger-ui.css"})
# Swagger UI's style sheet has its icons in itself.
_POLICY = PAGE_POLICY.replace("img-src 'self'", "img-src 'self' data:")


def register(app: Application, router: ModelRouter, settings: Settings) -> None:
    """Add the routes to the application."""
    store = VersionStore(settings.models, settings.model)
    folder = _swagger_ui()
    made: dict[str, bytes] = {}  # by the version's digest; of the champion only

    def openapi() -> Any:
        model = router.champion().model
        digest = model.digest
        content = made.get(digest)
        if content is None:
            content = orjson.dumps(document(model, settings, samples(model, store)))
            made.clear()
            made[digest] = content
        return BytesResponse(content, JSON)

    def docs() -> Any:
        return render_template("docs.html"), {CONTENT_SECURITY_POLICY: _POLICY}

    def docs_file(name: str) -> Any:
        if name not in _FILES:
            raise NotFound
        return send_from_directory(folder, name)

    app.flask.add_url_rule("/openapi.json", "openapi", openapi)
    app.flask.add_url_rule("/docs", "docs", docs)
    app.flask.add_url_rule("/docs/<name>", "docs_file", docs_file)


def samples(model: LoadedModel, store: VersionStore) -> Samples:
    """A few rows of the training data that the version answers without a warning; else its example."""
    try:
        rows = store.reference(model.number)
    except RegistryError as error:  # it is open, and can be asked
        logger.warning("no examples from the training data: %s", error)
        rows = []
    chosen: list[list[int | float]] = []
    for row in rows:
        values = np.array([row], dtype=np.float64)
        warnings, problems = model.validator.find_errors(InputBatch(values))
        if warnings or problems or model.validator.validate_outputs(model.predictor.predict(values.astype(np.float32))):
            continue
        chosen.append(list(map(schemas.number, row)))
        if len(chosen) == _SAMPLES:
            break
    return chosen or [list(map(schemas.number, model.signature.example))]


def document(model: LoadedModel, settings: Settings, rows: Samples) -> dict[str, Any]:
    """The whole document, for one version."""
    signature = model.signature
    bodies = Bodies(signature, settings.max_rows, rows)
    found = {
        **paths.own(bodies),
        **paths.tensorflow_serving(signature, bodies, model.number),
        **paths.open_inference(signature, bodies, model.number),
        **paths.scoring(bodies),
        **paths.pages(),
        **paths.health(signature),
        **paths.model_card(signature, model.number),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": signature.title,
            "version": VERSION,
            "description": f"Version {model.number} of the model {signature.model}, {model.digest}. "
            "Limits and examples are of this version; another that is named in a path may have its own.",
        },
        "tags": [{"name": item.tag, "description": item.description} for item in replies.PROTOCOLS],
        "paths": found,
        "components": {
            "schemas": {
                **schemas.components(signature, settings.max_rows),
                **bodies.components(),
                **replies.components(signature),
            },
            "responses": replies.errors(found),
            "headers": replies.HEADERS,
            "parameters": _headers(),
        },
    }


def _headers() -> dict[str, Any]:
    texts = {
        "X-Request-ID": f"Kept as the request's id if it is like {replies.REQUEST_ID['pattern']}; else one is made",
        "X-Client-ID": "Actor asks: while a canary is on trial, a client always gets the same version",
    }
    return {name: paths.parameter(name, "header", {"type": "string"}, text) for name, text in texts.items()}


def _swagger_ui() -> Path:
    spec = find_spec("flask_swagger_ui")
    assert spec is not None  # noqa: S101 - it is a dependency
    assert spec.submodule_search_locations  # noqa: S101 - and a package
    return Path(spec.submodule_search_locations[0]) / "dist"
