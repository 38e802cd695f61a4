"""A form comes urlencoded or in parts; what it has beside the inputs is left out."""

from __future__ import annotations

import io

import pytest

from tests.app.conftest import Service
from tests.app.requests import PREDICTION

FIELDS = {"rooms": "6", "tax": "250,0", "age": "66.5"}
MULTIPART = "multipart/form-data"
AS_JSON = {"Accept": "application/json"}


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", MULTIPART])
def test_a_form_is_answered_with_buttons_and_other_fields_left_out(service: Service, media_type: str) -> None:
    fields = {**FIELDS, "submit": "Predict", "csrf_token": "x,y"}
    reply = service.post("/predict_form", data=fields, content_type=media_type, headers=AS_JSON)
    assert (reply.status_code, reply.json["prediction"]) == (200, PREDICTION)
    (row,) = service.new_rows("requests")
    assert "csrf_token" in row["body"]


def test_a_file_in_a_form_is_no_value(service: Service) -> None:
    for name, status in (("photo", 200), ("rm", 422)):
        fields = {"tax": "250", "age": "66.5", **({"rm": "6"} if name != "rm" else {})}
        data = {**fields, name: (io.BytesIO(b"6" * 100_000), "six.txt")}
        reply = service.post("/predict_form", data=data, content_type=MULTIPART, headers=AS_JSON)
        assert reply.status_code == status, reply.json


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        (MULTIPART, b"rm=6", "the form can't be read: Missing boundary"),
        (f"{MULTIPART}; boundary=x", b"rm=6", "the form can't be read"),
        (f"{MULTIPART}; boundary=x", b'--x\r\nContent-Disposition: form-data; name="rm"\r\n\r\n6', "can't be read"),
        (f"{MULTIPART}; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n6\r\n' * 1001 + b"--x--",
         "too many fields"),
        ("application/x-www-form-urlencoded", b"a=1&" * 1001, "no urlencoded form"),
    ],
)  # fmt: skip
def test_a_form_that_can_not_be_read_is_refused_with_the_reason(
    service: Service, content_type: str, body: bytes, message: str
) -> None:
    reply = service.post("/predict_form", data=body, content_type=content_type, headers=AS_JSON)
    assert (reply.status_code, message in reply.json["error"]) == (400, True), reply.json
