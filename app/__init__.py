"""The Flask service: one prediction path for all protocols. docs/architecture.md draws its rooms.

It knows the registry and the journal. It knows neither training nor monitoring. TensorFlow is loaded only on request.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

import charts
from app.endpoints import (
    browser,
    feedback,
    form,
    header,
    health,
    metrics,
    mlflow,
    model_pages,
    monitor,
    open_inference,
    openapi,
    pages,
    predict_csv,
    predict_json,
    tensorflow_serving,
    traces,
    version_files,
)
from app.endpoints.data_plane import DataPlane
from app.http.access import Access
from app.http.application import Application
from app.http.audit_log import AuditLog
from app.http.context import RequestContext
from app.http.cors import CrossOrigin
from app.http.forwarded import ForwardedHeaders
from app.inference.explainers import Explainers
from app.inference.pipeline import InferencePipeline
from app.inference.shadow import ShadowMirror
from app.metrics.deciles import find_deciles
from app.metrics.recorder import Recorder
from app.metrics.slots import own_slot
from app.routing.cache import LoadedModel
from app.routing.router import ModelRouter
from app.routing.table import RoutingEvents
from app.server.malloc import tune_malloc
from app.settings import PATH_PREFIX, Settings
from registry import plain

TEMPLATES = Path(__file__).parent.parent / "templates"


def create_app(
    settings: Settings | None = None,
    *,
    now: Callable[[], float] = time.time,
    write: Callable[[int, bytes], int] = os.write,
) -> Flask:
    """Return the application; a worker calls this after it was forked.

    Args:
        settings: by default those of the environment.
        now: the wall clock, in seconds since the epoch.
        write: what writes the logs' bytes.

    Raises:
        SettingError: if a SERVE_ variable can't be used.
    """
    settings = settings or Settings.from_env(os.environ)
    tune_malloc()

    slots, number = own_slot()
    recorder = Recorder(slots.slot(number))
    audit_log = AuditLog(settings.log_folder, settings.durability, write, recorder)
    store = settings.store()

    def on_load(model: LoadedModel) -> None:
        audit_log.set_inputs(model.signature.names)
        deciles = find_deciles(store, model.number, model.predictor, model.signature.inputs)
        recorder.set_version(model.number, model.signature.names, deciles)

    events = RoutingEvents(recorder.count, recorder.set_breaker)
    router = ModelRouter(settings, on_load, events=events)
    router.refresh()  # a service whose champion can't be loaded starts, and tries again
    router.start()
    shadow = ShadowMirror(router, audit_log.append_attempts, recorder.count)

    def mirror(context: RequestContext) -> None:
        for mirrored in context.to_mirror:
            shadow.submit(context.arrived, context.request_id, mirrored)
        context.to_mirror = ()

    flask = Flask("app", template_folder=str(TEMPLATES))
    flask.url_map.merge_slashes = False  # a doubled slash makes another path, and no redirect
    flask.jinja_env.trim_blocks = flask.jinja_env.lstrip_blocks = True
    flask.add_template_filter(plain)
    flask.jinja_env.globals["charts"] = charts
    flask.extensions["router"] = router
    access = Access(settings.tokens, settings.page_tokens, settings.feedback_token)
    cross_origin = CrossOrigin(settings.prediction_origins, settings.file_origins)
    app = Application(flask, audit_log, now, mirror, access, recorder, cross_origin)
    explainers = Explainers(store, settings.runtime)
    plane = DataPlane(router, InferencePipeline(router), audit_log, settings, explainers)
    families = (
        pages,
        model_pages,
        version_files,
        browser,
        predict_json,
        predict_csv,
        tensorflow_serving,
        open_inference,
        mlflow,
    )
    for family in (*families, monitor):
        family.register(app, plane)
    form.register(app, plane, access)
    feedback.register(app, plane, access)
    traces.register(app, plane, access)
    health.register(app, plane, shadow, access)
    header.register(app, plane, access)
    openapi.register(app, router, settings, access)
    metrics.register(app, plane, slots, recorder)
    recorder.set_routes([rule.rule for rule in flask.url_map.iter_rules()] + app.fast_routes)
    if settings.trusted_proxies or settings.prefix:
        roots = {rule.rule.split("/")[1] for rule in flask.url_map.iter_rules()}
        flask.wsgi_app = ForwardedHeaders(  # type: ignore[method-assign]  # Flask documents it as the place for a wrapper
            flask.wsgi_app, settings.proxies, settings.prefix, PATH_PREFIX.fullmatch, roots
        )
    return flask
