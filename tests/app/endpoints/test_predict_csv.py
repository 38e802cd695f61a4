"""``POST /predict_csv``: every row has a prediction or an error, and is in the log before the reply leaves."""

from __future__ import annotations

import csv
import io
import os
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.endpoints import csv_response, predict_csv
from journal import LogReader, daily_files
from tests.app.conftest import MakeClient, Service
from tests.app.requests import CSV, FullDisk, read_csv, send_csv


def test_the_file_comes_back_with_three_columns_more(service: Service) -> None:
    reply = send_csv(service, CSV, **{"X-Request-ID": "bulk"})
    assert reply.text == "rm,tax,age,prediction,warnings,error\n6,250,66.5,23.505,,\n7,300,10,32.7,,\n"
    assert reply.content_type == "text/csv; charset=utf-8"
    assert reply.headers["Content-Length"] == str(len(reply.data))
    assert reply.headers["X-Model-Version"] == "1"
    first, second = service.new_rows("predictions")
    assert [first[name] for name in ("request_id", "row", "rm", "prediction")] == ["bulk", "0", "6.0", "23.505"]
    assert second["row"] == "1"
    (request,) = service.new_rows("requests")
    assert (request["request_id"], request["status"], request["error"]) == ("bulk", "200", "")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        (
            b"rm;tax;age\r\n6;250;66,5\r\n7;x;10\r\n",
            'rm;tax;age;prediction;warnings;error\r\n6;250;66,5;"23,505";;\r\n'
            '7;x;10;;;"line 3, column tax: expected a number, not the text ""x"""\r\n',
        ),
        (
            "sep=\t\nrm\ttax\tage\n6\t250\t66.5\n".encode("utf-16"),
            "\ufeffsep=\t\nrm\ttax\tage\tprediction\twarnings\terror\n6\t250\t66.5\t23.505\t\t\n",
        ),
        (b"rm,tax,age\r6,250,66.5", "rm,tax,age,prediction,warnings,error\n6,250,66.5,23.505,,\n"),
        (b'rm,tax,age\n6,250,"66,5"\n', 'rm,tax,age,prediction,warnings,error\n6,250,"66,5","23,505",,\n'),
    ],
)
def test_the_reply_is_written_like_the_file(service: Service, text: bytes, reply: str) -> None:
    assert send_csv(service, text).data.decode() == reply


def test_a_file_that_can_be_read_in_two_ways_is_refused_with_the_cause(service: Service) -> None:
    reply = send_csv(service, "rm,tax;age\n6,250;66.5\n")
    message = "the header: it can be parted by ',' and by ';': quote the names that hold one of them"
    service.check_error(reply, 400, message, "success", "error", "problems", "request_id")


