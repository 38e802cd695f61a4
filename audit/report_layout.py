"""The layout of the report: which sections it has, and what each of them says."""

from __future__ import annotations

from collections.abc import Iterable

from audit.document import (
    BAD,
    GOOD,
    LABEL,
    WARN,
    Block,
    Bullets,
    Cell,
    Document,
    Facts,
    Section,
    Table,
    Text,
    cell,
    code_cell,
    format_interval,
    format_number,
    format_share,
    format_time,
    join,
    quantity,
)
from audit.events import AliasPeriod, Event
from audit.report import AS_SEALED, NOT_SEALED, LogFile, ModelReport, Report
from audit.version_record import AS_PUBLISHED, INVALID, VALID, Provenance, VersionRecord
from registry import CHAMPION
from registry.history import CLEAR


def lay_out(report: Report) -> Document:
    """Lay the report out."""
    versions = sum(len(model.versions) for model in report.models)
    lead = (
        f"{quantity(len(report.models), 'model')} with {quantity(versions, 'version')}, past and present, "
        f"from {report.models_folder} and {report.logs_folder}. Made on {format_time(report.time)}; times are in UTC."
    )
    status = Text(quantity(report.faults, "fault"), BAD) if report.faults else Text("no fault was found", GOOD)
    return Document("Audit report", lead, status, [section for model in report.models for section in _model(model)])


def _model(model: ModelReport) -> list[Section]:
    lines = {event.line: event for event in model.history}
    title = f"{model.model}: {model.title}" if model.title else model.model
    damaged = "The history was changed. These periods rest on the lines that can still be read, and may be wrong."
    note = [] if model.history_intact else [Text(damaged)]
    return [
        Section(2, title, [Bullets(list(model.faults)) if model.faults else Text("No fault was found.", GOOD)]),
        Section(3, "Versions", [_versions(model.versions)]),
        Section(3, "Aliases over time", [*note, _periods(model.alias_periods, lines)]),
        *(Section(3, f"Version {version.number}", _version(version)) for version in model.versions),
        Section(3, "History", [_history(model.history)]),
        Section(3, "Log files", [_logs(model.logs)]),
    ]


def _versions(versions: Iterable[VersionRecord]) -> Table:
    rows = []
    for version in versions:
        card = version.provenance
        rmse = next((metric for metric in card.metrics if metric.name == "rmse"), None) if card else None
        trained = join(format_time(card.trained_at), f"by {card.trained_by}" if card.trained_by else "") if card else ""
        rows.append(
            (
                cell(str(version.number)),
                _holds(version),
                (_files(version),),
                cell(trained),
                cell(format_number(rmse.value) if rmse else ""),
                cell(format_interval(rmse.low, rmse.high) if rmse else ""),
            )
        )
    columns = ("Version", "Is", "Files", "Trained", "Test RMSE", "95 % interval")
    return Table("Past and present, the newest first", columns, rows, frozenset({4, 5}))


def _version(version: VersionRecord) -> list[Block]:
    publication, retirement, card = version.publication, version.retirement, version.provenance
    facts: list[tuple[str, Cell]] = [
        ("Is", _holds(version) or cell("without an alias")),
        ("Files", (_files(version), *code_cell(version.sha256))),
        ("Ed25519 signature", (Text(version.signing, {VALID: GOOD, INVALID: BAD}.get(version.signing, LABEL)),)),
        ("Published", cell(_event(publication) if publication else "the history does not say")),
    ]
    if retirement:
        facts.append(("Retired", cell(_event(retirement))))
    blocks: list[Block] = [Facts(facts + (_provenance(card) if card else []))]
    if card is None:
        blocks.append(Text(f"Its card is not shown, because its files are {version.files}."))
    else:
        blocks += _measured(card)
    blocks.append(_sign_offs(version.sign_offs))
    for event in version.sign_offs:
        if event.gates:
            rows = [(cell(gate.name), (_passed(gate.passed),), cell(gate.detail)) for gate in event.gates]
            caption = f"Gates at the promotion of {format_time(event.time)}"
            blocks.append(Table(caption, ("Gate", "Result", "Measured"), rows))
    return blocks


def _provenance(card: Provenance) -> list[tuple[str, Cell]]:
    seconds = f"in {card.training_seconds:g} s" if card.training_seconds is not None else ""
    split = join(
        quantity(card.training_rows, "training row"),
        quantity(card.test_rows, "test row"),
        f"seed {card.seed}" if card.seed is not None else "",
        by=", ",
    )
    trained = join(format_time(card.trained_at), f"by {card.trained_by}" if card.trained_by else "", seconds)
    packages = ", ".join(f"{name} {release}" for name, release in card.packages.items())
    facts = [
        ("Trained", cell(trained)),
        ("Code commit", code_cell(card.commit)),
        ("Data", (*cell(join(card.data_file, quantity(card.data_rows, "row"), by=", ")), *code_cell(card.data_sha256))),
        ("Specification", (*cell(card.spec_file), *code_cell(card.spec_sha256))),
        ("Split", (*cell(split), *code_cell(card.test_rows_sha256))),
        ("Weights", (*cell(quantity(card.parameters, "parameter")), *code_cell(card.weights_sha256))),
        ("Packages", cell(packages)),
    ]
    return [(name, value or cell("the card does not say")) for name, value in facts]


