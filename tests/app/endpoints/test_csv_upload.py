"""An uploaded CSV file: as the body or as the file of a form, perhaps compressed, within its limit."""

from __future__ import annotations

import gzip
import hashlib
import io

import pytest
from werkzeug.test import TestResponse

from tests.app.conftest import MakeClient, Service
from tests.app.requests import CSV, read_csv, send_csv

FILE = CSV.encode()


def send_form(service: Service, accept: str, *fields: str) -> TestResponse:
    """Send a form that has the text of the file in each of its fields."""
    parts = [f"--x\r\nContent-Disposition: form-data; {field}\r\n\r\n{CSV}\r\n" for field in fields]
    headers = {"Accept": accept, "Content-Type": "multipart/form-data; boundary=x"}
    return service.post("/predict_csv", data="".join([*parts, "--x--\r\n"]).encode(), headers=headers)


def test_types_sizes_and_queries_that_are_not_accepted_are_refused(make_client: MakeClient) -> None:
    client = make_client(max_upload=39)
    for content_type in ("application/json", "text/csv; charset=latin-1"):
        assert client.post("/predict_csv", data=CSV, content_type=content_type).status_code == 415
    large = send_csv(client, CSV + "7,300,10\n")
    assert (large.status_code, large.json["error"]) == (413, "the file is too large: send at most 39 bytes")
    for query in ("?strict=yes", "?strict=0&strict=1"):
        assert send_csv(client, CSV, query).status_code == 400
    assert [row["status"] for row in client.new_rows("requests")] == ["415", "415", "413", "400", "400"]


def test_a_spreadsheet_s_file_in_the_page_s_form_comes_back_as_a_file(service: Service) -> None:
    file = io.BytesIO("rm\ttax\tage\r\n6\t250\t66,5\r\n".encode("utf-16"))
    reply = service.post("/predict_csv", data={"file": (file, "homes.txt")})
    expected = '\ufeffrm\ttax\tage\tprediction\twarnings\terror\r\n6\t250\t66,5\t"23,505"\t\t\r\n'
    assert reply.data.decode() == expected
    assert 'filename="homes-predicted.csv"' in reply.headers["Content-Disposition"]


@pytest.mark.parametrize("charset", ["UTF-16", "utf-16le", '"utf-16"'])
def test_utf_16_may_be_declared(service: Service, charset: str) -> None:
    for path in ("/predict_csv", "/invocations"):
        reply = service.post(path, data=CSV.encode("utf-16"), content_type=f"text/csv; charset={charset}")
        assert reply.status_code == 200
    reply = service.post("/predict_json", data=b"[6, 250, 66.5]", content_type=f"application/json; charset={charset}")
    assert reply.status_code == 415


def test_a_compressed_file_of_several_members_is_one_text(service: Service) -> None:
    halves = gzip.compress(FILE[:20]) + gzip.compress(FILE[20:])
    assert send_csv(service, halves, **{"Content-Encoding": "gzip"}).text.count("\n") == 3
    (request,) = service.new_rows("requests")
    assert request["body"] == f"text/csv, {len(FILE)} bytes, SHA-256 {hashlib.sha256(FILE).hexdigest()}"


def test_a_file_that_was_small_only_while_it_was_compressed_is_refused(service: Service) -> None:
    compressed = gzip.compress(FILE + b"6,250,66.5\n" * 200_000)
    reply = send_csv(service, compressed, **{"Content-Encoding": "gzip"})
    assert (reply.status_code, "more than 100 times of what was sent" in reply.json["error"]) == (413, True)
    assert [row["status"] for row in service.new_rows("requests")] == ["413"]


@pytest.mark.parametrize(
    ("name", "download"),
    [
        ("my homes (1).csv", "my-homes-1-predicted.csv"),
        *((name, "predicted.csv") for name in ("данные.csv", "...csv", "")),
    ],
)
def test_the_page_sends_a_file_with_any_name_and_gets_one_back(service: Service, name: str, download: str) -> None:
    assert 'enctype="multipart/form-data"' in service.get("/form_csv").text
    reply = send_form(service, "text/html,*/*;q=0.8", f'name="file"; filename="{name}"')
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{download}"'
    assert [row["prediction"] for row in read_csv(reply)] == ["23.505", "32.7"]
    assert service.new_rows("requests")[0]["body"].startswith("multipart/form-data, ")


@pytest.mark.parametrize(
    "fields",
    [['name="file"; filename="a.csv"'] * 2, [], ['name="other"; filename="a.csv"'], ['name="file"']],
    ids=["two files", "no field", "another field", "no file"],
)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_form_has_one_file_in_its_field(service: Service, fields: list[str], accept: str) -> None:
    reply = send_form(service, accept, *fields)
    assert reply.mimetype == accept
    assert (reply.status_code, "expected a form with one file, in the field file" in reply.text) == (400, True)
    assert service.new_rows("requests")[0]["body"].startswith("multipart/form-data, ")
