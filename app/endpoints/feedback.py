"""``POST /feedback``: ground truth. What turned out to be true of rows that were predicted, into the log."""

from __future__ import annotations

from app.codecs.feedback import decode_objects, decode_records
from app.endpoints.data_plane import DataPlane
from app.http.access import FEEDBACK_PATH, Access
from app.http.application import Application
from app.http.audit_log import SentTruth, add_truths
from app.http.context import RequestContext
from app.http.request_body import read_body, require_media_type
from app.http.responses import CSV, JSON, JSONResponse


def register(app: Application, plane: DataPlane, access: Access) -> None:
    """Add the route to the application."""
    settings = plane.settings

    def feedback(context: RequestContext) -> JSONResponse:
        access.check_feedback(context.environ)
        body = read_body(context, None, settings.max_body)
        if require_media_type(context.environ, JSON, CSV) == CSV:
            records = decode_records(body, settings.max_rows)
            sent = [SentTruth(cells, fault, f"line {line}: ") for line, cells, fault in records]
        else:
            objects = decode_objects(body, settings.max_rows)
            sent = [SentTruth((), item) if isinstance(item, str) else SentTruth(item) for item in objects]
        add_truths(context, sent, plane.router.champion().model.signature.output.plausible)
        return JSONResponse({"success": True, "recorded": len(sent), "request_id": context.request_id})

    app.add_fast_route(FEEDBACK_PATH, feedback)
