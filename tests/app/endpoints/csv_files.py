"""Sending CSV files, and reading those that come back."""

from __future__ import annotations

import csv
import io

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PLAIN = "rm,tax,age\n6,250,66.5\n7,300,10\n"
ADDED = ["prediction", "warnings", "error"]


def send(client: FlaskClient, text: str | bytes, query: str = "", **headers: str) -> TestResponse:
    return client.post(f"/predict_csv{query}", data=text, content_type="text/csv", headers=headers)


def read_rows(reply: TestResponse) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    return list(csv.DictReader(io.StringIO(reply.data.decode("utf-8", "surrogateescape"), newline="")))
