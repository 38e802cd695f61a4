"""What happened lately, as the home page says it: from the end of the logs, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.endpoints.lately import Lately, LatelyReader
from app.http.audit_log import AuditLog
from registry import VersionStore
from registry.promotion import canary
from tests.app.conftest import Clock, Service
from tests.app.requests import ANN, IMPLAUSIBLE, NAN, OTHER_ROW, ROW, ask, send_csv

Read = Callable[[], Lately]
INPUTS = ("rm", "tax", "age")


@pytest.fixture
def reader(client: Service, clock: Clock) -> LatelyReader:
    return LatelyReader(AuditLog(client.settings.log_folder, "write"), clock=clock)


@pytest.fixture
def read(reader: LatelyReader, clock: Clock) -> Read:
    """Reads anew each time."""

    def read() -> Lately:
        clock.now += 10
        return reader.read(INPUTS)

    return read


def test_without_a_row_there_is_nothing_to_share(reader: LatelyReader) -> None:
    assert reader.read(INPUTS) == Lately()


def test_it_counts_requests_and_has_the_champions_predictions_in_order(client: Service, read: Read) -> None:
    ask(client)
    ask(client, [OTHER_ROW, [6, 800, 66.5]])
    lately = read()
    assert (lately.requests, lately.seconds, lately.recent, lately.refused) == (2, 60, 2, 0)
    assert lately.predictions == pytest.approx((23.505, 32.7, 18.005), abs=1e-4)
    assert (lately.rows, lately.outside) == (3, 1 / 3)


def test_truths_and_pages_are_no_requests_for_predictions(client: Service, read: Read) -> None:
    ask(client, X_Request_ID="mine")
    client.post("/feedback", json={"request_id": "mine", "actual": 30})
    client.post("/feedback", json={"request_id": "mine"})
    client.get("/form")
    assert (read().recent, read().refused) == (1, 0)


def test_pinned_shadow_and_canary_rows_are_left_out(store: VersionStore, client: Service, read: Read) -> None:
    client.post("/v1/models/boston/versions/2:predict", json={"instances": [ROW]})
    canary(store, 2, 1, ANN)
    ask(client)
    assert (read().requests, read().rows, read().predictions) == (2, 0, ())


def test_what_was_not_sent_is_no_prediction(tricky: VersionStore, client: Service, read: Read) -> None:
    ask(client, NAN)
    ask(client, IMPLAUSIBLE)
    assert read().predictions == ()
    assert read().rows > 0


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ([6, 250, 6666], ("age", "outside its limits")),
        ({"rm": 6, "age": 1}, ("tax", "missing")),
        ([[6, 250, 66.5], [6, "secret", 66.5]], ("tax", "not a number")),
        ({"secret": 1, "rm": 6, "tax": 250, "age": 66.5}, ("", "with unusable values")),
        ("secret", ("", "unreadable")),
    ],
)
def test_the_most_frequent_reason_is_said_without_what_the_client_sent(
    client: Service,
    read: Read,
    refused: object,
    reason: tuple[str, str],
) -> None:
    for _ in range(2):
        ask(client, refused)
    client.post("/predict_json", data="6", content_type="text/plain")
    ask(client)
    lately = read()
    assert (lately.refused, lately.recent, lately.reason) == (0.75, 4, reason)
    assert "secret" not in client.get("/").text


def test_a_file_that_is_refused_for_a_value_names_the_input(client: Service, read: Read) -> None:
    client.post("/predict_csv?strict=1", data="rm,tax,age\n6,250,6666\n", content_type="text/csv")
    assert read().reason == ("age", "outside its limits")


def test_a_file_with_a_bad_row_is_answered_and_not_refused(client: Service, read: Read) -> None:
    send_csv(client, "rm,tax,age\n6,250,66.5\n6,x,66.5\n")
    assert (read().refused, read().rows) == (0, 1)


def test_rows_that_cover_less_than_a_minute_make_a_rate_over_what_they_cover(client: Service, tmp_path: Path) -> None:
    now = datetime(2026, 11, 24, 0, 0, 30, tzinfo=UTC)  # half of the minute is yesterday
    folder = tmp_path / "busy"
    folder.mkdir()

    def write(since: float, every: float) -> None:
        days: dict[str, list[str]] = {"2026-11-23": [], "2026-11-24": []}
        for step in range(int(since / every)):
            time = (now - timedelta(seconds=since - step * every)).isoformat(timespec="microseconds")
            days[time[:10]].append(f"{time.replace('+00:00', 'Z')},id,me,POST,/predict_json,x,200,1,,{'b' * 100}\n")
        for day, rows in days.items():
            head = "time,request_id,client,method,path,content_type,status,duration_ms,error,body\n"
            (folder / f"requests-{day}.csv").write_text(head + "".join(rows))

    def read() -> Lately:
        return LatelyReader(AuditLog(folder, "write"), now=lambda: now).read(INPUTS)

    write(since=100, every=1)
    assert (read().requests, read().seconds, read().recent) == (59, 60, 100)
    write(since=50, every=0.01)
    assert read().seconds < 60
    assert read().requests / read().seconds == pytest.approx(100, rel=0.02)
    (folder / "requests-2026-11-24.csv").write_bytes(b"torn")
    assert read().requests > 0


def test_a_body_of_a_megabyte_hides_nothing_but_what_stands_before(client: Service, read: Read) -> None:
    ask(client)
    ask(client, [ROW] * 9000)
    lately = read()
    assert (lately.recent, len(lately.predictions)) == (2, 60)
    ask(client)
    assert read().recent in (1, 3)


def test_many_who_look_at_the_same_time_cost_one_reading(client: Service, reader: LatelyReader, clock: Clock) -> None:
    ask(client)
    first = reader.read(INPUTS)
    ask(client)
    assert reader.read(INPUTS) is first
    clock.now += 2
    assert reader.read(INPUTS).requests == 2


def test_logs_that_cannot_be_read_are_told_and_the_page_is_there(client: Service, read: Read) -> None:
    ask(client)
    for path in client.settings.log_folder.glob("predictions-*"):
        path.unlink()
        path.mkdir()
    assert read() == Lately(unreadable=True)
    assert "The logs can’t be read" in client.get("/").text


def test_a_text_that_is_not_known_is_why_a_request_was_refused(flats: Service, clock: Clock) -> None:
    flats.post("/predict_json", json=[3, "Höchst", "maybe"])
    reader = LatelyReader(AuditLog(flats.settings.log_folder, "write"), clock=clock)
    assert reader.read(("rooms", "district", "balcony")).reason == ("balcony", "not known")
