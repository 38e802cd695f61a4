"""The pages: what the service predicts and how to ask it, and the form, with and without JavaScript."""

from __future__ import annotations

from typing import Any

import mistune
from flask import Blueprint, render_template, request

from app.endpoints.predict_json import reply
from app.errors import Refusal
from app.http.context import current
from app.http.request_body import read_body
from app.http.responses import FORM, HTML, JSON, prefers
from app.inference.pipeline import InferencePipeline
from app.routing.router import ModelRouter
from app.settings import Settings

MEND = "No prediction: please mend what is marked."


def blueprint(versions: ModelRouter, service: InferencePipeline, settings: Settings) -> Blueprint:
    """The pages, over the versions that can be asked."""
    routes = Blueprint("pages", __name__)
    markdown = mistune.create_markdown(escape=True, plugins=["table"])

    def form(**context: Any) -> str:
        empty: dict[str, Any] = {"typed": {}, "problems": {}, "messages": []}
        return render_template("form.html", signature=versions.champion().signature, **{**empty, **context})

    @routes.get("/")
    def index() -> str:
        serving = versions.champion()
        return render_template(
            "index.html", signature=serving.signature, version=serving.version, root=request.url_root
        )

    @routes.get("/form")
    def plain_form() -> str:
        return form()

    @routes.get("/form_async")
    def form_in_place() -> str:
        return form(in_place=True)

    @routes.get("/form_csv")
    def upload() -> str:
        return render_template("upload.html", signature=versions.champion().signature)

    @routes.post("/predict_form")
    def predict_form() -> Any:
        record = current()
        typed: dict[str, str] = {}
        wanted = prefers(HTML, JSON)
        try:
            body = read_body(record, FORM, settings.max_body)
            serving = versions.choose(record)
            table, typed = serving.decoder.form(body)
            answer = service.predict(serving, table, record)
        except Refusal as refusal:
            if wanted == JSON:
                raise
            record.error = refusal.error
            marked, messages = _placed(refusal, versions.champion().signature.names)
            return form(typed=typed, problems=marked, messages=messages), refusal.status
        return reply(answer, record, single=True) if wanted == JSON else form(typed=typed, answer=answer)

    @routes.get("/models/<name>/<int:version>")
    def model_card(name: str, version: int) -> Any:
        card = versions.model_card(version) if name == settings.model else None
        if card is None:
            raise Refusal(404, f"{name}: version {version} has no model card here")
        return render_template("model_card.html", card=markdown(card), title=f"{name} {version}")

    return routes


def _placed(refusal: Refusal, names: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """The messages that stand at a field, and those that stand below the form."""
    marked = {problem.input: problem.message for problem in reversed(refusal.problems) if problem.input in names}
    others = [str(problem) for problem in refusal.problems if problem.input not in names]
    return marked, others or [MEND if marked else refusal.error]
