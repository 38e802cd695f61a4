"""The words of a report: its verdict, headline and findings, from the numbers of its sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.report.advice import actions, doubt, not_judged
from monitor.report.phrases import (
    Json,
    amount,
    begin,
    column_name,
    coverage,
    decimal,
    listed,
    percent,
    probability,
    quoted,
    reason,
    signed,
    source_name,
    strongest_first,
    where,
    with_verdict,
)

CALM, DRIFT, ACCURACY, CANNOT_JUDGE = "calm", "drift", "accuracy", "cannot_judge"
REFUSED = "refused"  # the one share that is of requests
MAX_SENTENCES = 8  # about columns, and about comparisons
EXIT_CODES = {CALM: 0, DRIFT: 10, ACCURACY: 20, CANNOT_JUDGE: 30}


def add_words(report: Json) -> dict[str, Any]:
    """Return the report with its verdict, and with what it says in words.

    Accuracy counts before drift, drift before what can't be judged. Accuracy without enough truth leaves the verdict to
    drift: truth comes late, or never, and ``not_judged`` says so.
    """
    report = {**report, "verdict": judge(report)}
    return {
        **report,
        "headline": _headline(report),
        "because": _because(report),
        "findings": list(_findings(report)),
        "actions": list(actions(report)),
        "not_judged": list(not_judged(report)),
    }


def judge(report: Json) -> str:
    """Return the verdict that the sections add up to."""
    if report["accuracy"]["verdict"] == ACCURACY:
        return ACCURACY
    return str(report["drift"]["verdict"])


def _headline(report: Json) -> str:
    verdict, drift = report["verdict"], report["drift"]
    if verdict == ACCURACY:
        expected, overall = report["accuracy"]["expected"] or {}, report["accuracy"]["overall"] or {}
        metric = report["accuracy"]["metric"].upper()
        found, high = decimal(overall.get("rmse")), decimal(expected.get("high"))
        return f"Worse accuracy: {metric} {found}, and at most {high} was expected"
    if verdict == CANNOT_JUDGE:
        return f"Can't judge: {_because(report)}"
    if verdict == CALM:
        return f"Calm: the rows are like those {where(report)}"
    columns = strongest_first(with_verdict(drift["columns"], DRIFT))
    if not columns:
        return f"Drift: {_because(report)}"
    also = listed([column_name(column) for column in columns[1:]])
    return f"Drift: {reason(columns[0])}{f'; also {also}' if also else ''}"


def _because(report: Json) -> str:
    """Return what the verdict is due to, in a few words, for a table of verdicts."""
    drift = report["drift"]
    if report["verdict"] == ACCURACY:
        overall = report["accuracy"]["overall"] or {}
        return f"{report['accuracy']['metric'].upper()} {decimal(overall.get('rmse'))}"
    if report["verdict"] == CANNOT_JUDGE:
        return doubt(report)
    if report["verdict"] == CALM:
        return ""
    names = [column_name(column) for column in strongest_first(with_verdict(drift["columns"], DRIFT))]
    if _refused(drift):
        names.append("refused requests")
    if (drift["joint"] or {}).get("verdict") == DRIFT:
        names.append("how the inputs go together")
    return listed(names, most=4)


def _findings(report: Json) -> Iterator[str]:
    if report["verdict"] == ACCURACY:
        yield from _of_accuracy(report)
    yield from _of_columns(report)
    if refused := _refused(report["drift"]):
        yield f"{percent(refused['share'])} of the requests were refused; up to 1 % is usual."
    yield from _of_joint(report)
    if report["verdict"] != ACCURACY:
        yield from _of_accuracy(report)
    yield from _of_comparisons(report)
    if errors := report["traffic"]["errors"]:
        yield f"{amount(errors, 'request')} failed with a status of 5xx."


def _of_columns(report: Json) -> Iterator[str]:
    columns = report["drift"]["columns"]
    drifted = strongest_first(with_verdict(columns, DRIFT))
    for column in drifted[:MAX_SENTENCES]:
        means = ""
        if column["kind"] != "category" and column["mean"] is not None:
            means = f"; on average {decimal(column['mean'])}, {where(report)} {decimal(column['reference_mean'])}"
        yield f"{begin(reason(column))}{means}; chance does not explain it ({probability(column['p'])})."
    if more := len(drifted[MAX_SENTENCES:]):
        yield f"{amount(more, 'more column')} drifted; the table has them."
    if calm := [column_name(column) for column in with_verdict(columns, CALM)]:
        yield f"No drift in {listed(calm, most=5)}."


def _refused(drift: Json) -> Json | None:
    """Return the share of refused requests if it is drift; a drifted column speaks of the other shares."""
    return next((share for share in with_verdict(drift["shares"], DRIFT) if share["name"] == REFUSED), None)


def _of_joint(report: Json) -> Iterator[str]:
    joint = report["drift"]["joint"] or {}
    labels = {column["name"]: column_name(column) for column in report["drift"]["columns"]}
    texts = {column["name"] for column in report["drift"]["columns"] if column.get("levels")}
    for pair in with_verdict(joint.get("correlations"), DRIFT)[:5]:
        names = " and ".join(labels.get(name, name) for name in pair["inputs"])
        if texts.intersection(pair["inputs"]):  # the order of their codes means nothing
            yield f"{begin(names)} go together in another way than {where(report)}."
            continue
        window, reference = signed(pair["window"]), signed(pair["reference"])
        yield f"{begin(names)} go together in another way: their correlation is {window}, {where(report)} {reference}."
    classifier = joint.get("classifier")
    if classifier and classifier["verdict"] == DRIFT:
        auc = decimal(classifier["auc"])
        yield f"A classifier can tell these rows from those {where(report)}: AUC {auc}, where 0.5 is chance."


def _of_accuracy(report: Json) -> Iterator[str]:
    accuracy = report["accuracy"]
    metric, overall, expected = accuracy["metric"].upper(), accuracy["overall"], accuracy["expected"]
    if overall and overall["rmse"] is not None:
        found = f"{metric} {decimal(overall['rmse'])} ({decimal(overall['low'])} to {decimal(overall['high'])})"
        card = f"; its card promises {decimal(expected['low'])} to {decimal(expected['high'])}" if expected else ""
        yield f"The champion has {found} on {amount(overall['rows'], 'row')} with a true value{card}."
        if report["verdict"] == ACCURACY and overall["bias"]:
            way = "high" if overall["bias"] > 0 else "low"
            yield f"Its predictions are {decimal(abs(overall['bias']))} too {way} on average."
    if accuracy["intervals"] and accuracy["intervals"]["verdict"] != CANNOT_JUDGE:
        yield coverage(accuracy["intervals"])
    for source in with_verdict(accuracy["sources"], "differs")[:5]:
        name = f"{source_name(source)} ({percent(source['share'])} of them)"
        bias, others = signed(source["bias"]), signed(source.get("others"))
        yield f"True values from {name} differ: prediction less truth is {bias} on average, {others} for the others."
    if unknown := accuracy["unknown"]:
        ids = listed([quoted(name) for name in accuracy["unknown_ids"][:3]])
        yield f"The requests of {amount(unknown, 'true value')} are not in the logs{f': {ids}' if ids else ''}."


def _of_comparisons(report: Json) -> Iterator[str]:
    for pair in report["comparisons"][:MAX_SENTENCES]:
        first, text = pair["first"], f"Version {pair['second']} ({pair['role']})"
        if pair["rows"]:
            mean = pair["difference"]["mean"]
            size = f"{decimal(abs(mean))} {'more' if mean > 0 else 'less'} than" if mean else "the same as"
            text += f" predicts {size} version {first}, on average of {amount(pair['rows'], 'row')}"
        else:
            text += f" has no row in common with version {first}"
        if truth := pair["truth"]:
            errors = f"RMSE {decimal(truth['rmse_second'])} against {decimal(truth['rmse_first'])}"
            rows = amount(truth["rows"], "row")
            text += f"; {errors} on {rows} with a true value: {truth['verdict'].replace('_', ' ')}"
        yield f"{text}."