def _measured(card: Provenance) -> list[Table]:
    tables = []
    if card.metrics or card.cv_rmse is not None:
        rows = [
            (cell(metric.name), cell(format_number(metric.value)), cell(format_interval(metric.low, metric.high)))
            for metric in card.metrics
        ]
        if card.cv_rmse is not None:
            folds = f"rmse, {card.cv_folds} folds" if card.cv_folds is not None else "rmse, cross-validated"
            rows.append((cell(folds), cell(format_number(card.cv_rmse)), ()))
        tables.append(Table("Metrics on the test rows", ("Metric", "Value", "95 % interval"), rows, frozenset({1, 2})))
    if card.gates:
        gates = [
            (cell(gate.name), cell(format_number(gate.value)), cell(format_number(gate.limit)), (_passed(gate.passed),))
            for gate in card.gates
        ]
        tables.append(Table("Gates at the training", ("Gate", "Value", "At most", "Result"), gates, frozenset({1, 2})))
    return tables


def _sign_offs(events: Iterable[Event]) -> Table | Text:
    rows = [
        (
            cell(format_time(event.time)),
            (*cell(f"{event.action} to {event.alias}"), *_override(event)),
            cell(event.by),
            cell(event.reason),
        )
        for event in events
    ]
    return Table("Signed off", ("When", "What", "By", "Why"), rows) if rows else Text("Nobody promoted this version.")


def _periods(periods: Iterable[AliasPeriod], lines: dict[int, Event]) -> Table | Text:
    rows = []
    for period in periods:
        end = (
            cell(format_time(period.until))
            if period.until
            else (Text("now", GOOD if period.alias == CHAMPION else LABEL),)
        )
        rows.append(
            (
                cell(period.alias),
                cell(join(f"version {period.version}", format_share(period.share), by=", ")),
                cell(format_time(period.since)),
                end,
                cell(_cause(lines[period.given])),
                cell(_cause(lines[period.taken]) if period.taken else ""),
            )
        )
    if not rows:
        return Text("The history names no alias.")
    columns = ("Alias", "Held by", "From", "Until", "Given by", "Taken by")
    return Table("Who held which alias from when to when", columns, rows)


def _history(events: Iterable[Event]) -> Table | Text:
    rows = [
        (
            cell(str(event.line)),
            cell(format_time(event.time)),
            (*cell(_what(event)), *_override(event)),
            cell(event.by),
            cell(event.reason),
            code_cell(event.line_sha256),
        )
        for event in events
    ]
    if not rows:
        return Text("There is no line of history that can be read.")
    columns = ("Line", "When", "What", "By", "Why", "SHA-256 of the line")
    return Table("Each line holds the SHA-256 of the line before", columns, rows)


def _logs(files: Iterable[LogFile]) -> Table | Text:
    styles = {AS_SEALED: GOOD, NOT_SEALED: LABEL}
    rows = [
        (
            cell(file.name),
            cell("gone" if file.size is None else f"{file.size:,}"),
            cell("" if file.rows is None else str(file.rows)),
            (Text(file.state, styles.get(file.state, BAD)),),
            cell(join(format_time(file.sealed_at), f"by {file.sealed_by}" if file.sealed_by else "")),
            code_cell(file.sha256),
        )
        for file in files
    ]
    if not rows:
        return Text("There is no log file.")
    columns = ("File", "Bytes", "Rows sealed", "State", "Sealed", "SHA-256 sealed")
    return Table("`python -m audit check` counts torn and lost rows", columns, rows, frozenset({1, 2}))


def _holds(version: VersionRecord) -> Cell:
    labels = [Text(alias, GOOD if alias == CHAMPION else LABEL) for alias in version.aliases]
    return (*labels, *([Text("retired", LABEL)] if version.retired else []))


def _files(version: VersionRecord) -> Text:
    return Text(version.files, GOOD if version.files == AS_PUBLISHED else BAD)


def _passed(passed: bool) -> Text:
    return Text("passed", GOOD) if passed else Text("failed", BAD)


def _override(event: Event) -> Cell:
    return (Text("overriding a gate", WARN),) if event.override else ()


def _what(event: Event) -> str:
    if event.action == CLEAR and event.alias:
        return f"{event.action} {event.alias}, which version {event.version} held"
    version = f"version {event.version}" if event.version is not None else ""
    alias = f"as {event.alias}" if event.alias else ""
    return join(
        join(event.action, version, alias, event.file), format_share(event.share), quantity(event.rows, "row"), by=", "
    )


def _cause(event: Event) -> str:
    return f"{event.action} by {event.by}" + (f": {event.reason}" if event.reason else "")


def _event(event: Event) -> str:
    alias = f"as {event.alias}" if event.alias else ""
    return join(format_time(event.time), alias, f"by {event.by}") + (f": {event.reason}" if event.reason else "")
