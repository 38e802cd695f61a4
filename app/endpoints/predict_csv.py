"""``POST /predict_csv``: a CSV file of any length, sent back with a prediction, warnings and an error for each row.

Rows are predicted for and logged batch by batch, and a long reply gathers in files without a name: so memory is
bounded, every row is in the log before the first byte of the reply leaves, and a late fault still gets its own status.
(Many clients send all before they read, so a reply that began earlier could wait for them, and they for it.)
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from flask import request

from app.codecs.csv_reader import CsvBatchReader
from app.endpoints.csv_response import CsvResponseWriter, JsonResponseWriter, ResponseWriter, format_location
from app.endpoints.csv_upload import open_upload
from app.endpoints.data_plane import DataPlane
from app.endpoints.query import EXPLAIN, INTERVAL, Query, parse_query
from app.errors import InvalidInput, MalformedRequest, NotReady, TooLarge
from app.http.application import Application
from app.http.audit_log import format_partial_failure
from app.http.context import RequestContext, current_request
from app.http.error_responses import HTTPError
from app.http.request_body import Read
from app.http.responses import CSV, JSON, FileResponse, negotiate
from app.routing.table import Route

PATH = "/predict_csv"
# A reply may be so many times as long as the longest upload: it may have a warning for each value.
_MAX_GROWTH = 8
_MAX_FILES = 3  # at a time: each may hold memory, a temporary file and a thread, and they take turns anyway
_MAX_SEARCH = 10.0  # seconds of one thread that may go into the bad rows of a file


def register(app: Application, plane: DataPlane) -> None:
    """Add the route to the application."""
    app.flask.add_url_rule(PATH, PATH, _Endpoint(app, plane).predict, methods=["POST"])


class _Endpoint:
    """Takes a few files at once, and leaves one thread for other requests."""

    def __init__(self, app: Application, plane: DataPlane) -> None:
        self._mirror = app.mirror
        self._plane = plane
        self._max_upload = plane.settings.max_upload
        self._folder = plane.settings.log_folder  # is writable, and has room
        self._turn = threading.Lock()  # held by the one file that is worked on: the others leave time for requests
        self._slots = threading.BoundedSemaphore(max(1, min(plane.settings.threads - 1, _MAX_FILES)))

    def predict(self) -> FileResponse:
        """Answer a file."""
        try:
            with ExitStack() as held:  # what this request holds until its reply is sent, or there will be none
                if not self._slots.acquire(blocking=False):
                    raise HTTPError(429, "too many files at once: try again in a second", [("Retry-After", "1")])
                held.callback(self._slots.release)
                context = current_request()
                wishes = parse_query(context.environ.get("QUERY_STRING", ""), INTERVAL, EXPLAIN)
                response = self._predict(context, _is_strict(), wishes, held)
                response.held = held.pop_all()
                return response
        except OSError as error:
            raise NotReady(f"a temporary file failed ({error.strerror or error}): try again later") from error

    def _predict(self, context: RequestContext, strict: bool, wishes: Query, held: ExitStack) -> FileResponse:
        route, folder = self._plane.router.route(context.client_id), self._folder
        names = route.model.signature.names
        with open_upload(context, self._max_upload, folder) as (read, filename), self._turn:
            reader = CsvBatchReader(self._give_way(read), route.model.decoder)
            as_csv = negotiate(CSV, JSON) == CSV
            if as_csv:
                writer: ResponseWriter = CsvResponseWriter(reader, folder, held, wishes, names)
            else:
                writer = JsonResponseWriter(folder, held, wishes, names)
            self._predict_batches(reader, writer, route, context, strict, wishes)
        return writer.response(route.model.signature.model, context, filename)

    def _give_way(self, read: Read) -> Read:
        """Return a reader that lets other files have their turn while it waits for the client."""

        def give_way(size: int) -> bytes:
            self._turn.release()
            try:
                return read(size)
            finally:
                self._turn.acquire()

        return give_way

    def _predict_batches(
        self,
        reader: CsvBatchReader,
        writer: ResponseWriter,
        route: Route,
        context: RequestContext,
        strict: bool,
        wishes: Query,
    ) -> None:
        """Predict for every batch and log its rows; what went wrong goes into the request's row."""
        context.version = route.model.number  # also where no row can be predicted for
        count = failed = 0
        first_error = ""
        searched, began = 0.0, time.thread_time()
        for batch in reader.batches():
            if wishes.explain:
                self._plane.explainers.of(route.model).check_row_count(count + len(batch.records))
            result = self._plane.pipeline.predict_partial(route, batch.inputs, count, wishes.level)
            context.add(result)
            if result.errors:
                first_error = first_error or format_location(result.errors[0], batch.lines)
                if strict:
                    errors = [error._replace(row=count + error.row) for error in result.errors]
                    raise result.error_type.from_errors(errors, first_error)
            bad = len({error.row for error in result.errors})
            failed += bad
            explanations = self._plane.explain(context, route, result, count) if wishes.explain else None
            writer.add(batch, result, count, explanations)
            if writer.size() > (limit := _MAX_GROWTH * self._max_upload):
                raise TooLarge(f"the reply would have more than {limit} bytes: send a part of the file at a time")
            count += len(batch.records)
            if context.attempts:
                attempts, explained = context.attempts, context.explained
                self._plane.audit_log.append_attempts(context.arrived, context.request_id, attempts, explained)
                context.attempts = ()
                context.explained = ()
            self._mirror(context)
            now = time.thread_time()
            searched, began = searched + (now - began) * bad / len(batch.records), now
            if searched > _MAX_SEARCH:
                stopped = f"the first {failed} bad rows took {_MAX_SEARCH:g} s, and more are not looked for"
                raise InvalidInput(f"{stopped}: correct them or send a part of the file at a time; {first_error}")
        if not count:
            raise MalformedRequest("there is no row behind the header")
        if failed:
            context.error = format_partial_failure(failed, count, first_error)


def _is_strict() -> bool:
    values = request.args.getlist("strict") or ["0"]
    if values not in (["0"], ["1"]):
        raise MalformedRequest("strict: expected 0 or 1, once")
    return values == ["1"]
