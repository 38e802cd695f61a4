"""``GET /openapi.json``: the interface of this service as OpenAPI 3.1, with the champion's inputs and examples.

``GET /docs`` shows it as a page to try requests on. Swagger UI's files come from this service, not from another host.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from flask import render_template, request, send_from_directory
from werkzeug.exceptions import NotFound

from app.codecs.batch import InputBatch
from app.endpoints.openapi.document import FIXED_PART, add_security, build_document
from app.endpoints.openapi.examples import ExampleRows
from app.endpoints.openapi.schemas import json_value
from app.http.access import Access
from app.http.application import Application
from app.http.responses import CONTENT_SECURITY_POLICY, PAGE_POLICY, JSONResponse
from app.routing.cache import LoadedModel
from app.routing.router import ModelRouter
from app.settings import Settings
from registry import RegistryError, VersionStore

logger = logging.getLogger(__name__)

_EXAMPLE_ROWS = 2
_FILES = frozenset({"swagger-ui-bundle.js", "swagger-ui.css"})
# Swagger UI's style sheet contains its icons as data: URLs.
_POLICY = PAGE_POLICY.replace("img-src 'self'", "img-src 'self' data:")


def register(app: Application, router: ModelRouter, settings: Settings, access: Access) -> None:
    """Add the routes to the application."""
    store = VersionStore(settings.models, settings.model)
    swagger_ui = _swagger_ui()
    fixed_part = FIXED_PART.read_bytes()
    documents: dict[str, dict[str, Any]] = {}  # by the version's digest; of the champion only

    def openapi() -> Any:
        model = router.champion().model
        content = documents.get(model.digest)
        if content is None:
            rows = example_rows(model, store)
            content = build_document(fixed_part, model.signature, model.number, model.digest, settings.max_rows, rows)
            asked = frozenset(app.questions)
            add_security(
                content,
                lambda method, path: any(
                    access.find_tokens(method, path, predicts=predicts) for predicts in (False, path in asked)
                ),
            )
            documents.clear()
            documents[model.digest] = content
        servers = {"servers": [{"url": request.script_root}]} if request.script_root else {}
        return JSONResponse({**content, **servers})

    def docs() -> Any:
        return render_template("docs.html"), {CONTENT_SECURITY_POLICY: _POLICY}

    def docs_file(name: str) -> Any:
        if name not in _FILES:
            raise NotFound
        return send_from_directory(swagger_ui, name)

    app.flask.add_url_rule("/openapi.json", "openapi", openapi)
    app.flask.add_url_rule("/docs", "docs", docs)
    app.flask.add_url_rule("/docs/<name>", "docs_file", docs_file)


def example_rows(model: LoadedModel, store: VersionStore) -> ExampleRows:
    """Return a few training rows that the version predicts without a warning; if there are none, its example."""
    try:
        training = store.reference(model.number)
    except RegistryError as error:  # the version is loaded and can still predict
        logger.warning("no examples from the training data: %s", error)
        training = []
    rows = []
    for row in training:
        values = np.array([row], dtype=np.float64)
        warnings, errors = model.validator.find_errors(InputBatch(values))
        predictions = model.predictor.predict(values.astype(np.float32))
        if warnings or errors or model.validator.validate_outputs(predictions):
            continue
        rows.append(list(map(json_value, model.signature.inputs, row)))
        if len(rows) == _EXAMPLE_ROWS:
            break
    return rows or [list(map(json_value, model.signature.inputs, model.signature.example))]


def _swagger_ui() -> Path:
    spec = find_spec("flask_swagger_ui")
    assert spec is not None  # noqa: S101 - it is a dependency
    assert spec.submodule_search_locations  # noqa: S101 - and a package
    return Path(spec.submodule_search_locations[0]) / "dist"
