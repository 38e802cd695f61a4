"""The Flask service: one prediction path, thin protocol adapters over it, pages.

It knows the registry and the journal; it knows neither training nor monitoring, and loads TensorFlow only if asked to.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, Response

from app import health, pages, predict
from app.errors import Refusal
from app.http import as_refusal, finish, refusal_reply
from app.record import Recorder, current
from app.service import Service
from app.settings import Settings
from journal import REQUEST_COLUMNS, DayLog, JournalError

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent.parent / "templates"


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
    app = Flask("app", template_folder=str(TEMPLATES))
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}

    def open_log(stream: str, columns: tuple[str, ...]) -> DayLog:
        folder = settings.logs / settings.model
        return DayLog(folder, stream, columns, durability=settings.durability, write=write)

    requests = open_log("requests", REQUEST_COLUMNS)
    recorder = Recorder(requests, now)
    service = Service(settings, open_log)
    with suppress(Refusal):  # a champion that can't be opened is no reason not to start: see Service.champion
        service.champion()

    def answer_fault(error: Exception) -> Response:
        refusal = as_refusal(error)
        if not isinstance(error, Refusal) and refusal.status >= 500:
            logger.error("request %s: %s", current().request_id, error, exc_info=not isinstance(error, JournalError))
        current().error = refusal.error
        return refusal_reply(refusal)

    def end(response: Response) -> Response:
        try:
            recorder.append(response)
        except JournalError as error:
            response = answer_fault(error)
        return finish(response)

    recorder.init_app(app)
    app.register_error_handler(Exception, answer_fault)
    app.after_request(end)
    app.register_blueprint(health.blueprint(service, requests))
    app.register_blueprint(predict.blueprint(service, settings.max_body))
    app.register_blueprint(pages.blueprint(service, settings.max_body))
    return app
