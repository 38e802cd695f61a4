"""``/monitor``: the newest report of the monitor as a page, with the verdicts of the days before, and as JSON.

The reports are made by another process; this one reads files.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template

from app.endpoints.data_plane import DataPlane
from app.endpoints.report_files import DAY, ReportFiles
from app.errors import NotFound
from app.http.application import Application
from app.http.responses import CONTENT_SECURITY_POLICY, HTML, BytesResponse, JSONResponse, revalidated_page

logger = logging.getLogger(__name__)

_STALE = timedelta(hours=3)  # the monitor reports each hour
# A report's file has its style in it, and nothing else: whoever wrote it, it runs no script and asks nobody.
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    files = ReportFiles(plane.settings.log_folder / "reports")

    def monitor() -> Any:
        report, alert = files.newest(), files.alert()
        shown = {"verdicts": files.verdicts(), "model": plane.settings.model, "stale": _is_stale(report)}
        faults = files.faults
        try:
            return revalidated_page(render_template("monitor.html", report=report, alert=alert, faults=faults, **shown))
        except Exception:  # another version's report may lack a member: the page says so, and the log what
            logger.exception("%s: the newest reports can't be drawn", files.folder)
        faults["newest"] = "The newest reports can't be drawn; the error log says why."
        return render_template("monitor.html", report=None, alert=None, faults=faults, **shown)

    def as_json() -> Any:
        return JSONResponse({"report": files.newest(), "alert": files.alert(), "verdicts": files.verdicts()})

    def as_file(day: str) -> Any:
        content = files.html(day)
        if content is None:
            raise NotFound(f"there is no report of {day}" if DAY.fullmatch(day) else "there is no such report")
        response = BytesResponse(content, HTML)
        response.headers[0] = ("Content-Type", f"{HTML}; charset=utf-8")
        response.headers.append((CONTENT_SECURITY_POLICY, _FILE_POLICY))
        return response

    routes = Blueprint("monitor", __name__)
    routes.add_url_rule("/monitor", "page", monitor)
    routes.add_url_rule("/monitor.json", "json", as_json)
    routes.add_url_rule("/monitor/report-<day>.html", "file", as_file)
    app.flask.register_blueprint(routes)


def _is_stale(report: dict[str, Any] | None) -> bool:
    """Return whether the monitor should have made another report since this one."""
    try:
        return report is not None and datetime.now(UTC) - datetime.fromisoformat(report["created"]) > _STALE
    except (ValueError, TypeError):  # no time, or one without a zone
        return True
