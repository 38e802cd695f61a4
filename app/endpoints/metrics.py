"""``GET /metrics``: the service's metrics for Prometheus, the sum of all workers."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import datetime

from flask import Response

from app.endpoints.data_plane import DataPlane
from app.endpoints.report_files import ReportFiles
from app.http.application import Application
from app.metrics import processes
from app.metrics.exposition import CONTENT_TYPE, Family, render
from app.metrics.layout import STARTED
from app.metrics.recorder import Recorder
from app.metrics.reports import report_families
from app.metrics.series import families, reference_families
from app.metrics.slots import SlotMap
from app.settings import VERSION
from registry import CHAMPION, RegistryError
from registry.history import HISTORY
from registry.history_queries import held_since


def register(app: Application, plane: DataPlane, slots: SlotMap, recorder: Recorder) -> None:
    """Add the route to the application."""
    endpoint = _Metrics(plane, slots, recorder)
    app.flask.add_url_rule("/metrics", "metrics", endpoint.show)


class _Metrics:
    """What is known beside the workers' counts: versions, reports, processes."""

    def __init__(self, plane: DataPlane, slots: SlotMap, recorder: Recorder) -> None:
        self._plane = plane
        self._slots = slots
        self._recorder = recorder
        self._store = plane.settings.store()
        self._report_files = ReportFiles(plane.settings.log_folder / "reports")
        self._since: tuple[int, int, float | None] = (0, 0, None)  # of a champion, at a state of the history

    def show(self) -> Response:
        """Answer a scrape."""
        parts = (self._service(), families(self._slots, self._recorder), self._versions(), self._reports())
        return Response(render(family for part in parts for family in part), content_type=CONTENT_TYPE)

    def _service(self) -> Iterator[Family]:
        info = Family("serve_build_info", "gauge", "Always 1; its labels are the service's version and Python's.")
        info.add(1, version=VERSION, python=platform.python_version())
        cpu = Family(
            "process_cpu_seconds_total", "counter", "Processor time of the master and all workers there ever were."
        )
        memory = Family(
            "process_resident_memory_bytes", "gauge", "Resident memory of the master and its workers, added up."
        )
        start = Family("process_start_time_seconds", "gauge", "When the master began, in seconds since 1970.")
        start.add(self._slots.master[STARTED])
        if measured := processes.measure(self._slots):
            cpu.add(measured[0])
            memory.add(measured[1])
        return iter((info, cpu, memory, start))

    def _versions(self) -> Iterator[Family]:
        aliases = Family("model_alias_version", "gauge", "The version that has an alias, in the worker that was asked.")
        since = Family(
            "model_champion_since_timestamp_seconds", "gauge", "When the champion got its alias, since 1970."
        )
        versions = self._plane.router.versions()
        for alias, number in versions.items():
            aliases.add(number, alias=alias)
        champion = versions.get(CHAMPION, 0)
        if champion and (began := self._champion_since(champion)) is not None:
            since.add(began)
        deciles = self._recorder.deciles.get(champion, ())
        return iter((aliases, since, *reference_families(self._recorder.inputs, deciles)))

    def _champion_since(self, number: int) -> float | None:
        """Return when the version became champion, in seconds since 1970; None while the history can't be verified."""
        try:
            state = (self._store.folder / HISTORY).stat().st_mtime_ns
            if self._since[:2] != (number, state):
                time = held_since(self._store.history.entries(), CHAMPION, number)
                self._since = number, state, datetime.fromisoformat(time).timestamp() if time else None
        except (OSError, RegistryError, ValueError):
            return None
        return self._since[2]

    def _reports(self) -> Iterator[Family]:
        names = ("prediction", *self._recorder.inputs)
        return report_families(self._report_files.newest(), self._report_files.alert(), names)
