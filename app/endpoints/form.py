"""The form: made from the signature, answered at its own address, with JavaScript and without.

``GET /form`` with values asks for a prediction, so the address can be shared; it is logged as any other is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus, urlencode

from flask import Blueprint, make_response, redirect, render_template, request, url_for

from app.endpoints.data_plane import DataPlane
from app.endpoints.form_answer import Answer, interval_level, make_answer
from app.endpoints.form_dates import typed_date
from app.endpoints.form_fields import make_fields, place_problems, shown_sources
from app.endpoints.form_truth import FormTruth
from app.endpoints.predict_json import answer_with
from app.endpoints.query import EXPLAIN, INTERVAL, parse_query
from app.errors import MalformedRequest, ServingError
from app.http.access import FORM_FEEDBACK_PATH, Access
from app.http.application import Application
from app.http.context import RequestContext, current_request
from app.http.error_responses import status_of
from app.http.form_body import read_form, read_query
from app.http.responses import HTML, JSON, negotiate
from app.inference.explainer import Explainer, Explanation
from app.results import PredictionResult
from app.routing.cache import LoadedModel
from app.routing.table import Route
from registry import Signature

logger = logging.getLogger(__name__)

FORM_PATH = "/form"
Fields = list[tuple[str, str]]


def register(app: Application, plane: DataPlane, access: Access) -> None:
    """Add the routes to the application."""
    pages = _Form(plane, access)
    truth = FormTruth(plane, access)
    routes = Blueprint("form", __name__)
    routes.add_url_rule(FORM_PATH, "page", pages.page)
    routes.add_url_rule("/form_async", "moved", _move)
    routes.add_url_rule("/predict_form", "predict", pages.predict, methods=["POST"])
    routes.add_url_rule(FORM_FEEDBACK_PATH, "tell", truth.tell, methods=["POST"])
    app.flask.register_blueprint(routes)
    app.add_question(FORM_PATH, pages.asks)


def _move() -> Any:
    """Send who has an old address to the form."""
    query = request.environ.get("QUERY_STRING", "")
    return redirect(url_for("form.page") + (f"?{query}" if query else ""), 308)


class _Form:
    def __init__(self, plane: DataPlane, access: Access) -> None:
        self._plane = plane
        self._access = access

    def asks(self, query: str) -> bool:
        """Return whether a query has a value for an input, under one of its names; also if nobody knows the inputs."""
        try:
            names = self._plane.router.champion().model.decoder.accepted
        except ServingError:
            return True
        return any(unquote_plus(part.partition("=")[0]) in names for part in query.split("&"))

    def page(self) -> Any:
        """Show the form; with the answer, if the address has values."""
        context = current_request()
        if not context.predicts:
            return self._render(None, {})
        response = make_response(self._answer(context, lambda: read_query(context)))
        response.headers["Cache-Control"] = "no-store"  # a page from a cache would be an answer without a row
        return response

    def predict(self) -> Any:
        """Answer the form's fields in a body, as a page or as JSON."""
        context = current_request()
        read: Callable[[], Fields] = lambda: read_form(context, self._plane.settings.max_body)  # noqa: E731 - short
        wishes = parse_query(context.environ.get("QUERY_STRING", ""), INTERVAL, EXPLAIN)
        if negotiate(HTML, JSON) == HTML:
            return self._answer(context, read)
        fields = read()
        route = self._plane.router.route(context.client_id)
        batch, _ = route.model.decoder.decode_form(fields)
        return answer_with(wishes, self._plane, context, route, batch, single=True)

    def _answer(self, context: RequestContext, read: Callable[[], Fields]) -> tuple[str, int]:
        """Return the form with the answer or with what is wrong, and the status."""
        asked: LoadedModel | None = None
        typed: dict[str, str] = {}
        try:
            fields = read()
            route = self._plane.router.route(context.client_id)
            asked = route.model
            batch, typed = asked.decoder.decode_form(fields)
            result = self._plane.pipeline.predict(route, batch, interval_level(route.model))
            context.add_complete(result)
        except ServingError as error:
            context.fail(error)
            return self._render(asked, typed, error), status_of(error)
        answering = _answering(route, result.version)
        explanation, explainer = self._explain(context, route, result)
        answer = make_answer(answering, result, explanation, explainer)
        return self._render(asked, typed, answer=answer, answering=answering), 200

    def _explain(
        self, context: RequestContext, route: Route, result: PredictionResult
    ) -> tuple[Explanation | None, Explainer | None]:
        """Return why the row got its prediction, and what explains the version; None each where that can't be told."""
        explainer = None
        try:
            explainer = self._plane.explainers.of(_answering(route, result.version))
            return self._plane.explain(context, route, result)[0], explainer
        except MalformedRequest:  # it has no training rows
            return None, None
        except Exception:  # whatever a file or a runtime raises: the prediction is not lost for its explanation
            logger.exception("request %s: there is no explanation", context.request_id)
            return None, explainer

    def _render(
        self,
        asked: LoadedModel | None,
        typed: dict[str, str],
        error: ServingError | None = None,
        answer: Answer | None = None,
        answering: LoadedModel | None = None,
    ) -> str:
        """Return the page.

        Args:
            asked: the version that read what was typed, and whose fields these are; None for the champion.
            answering: the version that answered: another one, if its names of inputs differ, has no field for some.
        """
        asked = asked or self._plane.router.champion().model
        signature = asked.signature
        names = [source.name for source in shown_sources(signature, typed)]
        problems, messages = place_problems(error.errors if error else (), names)
        if error and not problems and not messages:
            messages = [error.message]
        environ = current_request().environ
        # How the training rows are spread is shown to who may see the model's pages.
        figures = (answering or asked).figures if self._access.shows_details(environ) else None
        return render_template(
            "form.html",
            signature=signature,
            figures=figures,
            fields=make_fields(signature, figures, typed, problems),
            messages=messages,
            answer=answer,
            request_id=current_request().request_id,
            query=urlencode({name: typed[name] for name in names if name in typed}),
            example=urlencode(_typed_example(signature)),
            may_tell=self._access.may_tell(environ),
            needs_feedback_token=self._access.needs_feedback_token,
            may_trace=self._access.may_see_records(environ),
        )


def _typed_example(signature: Signature) -> dict[str, str]:
    """Return a typical row as a person would type it."""
    typed = {
        name: f"{value:.15g}" if isinstance(value, float) else value or ""
        for name, value in signature.example_by_name.items()
    }
    return typed | {date.name: typed_date(date, date.example) for date in signature.dates}


def _answering(route: Route, number: int) -> LoadedModel:
    """Return the version of a route that answered."""
    while route.model.number != number and route.fallback is not None:
        route = route.fallback
    return route.model
