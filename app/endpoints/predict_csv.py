"""``POST /predict_csv``: a CSV file of any length, given back with a prediction, warnings and an error for each row.

Rows are predicted for and logged block by block, and the reply gathers in files without a name: so memory is bounded,
every row is in the log before the first byte of the reply leaves, and a fault on the way is still a status of its own.
(Many clients send all before they read, so a reply that began earlier could wait for them, and they for it.)
"""

from __future__ import annotations

import threading
from typing import Any

from flask import request

from app.codecs.csv_reader import Reader
from app.codecs.validation import refusal
from app.endpoints.csv_response import CsvResponseWriter, JsonResponseWriter, placed
from app.endpoints.upload import Upload
from app.errors import FieldError, Refusal
from app.http.application import App
from app.http.context import RequestContext, current
from app.http.responses import CSV, JSON, FileReply, prefers
from app.inference.pipeline import InferencePipeline
from app.routing.router import ModelRouter
from app.routing.table import Route
from app.settings import Settings
from journal import Journal, PartialFailure

PATH = "/predict_csv"
# How many times as long as an upload may be, a reply may get: with a warning for each value, or an error for each row.
_GROWTH = 8


def register(app: App, versions: ModelRouter, service: InferencePipeline, settings: Settings, journal: Journal) -> None:
    """Add the route to the application."""
    # One thread at least is left for all others, also while clients take their time to read.
    slots = threading.BoundedSemaphore(max(1, settings.threads - 1))
    longest = _GROWTH * settings.max_upload
    folder = settings.logs / settings.model  # the one place where there is room, and which is written anyway

    def predict_all(
        reader: Reader,
        table: CsvResponseWriter | JsonResponseWriter,
        serving: Route,
        record: RequestContext,
        strict: bool,
    ) -> None:
        """Predict for every block, and have its rows in the log; what went wrong goes into the request's row."""
        record.version = serving.version.number  # also where no row can be predicted for
        count = bad = 0
        worst = ""
        for block in reader.blocks():
            found = service.predict_sound(serving, block.table, record, count)
            if found.problems:
                worst = worst or placed(found.problems[0], block.lines)
                if strict:
                    problems = [FieldError(count + p.row, p.input, p.message) for p in found.problems]
                    raise refusal(500 if found.failed else 422, problems, worst)
                bad += len({problem.row for problem in found.problems})
            table.add(block, found, count)
            if table.size() > longest:
                raise Refusal(413, f"the reply would have more than {longest} bytes: send a part of the file at a time")
            count += len(block.records)
            journal.append(record.day, {"predictions": b"".join(record.predictions)})
            record.predictions.clear()
            if record.shadowed:
                app.show(record)
        if not count:
            raise Refusal(400, "there is no row behind the header")
        if bad:
            record.error = str(PartialFailure(bad, count, worst))

    def predict_csv() -> Any:
        if not slots.acquire(blocking=False):
            raise Refusal(429, "too many files at once: try again in a second", headers=[("Retry-After", "1")])
        try:
            reply = answer(current(), _strict())
        except BaseException:
            slots.release()
            raise
        reply.at_end = slots.release
        return reply

    def answer(record: RequestContext, strict: bool) -> FileReply:
        serving = versions.choose(record)
        try:
            with Upload(record, settings.max_upload, folder) as upload:
                reader = Reader(upload.read, serving.decoder)
                with (
                    CsvResponseWriter(reader, folder)
                    if prefers(CSV, JSON) == CSV
                    else JsonResponseWriter(folder) as table
                ):
                    predict_all(reader, table, serving, record, strict)
        except OSError as error:
            raise Refusal(503, f"there is no room for the reply ({error.strerror}): try again later") from error
        return table.reply(serving.signature.model, record, upload.filename)

    app.add_url_rule(PATH, PATH, predict_csv, methods=["POST"])


def _strict() -> bool:
    values = request.args.getlist("strict") or ["0"]
    if values not in (["0"], ["1"]):
        raise Refusal(400, "strict: expected 0 or 1, once")
    return values == ["1"]
