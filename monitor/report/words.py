"""The words of a report: its verdict, headline and findings, from the numbers of its sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.report.advice import actions, not_judged, rows_missing
from monitor.report.phrases import (
    Json,
    amount,
    begin,
    column_name,
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
MAX_SENTENCES = 8  # about columns, and about shares
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
        unjudged = with_verdict(drift["columns"], CANNOT_JUDGE)
        return f"Can't judge: {_because(report) if rows_missing(report) or not unjudged else reason(unjudged[0])}"
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
        window = report["window"]
        missing = rows_missing(report)
        have = f"{amount(window['rows'], 'row')} of {amount(window['requests'], 'request')}"
        return f"{have}; {amount(missing, 'more row')} {'is' if missing == 1 else 'are'} needed" if missing else have
    names = [column_name(column) for column in strongest_first(with_verdict(drift["columns"], DRIFT))]
    names += ["refused requests" if share["name"] == REFUSED else share["name"] for share in _other_shares(drift)]
    if (drift["joint"] or {}).get("verdict") == DRIFT:
        names.append("how the inputs go together")
    return listed(names) if report["verdict"] == DRIFT else ""


def _findings(report: Json) -> Iterator[str]:
    yield from _of_columns(report)
    yield from _of_shares(report)
    yield from _of_joint(report)
    yield from _of_accuracy(report)
    yield from _of_comparisons(report)
    if errors := report["traffic"]["errors"]:
        yield f"{amount(errors, 'request')} failed with a status of 5xx."


def _of_columns(report: Json) -> Iterator[str]:
    columns = report["drift"]["columns"]
    drifted, calm = with_verdict(columns, DRIFT), with_verdict(columns, CALM)
    for column in strongest_first(drifted)[:MAX_SENTENCES]:
        means = f"on average {decimal(column['mean'])}, {where(report)} {decimal(column['reference_mean'])}"
        chance = f"chance does not explain it ({probability(column['p'])})"
        yield f"{begin(reason(column))}{'' if column['kind'] == 'category' else f'; {means}'}; {chance}."
    if more := len(drifted[MAX_SENTENCES:]):
        yield f"{amount(more, 'more column')} drifted; the table has them."
    if calm and not drifted:
        yield f"{begin(amount(len(calm), 'column'))} are distributed as {where(report)}."
    elif calm:
        yield f"Calm: {listed([column_name(column) for column in calm])}."


def _of_shares(report: Json) -> Iterator[str]:
    for share in _other_shares(report["drift"])[:MAX_SENTENCES]:
        if share["name"] == REFUSED:
            yield f"{percent(share['share'])} of the requests were refused."
        else:
            yield f"{share['name']}: {percent(share['share'])}, {where(report)} {percent(share['reference_share'])}."


def _other_shares(drift: Json) -> list[Json]:
    """Return the shares that have changed and that no drifted column speaks of."""
    said = {column["name"] for column in with_verdict(drift["columns"], DRIFT)}
    return [share for share in with_verdict(drift["shares"], DRIFT) if share["name"].partition(": ")[2] not in said]


def _of_joint(report: Json) -> Iterator[str]:
    joint = report["drift"]["joint"] or {}
    labels = {column["name"]: column_name(column) for column in report["drift"]["columns"]}
    for pair in with_verdict(joint.get("correlations"), DRIFT)[:5]:
        names = " and ".join(labels.get(name, name) for name in pair["inputs"])
        window, reference = signed(pair["window"]), signed(pair["reference"])
        yield f"{begin(names)} go together in another way: their correlation is {window}, {where(report)} {reference}."
    classifier = joint.get("classifier")
    if classifier and classifier["verdict"] == DRIFT:
        yield f"A classifier tells these rows from those {where(report)}: AUC {decimal(classifier['auc'])}."


def _of_accuracy(report: Json) -> Iterator[str]:
    accuracy = report["accuracy"]
    metric, overall, expected = accuracy["metric"].upper(), accuracy["overall"], accuracy["expected"]
    if overall and overall["rmse"] is not None:
        found = f"{metric} {decimal(overall['rmse'])} ({decimal(overall['low'])} to {decimal(overall['high'])})"
        card = f"; the card expects {decimal(expected['low'])} to {decimal(expected['high'])}" if expected else ""
        yield f"{found} over {amount(overall['rows'], 'row')} with truth{card}."
    for source in with_verdict(accuracy["sources"], "differs")[:5]:
        name = f"{source_name(source)} ({percent(source['share'])} of them)"
        yield f"True values from {name} differ from the others: bias {signed(source['bias'])}."
    if unknown := accuracy["unknown"]:
        ids = listed([quoted(name) for name in accuracy["unknown_ids"][:3]])
        yield f"{amount(unknown, 'true value')} name requests that the logs don't have{f': {ids}' if ids else ''}."


def _of_comparisons(report: Json) -> Iterator[str]:
    for pair in report["comparisons"][:MAX_SENTENCES]:
        text = f"Version {pair['second']} ({pair['role']}) less version {pair['first']}"
        if pair["rows"]:
            text += f" on {amount(pair['rows'], 'row')}: {decimal(pair['difference']['mean'])} on average"
        if truth := pair["truth"]:
            second, first = decimal(truth["rmse_second"]), decimal(truth["rmse_first"])
            text += f"; RMSE {second} against {first} on {amount(truth['rows'], 'row')} with truth: {truth['verdict']}"
        yield f"{text}."
