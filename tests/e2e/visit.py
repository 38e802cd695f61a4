"""Every page of a service that is in use: which there are, after some traffic, true values and the monitor's report."""

from __future__ import annotations

import csv
import http.client
import json
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from monitor import latest
from registry import CommonSettings
from tests.e2e.server import Server

ROWS = 200
VERDICTS = (0, 10, 20, 30)  # exit codes of a report that was made


def reference_rows(models: Path, model: str, version: int) -> list[dict[str, str]]:
    """Return training rows of a version, by column; the output is one of them."""
    with (models / model / str(version) / "reference.csv").open(newline="") as file:
        return list(islice(csv.DictReader(file), ROWS))


def use(server: Server, model: str) -> dict[str, str]:
    """Ask for predictions, tell what was true, and have the monitor report. Return the path of each page by a name."""
    version = server.request("GET", "/health/ready")[1]["version"]
    signature = json.loads((server.models / model / str(version) / "signature.json").read_text())
    names, output = [item["name"] for item in signature["inputs"]], signature["output"]["name"]
    rows = reference_rows(server.models, model, version)
    values = [{name: float(row[name]) for name in names} for row in rows]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number, row in enumerate(values):
        _post(connection, "/predict_json", row, f"visit-{number}")
    few = next(item for item in signature["inputs"] if not item.get("categories"))
    beyond = (few["training"][1] + few["limits"][1]) / 2
    for number in range(6):
        _post(connection, "/predict_json", {**values[0], few["name"]: beyond}, f"beyond-{number}")
    _post(connection, "/predict_json", {few["name"]: "much"}, "refused")
    truths = [
        {"request_id": f"visit-{number}", "actual": float(row[output]), "source": "survey"}
        for number, row in enumerate(rows[: ROWS // 2])
    ]
    assert _post(connection, "/feedback", truths, "truths") == 200
    connection.close()
    # Not by `monitor watch --once`: it runs when nobody else wants the processor, and that may be never.
    settings = CommonSettings(model=model, models=server.models, logs=server.logs)
    assert latest.update(settings, datetime.now(UTC)) in VERDICTS
    (report,) = (server.logs / model / "reports").glob("report-*.html")
    typed = {name: f"{values[0][name]:g}" for name in names}
    return {
        "home": "/",
        "form": "/form",
        "answer": f"/form?{urlencode(typed)}",
        "beyond": f"/form?{urlencode({**typed, few['name']: f'{beyond:g}'})}",
        "problem": f"/form?{urlencode({**typed, few['name']: 'six'})}",
        "card": f"/models/{model}/{version}",
        "versions": "/models",
        "compare": "/models/compare",
        "monitor": "/monitor",
        "report": f"/monitor/{report.name}",
        "browser": "/browser",
        "upload": "/form_csv",
        "docs": "/docs",
        "trace": "/requests/visit-1",
        "error": "/nowhere",
    }


def _post(connection: http.client.HTTPConnection, path: str, content: Any, request_id: str) -> int:
    headers = {"Content-Type": "application/json", "X-Request-ID": request_id}
    connection.request("POST", path, json.dumps(content), headers)
    reply = connection.getresponse()
    reply.read()
    return reply.status
