"""The Flask service: one prediction path, thin protocol adapters over it, pages.

It knows the registry and the journal; it knows neither training nor monitoring, and loads TensorFlow only if asked to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from app.endpoints import health, mlflow, open_inference, openapi, pages, predict_csv, predict_json, tensorflow_serving
from app.http.application import App
from app.inference.pipeline import InferencePipeline
from app.inference.shadow import ShadowMirror
from app.routing.router import ModelRouter
from app.server.malloc import keep_freed
from app.settings import Settings
from journal import REQUEST_COLUMNS, Journal


def create_app(
    settings: Settings | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    write: Callable[[int, bytes], int] = os.write,
) -> Flask:
    """Make the application; a worker calls this after it was forked.

    Args:
        settings: by default those of the environment.
        now: the wall clock, in UTC.
        write: what writes the logs' bytes.

    Raises:
        SettingError: if a SERVE_ variable can't be used.
    """
    settings = settings or Settings.from_env(os.environ)
    keep_freed()

    journal = Journal(settings.log_folder, durability=settings.durability, write=write)
    journal.add_stream("requests", REQUEST_COLUMNS)
    versions = ModelRouter(settings, journal)
    versions.look()  # a champion that can't be opened is no reason not to start: it is tried again
    versions.follow()
    service = InferencePipeline(versions)
    shadow = ShadowMirror(versions, journal)

    app = App(journal, now, shadow.show)
    app.extensions["versions"] = versions
    ready = health.Readiness(versions, journal)
    app.register_blueprint(health.blueprint(ready, versions, shadow))
    app.register_blueprint(pages.blueprint(versions, service, settings))
    predict_json.register(app, versions, service, settings)
    predict_csv.register(app, versions, service, settings, journal)
    tensorflow_serving.register(app, versions, service, settings)
    open_inference.register(app, versions, service, settings, ready)
    mlflow.register(app, versions, service, settings, ready)
    openapi.register(app, versions, settings)
    return app
