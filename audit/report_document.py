"""The report as a document: sections of facts, tables and lists, which Markdown and HTML draw in their own way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from audit.events import AliasPeriod, Event
from audit.report import AS_SEALED, NOT_SEALED, LogFile, ModelReport, Report
from audit.version_record import AS_PUBLISHED, INVALID, VALID, Provenance, VersionRecord
from registry import CHAMPION
from registry.history import CLEAR

GOOD, WARN, BAD, LABEL, CODE, PLAIN = "good", "warn", "bad", "label", "code", "plain"


@dataclass(frozen=True, slots=True)
class Text:
    """A text and how it looks: good, warn, bad or label (a status), code, or plain."""

    text: str
    style: str = PLAIN


Cell = tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    rows: Sequence[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the row, and columns whose position is in ``numeric`` hold numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences about faults."""

    sentences: Sequence[str]


Block = Facts | Table | Bullets | Text


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a level, 2 or 3, and what stands below it."""

    level: int
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """A title, what it is about, a status and sections."""

    title: str
    lead: str
    status: Text
    sections: Sequence[Section]


def document(report: Report) -> Document:
    """Lay the report out."""
    versions = sum(len(model.versions) for model in report.models)
    lead = (
        f"{_count(len(report.models), 'model')} with {_count(versions, 'version')}, past and present, "
        f"from {report.models_folder} and {report.logs_folder}. Made on {_moment(report.time)} UTC, as are all times."
    )
    status = Text(_count(report.faults, "fault"), BAD) if report.faults else Text("no fault was found", GOOD)
    return Document("Audit report", lead, status, [section for model in report.models for section in _model(model)])


def _model(model: ModelReport) -> list[Section]:
    lines = {event.line: event for event in model.history}
    title = f"{model.model}: {model.title}" if model.title else model.model
    return [
        Section(2, title, [Bullets(list(model.faults)) if model.faults else Text("No fault was found.", GOOD)]),
        Section(3, "Versions", [_versions(model.versions)]),
        Section(3, "Aliases over time", [_periods(model.alias_periods, lines)]),
        *(Section(3, f"Version {version.number}", _version(version)) for version in model.versions),
        Section(3, "History", [_history(model.history)]),
        Section(3, "Log files", [_logs(model.logs)]),
    ]


def _versions(versions: Iterable[VersionRecord]) -> Table:
    rows = []
    for version in versions:
        card = version.provenance
        rmse = next((metric for metric in card.metrics if metric.name == "rmse"), None) if card else None
        trained = _join(_moment(card.trained_at), f"by {card.trained_by}" if card.trained_by else "") if card else ""
        rows.append(
            (
                _cell(str(version.number)),
                _holds(version),
                (_files(version),),
                _cell(trained),
                _cell(_number(rmse.value) if rmse else ""),
                _cell(_interval(rmse.low, rmse.high) if rmse else ""),
            )
        )
    columns = ("Version", "Is", "Files", "Trained", "Test RMSE", "95 % interval")
    return Table("Past and present, the newest first", columns, rows, frozenset({4, 5}))


def _version(version: VersionRecord) -> list[Block]:
    publication, retirement, card = version.publication, version.retirement, version.provenance
    facts: list[tuple[str, Cell]] = [
        ("Is", _holds(version)),
        ("Files", (_files(version), *_code(version.sha256))),
        ("Ed25519 signature", (Text(version.signing, {VALID: GOOD, INVALID: BAD}.get(version.signing, LABEL)),)),
        ("Published", _cell(_event(publication) if publication else "the history does not say")),
    ]
    if retirement:
        facts.append(("Retired", _cell(_event(retirement))))
    blocks: Sequence[Block] = [Facts(facts + (_provenance(card) if card else []))]
    if card is None:
        blocks.append(
            Text("Its card is not shown: the files are not as published, so it may not be the card that was.")
        )
    else:
        blocks += _measured(card)
    blocks.append(_sign_offs(version.sign_offs))
    for event in version.sign_offs:
        if event.gates:
            rows = [(_cell(gate.name), (_passed(gate.passed),), _cell(gate.detail)) for gate in event.gates]
            caption = f"Gates at the promotion of {_moment(event.time)}"
            blocks.append(Table(caption, ("Gate", "Result", "Measured"), rows))
    return blocks


def _provenance(card: Provenance) -> list[tuple[str, Cell]]:
    seconds = f"in {card.training_seconds:g} s" if card.training_seconds is not None else ""
    split = _list(
        _quantity(card.training_rows, "training rows"),
        _quantity(card.test_rows, "test rows"),
        f"seed {card.seed}" if card.seed is not None else "",
    )
    trained = _join(_moment(card.trained_at), f"by {card.trained_by}" if card.trained_by else "", seconds)
    packages = ", ".join(f"{name} {release}" for name, release in card.packages.items())
    facts = [
        ("Trained", _cell(trained)),
        ("Code commit", _code(card.commit)),
        ("Data", (*_cell(_list(card.data_file, _quantity(card.data_rows, "rows"))), *_code(card.data_sha256))),
        ("Specification", (*_cell(card.spec_file), *_code(card.spec_sha256))),
        ("Split", (*_cell(split), *_code(card.test_rows_sha256))),
        ("Weights", (*_cell(_quantity(card.parameters, "parameters")), *_code(card.weights_sha256))),
        ("Packages", _cell(packages)),
    ]
    return [(name, cell or _cell("the card does not say")) for name, cell in facts]


def _measured(card: Provenance) -> list[Table]:
    tables = []
    if card.metrics or card.cv_rmse is not None:
        rows = [
            (_cell(metric.name), _cell(_number(metric.value)), _cell(_interval(metric.low, metric.high)))
            for metric in card.metrics
        ]
        if card.cv_rmse is not None:
            folds = f"rmse, {card.cv_folds} folds" if card.cv_folds is not None else "rmse, cross-validated"
            rows.append((_cell(folds), _cell(_number(card.cv_rmse)), ()))
        tables.append(Table("Metrics on the test rows", ("Metric", "Value", "95 % interval"), rows, frozenset({1, 2})))
    if card.gates:
        gates = [
            (_cell(gate.name), _cell(_number(gate.value)), _cell(_number(gate.limit)), (_passed(gate.passed),))
            for gate in card.gates
        ]
        tables.append(Table("Gates at the training", ("Gate", "Value", "At most", "Result"), gates, frozenset({1, 2})))
    return tables


def _sign_offs(events: Iterable[Event]) -> Table | Text:
    rows = [
        (
            _cell(_moment(event.time)),
            (*_cell(f"{event.action} to {event.alias}"), *_override(event)),
            _cell(event.by),
            _cell(event.reason),
        )
        for event in events
    ]
    return Table("Signed off", ("When", "What", "By", "Why"), rows) if rows else Text("Nobody promoted this version.")


def _periods(periods: Iterable[AliasPeriod], lines: dict[int, Event]) -> Table | Text:
    rows = []
    for period in periods:
        end = (
            _cell(_moment(period.until))
            if period.until
            else (Text("now", GOOD if period.alias == CHAMPION else LABEL),)
        )
        rows.append(
            (
                _cell(period.alias),
                _cell(_list(f"version {period.version}", _share(period.share))),
                _cell(_moment(period.since)),
                end,
                _cell(_cause(lines[period.given])),
                _cell(_cause(lines[period.taken]) if period.taken else ""),
            )
        )
    if not rows:
        return Text("The history names no alias.")
    columns = ("Alias", "Held by", "From", "Until", "Given by", "Taken by")
    return Table("Who held which alias from when to when", columns, rows)


def _history(events: Iterable[Event]) -> Table | Text:
    rows = [
        (
            _cell(str(event.line)),
            _cell(_moment(event.time)),
            (*_cell(_what(event)), *_override(event)),
            _cell(event.by),
            _cell(event.reason),
            _code(event.line_sha256),
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
            _cell(file.name),
            _cell("gone" if file.size is None else f"{file.size:,}"),
            _cell("" if file.rows is None else str(file.rows)),
            (Text(file.state, styles.get(file.state, BAD)),),
            _cell(_join(_moment(file.sealed_at), f"by {file.sealed_by}" if file.sealed_by else "")),
            _code(file.sha256),
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
    return _list(_join(event.action, version, alias, event.file), _share(event.share), _quantity(event.rows, "rows"))


def _share(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.4g} % of the requests"


def _quantity(count: int | None, noun: str) -> str:
    return "" if count is None else f"{count} {noun}"


def _cause(event: Event) -> str:
    return f"{event.action} by {event.by}" + (f": {event.reason}" if event.reason else "")


def _event(event: Event) -> str:
    alias = f"as {event.alias}" if event.alias else ""
    return _join(_moment(event.time), alias, f"by {event.by}") + (f": {event.reason}" if event.reason else "")


def _cell(text: str | None) -> Cell:
    return (Text(text),) if text else ()


def _code(text: str | None) -> Cell:
    return (Text(text, CODE),) if text else ()


def _list(*parts: str | None) -> str:
    return ", ".join(filter(None, parts))


def _join(*parts: str | None) -> str:
    return " ".join(filter(None, parts))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _moment(time: str | None) -> str:
    """Return a time to the second in UTC; what is no time, as it is."""
    if not time:
        return ""
    try:
        moment = datetime.fromisoformat(time)
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment.tzinfo else time
    except (ValueError, OverflowError):
        return time
