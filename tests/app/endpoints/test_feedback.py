"""``POST /feedback``: what is recorded, what is refused, and that both are all or nothing."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from journal import daily_files
from tests.app.conftest import MakeClient, Service
from tests.app.requests import FullDisk, any_json, ask
from tests.conftest import HOUSES
from tests.journal.truths import truths_in

TRUTH = {"request_id": "a-1", "actual": 21.5}
ERROR = ("success", "error", "problems", "request_id")
FIELDS = ("request_id", "row", "actual", "measured_at", "source", "comment")


def send_csv(client: Service, text: str | bytes) -> TestResponse:
    return client.post("/feedback", data=text, content_type="text/csv")


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> None:
    """Count what the shared service has of other tests."""
    if "service" in request.fixturenames:
        request.getfixturevalue("service").new_rows("feedback")


def test_one_truth_is_recorded_with_its_request(service: Service) -> None:
    sent = {**TRUTH, "row": 2, "measured_at": "2026-11-20", "source": "survey", "comment": "=SUM(A1)\n"}
    reply = service.post("/feedback", json=sent, headers={"X-Request-ID": "truth-1"})
    assert (reply.status_code, reply.json) == (200, {"success": True, "recorded": 1, "request_id": "truth-1"})
    (row,) = service.new_rows("feedback")
    (request,) = service.new_rows("requests")
    assert row == {
        "time": request["time"],
        "request_id": "a-1",
        "row": "2",
        "actual": "21.5",
        "measured_at": "2026-11-20T00:00:00.000000Z",
        "source": "survey",
        "comment": "=SUM(A1)\n",
        "client": "127.0.0.1",
    }
    assert (request["request_id"], request["status"], json.loads(request["body"])) == ("truth-1", "200", sent)
    assert service.new_rows("predictions") == []


def test_many_truths_come_as_a_list_or_as_csv(service: Service) -> None:
    assert service.post("/feedback", json=[TRUTH, {**TRUTH, "row": 1.0}]).json["recorded"] == 2
    body = "\ufeffrequest_id;actual;row;comment\r\na-2;22,5;;\r\n\r\na-2;23;1;a\tb\r\n".encode("utf-16-le")
    assert send_csv(service, body).json["recorded"] == 2
    rows = [[row[name] for name in ("request_id", "row", "actual", "comment")] for row in service.new_rows("feedback")]
    assert rows == [
        ["a-1", "0", "21.5", ""],
        ["a-1", "1", "21.5", ""],
        ["a-2", "0", "22.5", ""],
        ["a-2", "1", "23.0", "a\tb"],
    ]
    compressed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert (
        service.post("/feedback", data=gzip.compress(json.dumps(TRUTH).encode()), headers=compressed).status_code == 200
    )


def test_the_same_truth_again_and_a_later_one_are_kept_beside_the_first(client: Service) -> None:
    for actual in (21.5, 21.5, 22.0):
        assert client.post("/feedback", json={**TRUTH, "actual": actual}).status_code == 200
    truths = truths_in(client.settings.log_folder)
    assert [truth.actual for truth in truths] == [21.5, 21.5, 22.0]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, 'the body is empty: expected an object like {"request_id": "order-4711", "row": 0, "actual": 21.5}'),
        (b"{", 400, "the body is not JSON"),
        (b"21.5", 400, "the body: expected an object like"),
        (b"[]", 400, "there is no truth: expected an object like"),
        (b"[[]]", 422, "not a list"),
        (b"[" * 100_000, 400, "nested too deep"),
        (b'{"request_id": "a", "actual": NaN}', 422, "actual: expected a number from 0 to 100, as is plausible, not n"),
        (b'{"request_id": "a", "actual": 1e400}', 422, "expected a number from 0 to 100, as is plausible, not inf"),
        (b'{"request_id": "a", "actual": "21.5"}', 422, 'not the text "21.5"'),
        (b'{"request_id": "a", "actual": 1, "\\u0061ctual": 2}', 422, "actual: appears twice"),
        (b'{"request_id": "a b", "actual": 1}', 422, "request_id: expected the X-Request-ID of a prediction"),
        (b'{"feedback": [{"request_id": "a", "actual": 1}]}', 422, "feedback: no such field; the fields are"),
        (b'{"request_id": "a", "actual": 1, "comment": "\\ud800"}', 422, "comment: expected a text in UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_truth_is_refused_with_what_was_expected(
    service: Service, body: bytes, status: int, message: str
) -> None:
    reply = service.post("/feedback", data=body, content_type="application/json")
    service.check_error(reply, status, message, *ERROR)
    assert service.new_rows("feedback") == []


def test_one_bad_truth_refuses_all_and_each_is_named_with_its_place(service: Service) -> None:
    sent = [TRUTH, {**TRUTH, "actual": 101}, TRUTH, {"actual": 1, "row": -1}]
    reply = service.post("/feedback", json=sent)
    assert reply.status_code == 422
    assert (
        reply.json["error"] == "row 1: actual: expected a number from 0 to 100, as is plausible, not 101.0 (and 2 more)"
    )
    places = [(item["row"], item["input"]) for item in reply.json["problems"]]
    assert places == [(1, "actual"), (3, "request_id"), (3, "row")]
    reply = send_csv(service, "request_id,actual\na,1\n\nb,x\nc,1,2\n")
    places = [(item["row"], item["input"], item["message"].partition(":")[0]) for item in reply.json["problems"]]
    assert (reply.status_code, places) == (422, [(1, "actual", "line 4"), (2, "", "line 5")])
    reply = send_csv(service, 'request_id,actual\na,1\n"b,2\n')
    assert (reply.status_code, "the body: line 3: can't be read as CSV" in reply.json["error"]) == (400, True)
    assert service.new_rows("feedback") == []


def test_thousands_of_bad_truths_are_looked_for_up_to_a_limit(service: Service) -> None:
    reply = service.post("/feedback", json=[{"actual": -1}] * 9000)
    assert (reply.status_code, len(reply.json["problems"])) == (422, 100)
    assert reply.json["error"].endswith("(and at least 1,000 more)")


def test_there_are_limits_on_records_bytes_and_types(make_client: MakeClient) -> None:
    client = make_client(max_rows=2, max_body=200)
    assert client.post("/feedback", json=[TRUTH] * 2).status_code == 200
    for reply in (client.post("/feedback", json=[TRUTH] * 3), send_csv(client, "request_id,actual\n" + "a,1\n" * 3)):
        assert (reply.status_code, reply.json["error"]) == (413, "too many truths at once: send at most 2")
    assert client.post("/feedback", data=" " * 201, content_type="application/json").status_code == 413
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert client.post("/feedback", data=json.dumps(TRUTH), content_type=media_type).status_code == 415
    assert client.get("/feedback").status_code == 405


def test_without_a_model_nobody_knows_what_is_plausible(empty_service: Service) -> None:
    reply = empty_service.post("/feedback", json=TRUTH)
    assert (reply.status_code, "no model is ready" in reply.json["error"]) == (503, True)


@pytest.mark.parametrize("stream", ["feedback", "requests"])
def test_truth_and_request_are_logged_both_or_neither(make_client: MakeClient, stream: str) -> None:
    client = make_client(write=FullDisk(stream, range(1, 2)))  # a file's header is its first write's
    assert [client.post("/feedback", json=TRUTH).status_code for _ in range(3)] == [200, 503, 200]
    assert [row["status"] for row in client.new_rows("requests")] == ["200", "200"]
    assert len(client.new_rows("feedback")) == 2


def test_a_feedback_file_that_can_not_be_written_stops_no_prediction(client: Service) -> None:
    path = client.settings.log_folder / f"feedback-{datetime.now(UTC).date()}.csv"
    path.parent.mkdir(parents=True)
    path.write_text("other,columns\n")
    assert client.get("/health/ready").status_code == 200
    assert ask(client).status_code == 200
    reply = client.post("/feedback", json=TRUTH)
    assert (reply.status_code, "the log can't be written" in reply.json["error"]) == (503, True)
    path.unlink()
    assert client.post("/feedback", json=TRUTH).status_code == 200


def test_truth_has_the_time_of_its_request(make_client: MakeClient) -> None:
    client = make_client(now=lambda: 1_790_419_803.7186246)
    assert client.post("/feedback", json=TRUTH).status_code == 200
    (truth,), (request,) = client.new_rows("feedback"), client.new_rows("requests")
    assert (truth["time"], request["time"]) == ("2026-09-26T10:50:03.718625Z",) * 2


def test_truth_belongs_to_the_day_on_which_it_came(make_client: MakeClient) -> None:
    client = make_client(now=datetime(2026, 11, 23, 23, 59, tzinfo=UTC).timestamp)
    ask(client, X_Request_ID="a-1")
    assert client.post("/feedback", json=TRUTH).status_code == 200
    assert client.post("/feedback", json={**TRUTH, "measured_at": "2026-11-25"}).status_code == 422  # seen from there
    assert [path.name for path in daily_files(client.settings.log_folder, "feedback")] == ["feedback-2026-11-23.csv"]


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2026, 1, 1))  # noqa: DTZ001 - as people write them
PLAIN = st.characters(exclude_categories=["Cs"])
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "request_id": st.from_regex("[A-Za-z0-9._-]{1,5}", fullmatch=True),
    "actual": st.floats(*HOUSES.output.plausible) | st.sampled_from(HOUSES.output.plausible),
    "row": st.none() | st.integers(0, 999_999_999) | st.just(3.0),
    "measured_at": st.none() | st.just("") | MOMENTS.map(lambda moment: moment.isoformat(timespec="microseconds")),
    "source": st.none() | st.text(PLAIN, max_size=100),
    "comment": st.none() | st.text(PLAIN, max_size=10),
}
WRONG = (
    any_json(*FIELDS) | st.floats() | st.text(PLAIN, min_size=101, max_size=102) | st.sampled_from(["a b", "2026-1-1"])
)


@st.composite
def truths(draw: st.DrawFn) -> Any:
    """A truth, of which perhaps one member is replaced, added or left out."""
    truth = {
        name: draw(value) for name, value in RIGHT.items() if name in ("request_id", "actual") or draw(st.booleans())
    }
    name = draw(st.sampled_from([*FIELDS, "other"]))
    match draw(st.sampled_from(["nothing", "replace", "leave out"])):
        case "replace":
            truth[name] = draw(WRONG)
        case "leave out":
            truth.pop(name, None)
    return truth


def test_truths_are_accepted_exactly_if_the_schema_accepts_them(service: Service) -> None:
    document = service.get("/openapi.json").json
    schema = {"$ref": "#/components/schemas/Truth", "components": document["components"]}
    validator = Draft202012Validator(schema)
    seen: dict[bool, int] = {True: 0, False: 0}

    @hypothesis_settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(truths())
    def check(truth: Any) -> None:
        body = json.dumps(truth)
        if "Infinity" in body or "NaN" in body:  # no JSON: the schema says nothing of it
            return
        accepted = service.post("/feedback", data=body, content_type="application/json").status_code == 200
        assert accepted == validator.is_valid(truth), body
        seen[accepted] += 1

    check()
    assert min(seen.values()) > 50, seen
