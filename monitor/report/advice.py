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
    if report["drift"]["verdict"] == "drift":
        yield "Ask who sends these rows, and whether they are meant."
    if verdict == "accuracy":
        yield "Look at which rows, days and slices have the larger errors."
        yield "`python -m monitor retrain` decides whether a new version pays, or says why not."
    elif verdict == "drift":
        yield "Collect true values for them, with `POST /feedback` or `python -m monitor feedback FILE.csv`."
        yield "Then `python -m monitor retrain` decides whether a new version pays."
    elif verdict == "cannot_judge":
        yield "Wait for more rows, or look at a longer window, as with `python -m monitor report --since 30d`."
    for pair in report["comparisons"][:3]:
        if pair["truth"] and pair["truth"]["verdict"] == "better":
            yield (
                f"Version {pair['second']} has the smaller error on the same rows: "
                f"`python -m registry promote {pair['second']} --reason …` makes it champion, if it passes every gate."
            )
    if report["traffic"]["errors"]:
        yield "Find the requests with a status of 5xx in the logs, and what the error log says of them."
    if report["faults"]:
        yield "See what is wrong with the logs: `python -m audit check`."


def not_judged(report: Json) -> Iterator[str]:
    """Yield sentences that say what could not be judged, and what is missing."""
    yield from _drift(report)
    yield from _accuracy(report)


def rows_missing(report: Json) -> int:
    """Return how many more rows the column needs that needs the most; 0 if nobody can tell."""
    columns = with_verdict(report["drift"]["columns"], "cannot_judge")
    return max((round((column["power"] or {}).get("rows_missing") or 0) for column in columns), default=0)


def _drift(report: Json) -> Iterator[str]:
    drift = report["drift"]
    for column in with_verdict(drift["columns"], "cannot_judge")[:5]:
        yield f"{begin(reason(column))}."
    if more := len(with_verdict(drift["columns"], "cannot_judge")[5:]):
        yield f"{amount(more, 'more column')} could not be judged."
    for share in with_verdict(drift["shares"], "cannot_judge"):
        yield f"{share['name']}: too few rows to judge this share."
    if (drift["joint"] or {}).get("verdict") == "cannot_judge":
        yield "How the inputs go together: too few rows."
    weak = {column_name(column): column["power"]["detectable_sd"] for column in drift["columns"] if column["power"]}
    name, shift = max(((n, s) for n, s in weak.items() if s is not None), key=lambda item: item[1], default=("", 0))
    if shift > drift["effect"]:
        yield f"A shift of less than {decimal(shift)} standard deviations is not seen with these rows ({name})."


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
        yield f"Rows with truth differ from the others in {listed(names)}: the error of all rows may be another one."