@pytest.mark.parametrize(
    ("row", "status", "error"),
    [
        ("6,abc,66.5", 422, 'line 3, column tax: expected a number, not the text "abc"'),
        ("6,2500,66.5", 422, "line 3, column tax: 2500 lies outside the limits 0 to 2000"),
        ('"6,5",2500,66.5', 422, 'line 3, column rm: expected a number, not the text "6,5"'),
        ("1,2000,100", 500, "line 3: the model's output -35 is not plausible for medv: expected 0 to 100"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_spoils_no_other_unless_strict(
    service: Service, row: str, status: int, error: str
) -> None:
    text = f"rm,tax,age\n6,250,66.5\n{row}\n7,300,10\n"
    first, bad, last = read_csv(send_csv(service, text))
    assert (first["prediction"], last["prediction"]) == ("23.505", "32.7")
    assert (bad["prediction"], bad["error"]) == ("", error)
    answered = [line["row"] for line in service.new_rows("predictions") if not line["flags"].endswith("implausible")]
    assert answered == ["0", "2"]
    assert service.new_rows("requests")[0]["error"] == f"1 of 3 rows have no prediction; {error}"
    strict = send_csv(service, text, "?strict=1")
    assert strict.status_code == status
    assert strict.json["error"].removesuffix(" (and 1 more)") == error
    assert strict.json["problems"][0]["row"] == 1
    assert send_csv(service, CSV, "?strict=1").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/predict_csv", "/invocations"])
@pytest.mark.parametrize(
    "text",
    [
        "rm,tax,age\n" + "1\n" * 100_000,
        "rm,tax,age" + ",a" * 990 + "\n" + "1\n" * 100_000,
        "rm,tax,age\n" + '"\n' * 100_000,
    ],
)
def test_rows_without_their_columns_take_no_memory(
    service: Service, monkeypatch: pytest.MonkeyPatch, path: str, text: str
) -> None:
    monkeypatch.setattr(predict_csv, "_MAX_SEARCH", 1000.0)  # tracing memory takes several times as long
    service.post(path, data=CSV, content_type="text/csv").close()
    tracemalloc.start()
    reply = service.post(path, data=text, content_type="text/csv")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reply.status_code == (200 if path == "/predict_csv" else 400)
    reply.close()
    assert peak < 30e6


def test_a_reply_that_outgrows_its_bound_is_refused(make_client: MakeClient) -> None:
    reply = send_csv(make_client(max_upload=10_000), "rm,tax,age\n" + "1\n" * 4000)
    message = "the reply would have more than 80000 bytes: send a part of the file at a time"
    assert (reply.status_code, reply.json["error"]) == (413, message)


def test_every_bad_row_is_found_even_where_most_are_bad(service: Service) -> None:
    lines = ["6,250,66.5" if number % 7 == 3 else "6,x,y" for number in range(5000)]
    rows = read_csv(send_csv(service, "rm,tax,age\n" + "\n".join(lines)))
    assert [number for number, row in enumerate(rows) if not row["error"]] == list(range(3, 5000, 7))
    assert {row["error"].partition(",")[0] for row in rows if row["error"]} == {
        f"line {number + 2}" for number in range(5000) if number % 7 != 3
    }


def test_bad_rows_that_take_too_long_are_refused_and_good_ones_never(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict_csv, "_MAX_SEARCH", 0.0)
    assert send_csv(service, CSV).status_code == 200
    reply = send_csv(service, CSV + "6,x,1\n")
    assert (reply.status_code, reply.json["error"]) == (
        422,
        "the first 1 bad rows took 0 s, and more are not looked for: correct them or send a part of the file at a "
        'time; line 4, column tax: expected a number, not the text "x"',
    )
    assert [row["status"] for row in service.new_rows("requests")] == ["200", "422"]


def test_a_file_gives_way_to_others_while_it_waits_for_its_client(client: Service) -> None:
    arriving, others = threading.Event(), []

    class Slow(io.BytesIO):
        """A body, in whose middle another file is sent and answered."""

        def read(self, size: int | None = -1) -> bytes:
            if self.tell() and not arriving.is_set():
                arriving.set()
                with ThreadPoolExecutor(1) as pool:
                    others.append(pool.submit(send_csv, client, CSV).result(timeout=10))
            return super().read(min(size or 0, 20))

    body = Slow(CSV.encode())
    slow = client.post("/predict_csv", input_stream=body, content_length=len(CSV), content_type="text/csv")
    assert [reply.text for reply in others] == [slow.text]


def test_a_file_without_a_good_row_is_answered_too(service: Service) -> None:
    reply = send_csv(service, "rm,tax,age\nx,1,2\n", Accept="application/json")
    assert (reply.status_code, reply.json["version"], reply.json["predictions"]) == (200, 1, [None])
    assert reply.headers["X-Model-Version"] == "1"
    assert service.new_rows("predictions") == []


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        ("rm,tax,age\n", 400, "there is no row behind the header"),
        ("rm,tax,age,prediction\n6,250,66.5,1\n", 422, "prediction: this column is added by the reply"),
    ],
)
def test_what_is_no_table_is_refused(service: Service, text: str, status: int, error: str) -> None:
    reply = send_csv(service, text)
    service.check_error(reply, status, error, "success", "error", "problems", "request_id")
    assert reply.json["success"] is False
    assert service.new_rows("predictions") == []


def test_many_batches_are_one_table(service: Service) -> None:
    lines = [f"{4 + number % 4},{200 + number % 500},{number % 90 + 5}" for number in range(60_000)]
    lines[31_234] = "x,1,1"
    rows = read_csv(send_csv(service, "rm,tax,age\n" + "\n".join(lines)))
    assert len(rows) == 60_000
    assert [number for number, row in enumerate(rows) if row["error"]] == [31_234]
    assert rows[31_234]["error"].startswith("line 31236, column rm")
    log = service.new_rows("predictions")
    assert [int(row["row"]) for row in log] == [number for number in range(60_000) if number != 31_234]
    for row in log[::997]:
        assert rows[int(row["row"])]["prediction"] == row["prediction"]


def test_a_log_that_fails_in_the_middle_is_503_and_no_row_counts_as_answered(
    make_client: MakeClient,
) -> None:
    client = make_client(write=FullDisk("predictions", failing=range(2, 3)))
    reply = send_csv(client, "rm,tax,age\n" + "6,250,66.5\n" * 100_000)
    assert reply.status_code == 503
    assert reply.json["error"] == "the log can't be written, so there is no answer: try again later"
    assert 0 < len(client.new_rows("predictions")) < 100_000
    assert [row["status"] for row in client.new_rows("requests")] == ["503"]


@pytest.mark.parametrize("accept", ["text/csv", "application/json"])
def test_only_a_long_reply_needs_a_file(client: Service, accept: str) -> None:
    def nameless_files() -> int:
        links = [str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
        return sum("(deleted)" in link and str(client.settings.logs) in link for link in links)

    for rows, has_file in ((2, False), (200_000, True)):
        with send_csv(client, "rm,tax,age\n" + "6,250,66.5\n" * rows, Accept=accept) as reply:
            assert (reply.status_code, nameless_files() > 0) == (200, has_file)
        assert nameless_files() == 0


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 1), (3, 2), (4, 3), (64, 3)])
def test_a_few_files_at_a_time_are_taken_however_many_threads_there_are(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, threads: int, most: int
) -> None:
    monkeypatch.setattr(csv_response, "_IN_MEMORY", 1)
    client = make_client(threads=threads)
    with ExitStack() as unread:
        statuses = [unread.enter_context(send_csv(client, CSV)).status_code for _ in range(most + 1)]
    assert statuses == [200] * most + [429]
    assert send_csv(client, CSV).status_code == 200


