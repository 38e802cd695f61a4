"""What the endpoints share: the parts of the service, explanations, the version that a URL names, and readiness."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import NotFound, NotReady
from app.http.audit_log import AuditLog
from app.http.context import RequestContext
from app.inference.explainer import Explanation
from app.inference.explainers import Explainers
from app.inference.explanations import explain_answer
from app.inference.pipeline import InferencePipeline
from app.results import PredictionResult
from app.routing.router import ModelRouter
from app.routing.table import Route
from app.settings import Settings
from registry import Signature


@dataclass(frozen=True, slots=True)
class DataPlane:
    """The parts of the service that the endpoints share, for the one model that is served."""

    router: ModelRouter
    pipeline: InferencePipeline
    audit_log: AuditLog
    settings: Settings
    explainers: Explainers

    def explain(
        self, context: RequestContext, route: Route, result: PredictionResult, first: int = 0
    ) -> list[Explanation | None]:
        """Explain what a route answered, and have that logged with the request.

        Args:
            first: which row of the request is the first of the result.

        Returns:
            the explanation of each row, by the version that answered it; None where there is no answer.

        Raises:
            TooLarge: if these are too many rows for one request.
            ServingError: if a version can't be explained.
        """
        explanations, logged = explain_answer(self.explainers, route, result, first)
        context.explained = [*context.explained, *logged]
        return explanations

    def select(self, name: str, number: str | None, context: RequestContext | None = None) -> Route:
        """Return the route of the version that a URL names; without a number, of the one that answers this request.

        Args:
            name: the model that the URL names.
            number: as the URL has it.
            context: of a request for a prediction; without one, the champion is meant.

        Raises:
            NotFound: if the model is another one, or the version is not published.
            NotReady: if there is no version that can answer.
        """
        model = self.settings.model
        if name != model:
            raise NotFound(f"there is no model {name} here, only {model}")
        if number is None:
            return self.router.route(context.client_id) if context else self.router.champion()
        if not (number.isascii() and number.isdecimal()) or len(number) > 18:  # more than any version has
            raise NotFound(f"{model}: version {number} is not published")
        return self.router.pinned(int(number))

    def check(self) -> Route:
        """Return the route that would answer, after a check that its prediction could be logged.

        Raises:
            NotReady: with the reason why nothing can answer.
        """
        route = self.router.champion()
        self.audit_log.check()
        return route

    def is_ready(self) -> bool:
        """Return whether a prediction can be made and logged."""
        try:
            self.check()
        except NotReady:
            return False
        return True


def takes_texts(signature: Signature) -> bool:
    """Return whether clients send texts for an input of the model, so that its rows are no matrix of numbers."""
    return any(item.levels for item in signature.inputs)
