"""The pages of the versions: all of them with their history, one version's model card, and two versions compared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import mistune
from flask import Blueprint, Response, render_template, request, url_for
from markupsafe import Markup

from app.endpoints import version_view as view
from app.endpoints.comparison import pair_gates, pair_predictions, provenance_differences, spec_differences
from app.endpoints.data_plane import DataPlane
from app.endpoints.published_versions import PublishedVersion, PublishedVersions
from app.errors import NotFound
from app.http.application import Application
from app.http.responses import HTML, JSON, negotiate
from registry import CANARY, CHAMPION, FALLBACK, SHADOW
from registry.aliases import CHALLENGER
from registry.history_line import SEAL, Entry, describe
from registry.history_queries import canary_share
from registry.versions import CARD

LINES = 50  # of the history on a page
DRAWN = 40  # versions in the chart
_RELEASES = 10  # of one version on its card
_WORDS = ("details", "intended_use", "out_of_scope", "factors", "data", "ethics", "caveats")  # of the spec's about


def register(app: Application, plane: DataPlane) -> None:
    """Add the routes to the application."""
    pages = _ModelPages(plane)
    routes = Blueprint("models", __name__)
    routes.add_url_rule("/models", "index", pages.index)
    routes.add_url_rule("/models/compare", "compare", pages.compare)
    routes.add_url_rule("/models/<name>/<int:version>", "card", pages.card)
    app.flask.register_blueprint(routes)


class _ModelPages:
    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._model = plane.settings.model
        self._versions = PublishedVersions(plane.settings.store())
        self._markdown = mistune.create_markdown(escape=True, plugins=["table"])

    def index(self) -> str:
        """Show every version, and the history."""
        versions = self._versions.all()[::-1]
        aliases, alias_fault = self._versions.aliases()
        entries, history_fault = self._versions.history()
        told = [entry for entry in entries if entry.content["action"] != SEAL]
        tested = [version for version in versions if version.card.number("metrics", "rmse") is not None]
        test_rows = {version.test_rows for version in tested[:DRAWN]}
        serving = self._plane.router.versions()
        return render_template(
            "versions.html",
            model=self._model,
            versions=versions,
            aliases=_by_version(aliases),
            champion=aliases.get(CHAMPION),
            serving=serving,
            share=canary_share(entries, serving[CANARY])[0] if CANARY in serving else 0.0,
            retired=self._versions.retired(),
            faults=list(dict.fromkeys(fault for fault in (alias_fault, history_fault) if fault)),
            drawn=tested[:DRAWN][::-1],
            same_rows=len(test_rows) == 1 and None not in test_rows,
            unit=next((version.signature.output.unit for version in versions if version.signature), ""),
            holds=view.interval_hold,
            lines=_lines(told[-LINES:]),
            earlier=max(len(told) - LINES, 0),
            seals=len(entries) - len(told),
        )

    def card(self, name: str, version: int) -> Any:
        """Show a version's model card; its card.json to a program that asks for JSON."""
        found = self._versions.get(version) if name == self._model else None
        if found is None:
            raise NotFound(f"{name}: version {version} is not published here")
        if found.card and negotiate(HTML, JSON) == JSON:
            response = Response(json.dumps(found.card.content, ensure_ascii=False), mimetype=JSON)
        else:
            response = Response(render_template("model_card.html", **self._card(found)), mimetype=HTML)
            where = url_for("files.get", name=name, version=version, path=CARD)
            response.headers["Link"] = f'<{where}>; rel="alternate"; type="{JSON}"'
        response.headers["Vary"] = "Accept"
        return response

    def compare(self) -> str:
        """Show two versions side by side: those that the query names, else the champion and the newest other one.

        Raises:
            NotFound: if one of them was never published.
        """
        versions = [version for version in self._versions.all() if not version.fault]
        aliases, _ = self._versions.aliases()
        numbers = [version.number for version in versions]
        first = self._wanted("a", aliases.get(CHAMPION, numbers[0] if numbers else None))
        others = [number for number in numbers if first is None or number != first.number]
        likely = [aliases.get(CHALLENGER), *others[::-1]]
        second = self._wanted("b", next((number for number in likely if number in others), None))
        context: dict[str, Any] = {}
        if first and second and not first.fault and not second.fault:
            context = self._comparison(first, second)
        return render_template(
            "compare.html",
            model=self._model,
            numbers=numbers[::-1],
            aliases=_by_version(aliases),
            retired=self._versions.retired(),
            first=first,
            second=second,
            **context,
        )

    def _wanted(self, key: str, default: int | None) -> PublishedVersion | None:
        text = request.args.get(key, "")
        if not text:
            return None if default is None else self._versions.get(default)
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
        found = None if number is None else self._versions.get(number)
        if found is None:
            raise NotFound(f"{self._model}: there is no version {text[:40]} to compare; /models lists them all")
        return found

    def _card(self, version: PublishedVersion) -> dict[str, Any]:
        """Return what the page of a version shows."""
        card, fit, curves = version.card, view.fit_of(version.figures), view.curves(version)
        slices, all_rows = view.slice_errors(card), card.number("cv", "rmse")
        entries, _ = self._versions.history()
        aliases, _ = self._versions.aliases()
        about = card.at("spec", "content", "about")
        written = card.number("metrics", "rmse") is None  # by another program: its own words are all there is
        releases = [entry for entry in entries if entry.content.get("version") == version.number]
        return {
            "model": self._model,
            "version": version,
            "card": card,
            "unit": version.signature.output.unit if version.signature else "",
            "aliases": _by_version(aliases).get(version.number, []),
            "champion": aliases.get(CHAMPION),
            "retired": version.number in self._versions.retired(),
            "words": {name: self._html(about.text(name)) for name in _WORDS},
            "model_card": self._html(version.model_card) if written and not version.fault else "",
            "fit": fit,
            "hold": view.interval_hold(version),
            "curves": curves,
            "scale": view.common_scale(curves),
            "slices": slices,
            "all_rows": all_rows,
            "top": view.top_of(slices, all_rows),
            "errs_more": view.errs_more(slices, all_rows),
            "unseen": view.unseen_columns(version, slices),
            "lines": _lines(releases[-_RELEASES:]),
            "earlier": max(len(releases) - _RELEASES, 0),
        }

    def _comparison(self, first: PublishedVersion, second: PublishedVersion) -> dict[str, Any]:
        """Return what the page shows of two versions beside each other."""
        both = (first, second)
        curves = [{curve.input.name: curve for curve in view.curves(version)} for version in both]
        slices = [{(item.column, item.name): item for item in view.slice_errors(version.card)} for version in both]
        errors = [version.card.number("cv", "rmse") for version in both]
        return {
            "holds": [view.interval_hold(version) for version in both],
            "paired": pair_predictions(first, second),
            "same_data": first.card.text("data", "sha256") == second.card.text("data", "sha256"),
            "same_rows": first.test_rows is not None and first.test_rows == second.test_rows,
            "unit": first.signature.output.unit if first.signature else "",
            "gates": pair_gates(first.card, second.card),
            "baselines": {**first.card.members("baselines"), **second.card.members("baselines")},
            "slices": [(key, *(part.get(key) for part in slices)) for key in {**slices[0], **slices[1]}],
            "errors": errors,
            "top": view.top_of([item for part in slices for item in part.values()], *errors),
            "curves": [(name, *(part.get(name) for part in curves)) for name in {**curves[0], **curves[1]}],
            "scale": view.common_scale([curve for part in curves for curve in part.values()]),
            "spec": spec_differences(first.card, second.card),
            "provenance": provenance_differences(first.card, second.card),
        }

    def _html(self, text: str) -> Markup:
        """Return an author's Markdown as HTML; tags in it are shown as text."""
        return Markup(self._markdown(text))  # noqa: S704 - mistune escapes what is in it


def _by_version(aliases: Mapping[str, int]) -> dict[int, list[str]]:
    """Return the aliases of each version, those that answer first."""
    order = (CHAMPION, CANARY, FALLBACK, SHADOW, CHALLENGER)
    found: dict[int, list[str]] = {}
    for alias in sorted(aliases, key=lambda alias: order.index(alias) if alias in order else len(order)):
        found.setdefault(aliases[alias], []).append(alias)
    return found


def _lines(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return entries of the history for the page, the newest first."""
    return [
        {
            "time": entry.content["time"][:16].replace("T", " "),
            "by": entry.content["by"],
            "what": describe(entry.content),
            "why": entry.content.get("reason", ""),
            "override": bool(entry.content.get("override")),
        }
        for entry in reversed(entries)
    ]