@pytest.mark.parametrize("accept", ["text/csv", "application/json"])
def test_a_disk_that_is_too_full_for_the_last_piece_is_503_and_takes_no_slot(
    make_client: MakeClient, small_disk: Path, accept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_response, "_IN_MEMORY", 1)
    client = make_client(logs=small_disk)
    assert send_csv(client, CSV).status_code == 200  # the pages of the log have room for more rows
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass
    for _ in range(2 * client.settings.threads):
        reply = send_csv(client, CSV, Accept=accept)
        assert (reply.status_code, "No space left on device" in reply.json["error"]) == (503, True)
    log = [row["status"] for path in daily_files(small_disk / "boston", "requests") for row in LogReader(path)]
    assert log == ["200"] + ["503"] * 2 * client.settings.threads
    filler.unlink()
    assert send_csv(client, CSV, Accept=accept).status_code == 200


def test_a_reply_whose_row_cannot_be_written_takes_no_slot(make_client: MakeClient) -> None:
    def write(descriptor: int, data: bytes) -> int:
        if "requests" in Path(f"/proc/self/fd/{descriptor}").resolve().name:
            raise ValueError("not an OSError")
        return os.write(descriptor, data)

    client = make_client(write=write)
    statuses = [send_csv(client, CSV).status_code for _ in range(2 * client.settings.threads)]
    assert set(statuses) <= {500, 503}


CELLS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.floats(4, 8, width=32) | st.integers(4, 8)
TABLES = st.lists(st.tuples(CELLS, NUMBERS, st.integers(200, 700), CELLS, st.floats(3, 99)), min_size=1, max_size=8)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(table=TABLES)
def test_any_table_comes_back_cell_by_cell_with_the_predictions_of_predict_json(
    service: Service, table: list[Any]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["a", "rm", "tax", "b", "age"])
    writer.writerows(table)
    reply = send_csv(service, text.getvalue().encode())
    header, *records = csv.reader(io.StringIO(reply.data.decode(), newline=""))
    body = orjson.dumps([[row[1], row[2], row[4]] for row in table])
    expected = service.post("/predict_json", data=body, content_type="application/json").json["predictions"]
    assert header == ["a", "rm", "tax", "b", "age", "prediction", "warnings", "error"]
    for row, record, number in zip(table, records, expected, strict=True):
        assert record[:5] == list(map(str, row))
        assert float(record[5]) == number
