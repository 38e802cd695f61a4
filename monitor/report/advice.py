"""What a report advises to do, and what it could not judge and is missing for that."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.report.phrases import Json, amount, begin, column_name, decimal, listed, reason, source_name, with_verdict


def actions(report: Json) -> Iterator[str]:
    """Yield sentences that say what to do. Commands are in backticks."""
    verdict, suspects = report["verdict"], with_verdict(report["accuracy"]["sources"], "differs")
    if suspects:
        names = listed([source_name(source) for source in suspects])
        yield f"Check the true values from {names} before anything is trained on them."
    if (report["accuracy"]["intervals"] or {}).get("verdict") == "below":
        yield "Don't rely on the intervals until a new version is trained with these rows: it measures its errors anew."
    has_rows = _has_drifted_rows(report["drift"])
    if report["drift"]["verdict"] == "drift":
        yield "Ask who sends these rows, and whether they are meant."
        if not has_rows:
            yield "Look for the requests with status 4xx in the logs: their column `error` says why they were refused."
    if verdict == "accuracy":
        yield "Look at which rows, days and slices have the larger errors."
        yield "`python -m monitor retrain` decides whether a new version pays, or says why not."
    elif verdict == "drift" and has_rows:
        yield "Collect true values for them, with `POST /feedback` or `python -m monitor feedback FILE.csv`."
        yield "Then `python -m monitor retrain` decides whether a new version pays."
    elif verdict == "cannot_judge":
        yield from _for_a_judgement(report["drift"])
    for pair in report["comparisons"][:3]:
        if pair["truth"] and pair["truth"]["verdict"] == "better":
            yield (
                f"Version {pair['second']} has the smaller error on the same rows: "
                f"`python -m registry promote {pair['second']} --reason …` makes it champion, if it passes every gate."
            )
    if report["traffic"]["errors"]:
        yield "Look for the requests with status 5xx in the logs: their column `error` says what happened."
    if report["faults"]:
        yield "See what is wrong with the logs: `python -m audit check`."


def _for_a_judgement(drift: Json) -> Iterator[str]:
    powers = [column["power"] for column in with_verdict(drift["columns"], "cannot_judge") if column["power"]]
    if not drift["reason"] and any(power["rows_missing"] is None for power in powers):
        yield "Train with more rows; or pin a window that you know to be calm, and compare with that one:"
        yield "`python -m monitor pin --override --reason …`, then `python -m monitor report --against pinned`."
    else:
        yield "Wait for more requests, or look at a longer window, as with `python -m monitor report --since 30d`."


def not_judged(report: Json) -> Iterator[str]:
    """Yield sentences that say what could not be judged, and what is missing."""
    yield from _drift(report)
    yield from _accuracy(report)


def doubt(report: Json) -> str:
    """Return why the drift can't be judged."""
    columns, window = with_verdict(report["drift"]["columns"], "cannot_judge"), report["window"]
    if report["drift"]["reason"] or not columns:
        return str(report["drift"]["reason"])
    missing = max(round((column["power"] or {}).get("rows_missing") or 0) for column in columns)
    if not missing:
        return reason(columns[0])
    have = f"{amount(window['rows'], 'row')} of {amount(window['requests'], 'request')}"
    return f"{have}; {amount(missing, 'more row')} {'is' if missing == 1 else 'are'} needed"


def _has_drifted_rows(drift: Json) -> bool:
    """Return whether rows that were answered have drifted, and not only the share of the requests that were refused."""
    return bool(with_verdict(drift["columns"], "drift")) or (drift["joint"] or {}).get("verdict") == "drift"


def _drift(report: Json) -> Iterator[str]:
    drift = report["drift"]
    if drift["reason"]:
        yield f"Drift: {drift['reason']}."
        return
    alike: dict[str, list[str]] = {}  # most columns lack the same
    for column in with_verdict(drift["columns"], "cannot_judge"):
        alike.setdefault(column["reason"].removeprefix(column["name"]), []).append(column_name(column))
    for why, names in alike.items():
        yield f"{begin(listed(names, most=5))}{why}."
    if (drift["joint"] or {}).get("verdict") == "cannot_judge":
        yield "How the inputs go together: too few rows."
    weak = {column_name(column): column["power"]["detectable_sd"] for column in drift["columns"] if column["power"]}
    name, shift = max(((n, s) for n, s in weak.items() if s is not None), key=lambda item: item[1], default=("", 0))
    if shift > drift["effect"]:
        yield f"A shift of less than {decimal(shift)} standard deviations can go unseen in so few rows ({name})."


def _accuracy(report: Json) -> Iterator[str]:
    accuracy = report["accuracy"]
    if not accuracy["truths"]:
        yield "Accuracy: no true values are known for this window; `POST /feedback` takes them."
    elif accuracy["verdict"] == "cannot_judge":
        yield f"Accuracy: {accuracy['reason']}."
    representative = accuracy["representative"] or {}
    labels = {str(column["name"]): column_name(column) for column in report["drift"]["columns"]}
    unlike = with_verdict(representative.get("columns"), "differs")
    if names := [labels.get(item["name"], str(item["name"])) for item in unlike]:
        yield f"Rows with a true value differ from the others in {listed(names)}: all rows may have another error."
