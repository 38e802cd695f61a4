"""The page of a request: what is known of it, for who may see it, and never for long."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.endpoints.traces import _shown
from app.http.tokens import new_token
from registry import VersionStore
from registry.promotion import promote
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, CSV, IMPLAUSIBLE, OTHER_ROW, ROW, ask, logged, send_csv
from tests.conftest import HOUSES, publish
from tests.registry.conftest import publish_changed

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


def get_json(client: Service, request_id: str) -> Any:
    return client.get(f"/requests/{request_id}", headers=JSON).json


def get(client: Service, request_id: str, query: str = "", **headers: str) -> str:
    reply = client.get(f"/requests/{request_id}{query}", headers=HTML | headers)
    assert reply.status_code == 200, reply.text
    return reply.text


def test_it_tells_the_rows_the_version_and_who_signed_it_off(client: Service) -> None:
    publish(client.settings.models, by="bob")
    store = VersionStore(client.settings.models, "boston")
    promote(store, 2, "champion", ANN)
    ask(client, [ROW, [6, 800, 66.5]], X_Request_ID="mine")
    page = get(client, "mine")
    for text in (
        "mine",
        "/predict_json",
        "[[6,250,66.5],[6,800,66.5]]",
        "23.505",
        "tax lies outside the training range",
    ):
        assert text in page.replace(", ", ",") or text in page, text
    for text in (store.check(2).digest, "files as published", "bob", "ann: promote as champion", "because", "parity"):
        assert text in page, text


def test_it_is_json_for_programs_and_as_the_command_tells_it(client: Service) -> None:
    from audit.trace import trace

    ask(client, [ROW, OTHER_ROW], X_Request_ID="mine")
    reply = client.get("/requests/mine", headers=JSON)
    assert reply.headers["Cache-Control"] == "no-store"
    content: Any = reply.json
    assert (content["request_id"], content["complete"], len(content["days"])) == ("mine", True, 2)
    assert content["traces"] == trace(client.settings.store(), client.settings.log_folder, "mine")


def test_truths_that_came_since_and_faults_are_told(client: Service) -> None:
    ask(client, X_Request_ID="mine")
    client.post("/feedback", json={"request_id": "mine", "actual": 31.5, "source": "clerk", "comment": "<i>"})
    (client.settings.models / "boston" / "1" / "card.json").write_text("{}")
    page = get(client, "mine")
    for text in ("31.5", "clerk", "&lt;i&gt;", "card.json was changed", "files not as published"):
        assert text in page


def test_what_moved_a_prediction_is_told_if_it_was_asked_for(client: Service) -> None:
    headers = {"X-Request-ID": "why"}
    assert client.post("/predict_json?explain=1", json=ROW, headers=headers).status_code == 200
    (explained,) = logged(client.settings, "explanations")
    page = get(client, "why")
    assert "What moved each prediction" in page
    assert f">{explained['base']}<" in page
    assert explained in get_json(client, "why")["traces"][0]["explanations"]


def test_flags_are_told_in_words_and_intervals_at_the_prediction() -> None:
    flags = "tax:outside_training interval:0.9:17.03:25.2 instead_of:3 explained news"
    (row,) = _shown({"predictions": [{"flags": flags}], "explanations": []})["predictions"]
    assert row["flags-in-words"] == ["tax lies outside the training range", "in place of version 3", "news"]
    assert row["its-intervals"] == [("0.9", "17.03", "25.2")]


def test_inputs_that_are_called_like_parts_of_the_page_are_shown(make_client: MakeClient, tmp_path: Path) -> None:
    names = ("words", "intervals", "interval")
    inputs = tuple(replace(item, name=name) for item, name in zip(HOUSES.inputs, names, strict=True))
    publish(tmp_path / "odd", replace(HOUSES, inputs=inputs))
    client = make_client(models=tmp_path / "odd")
    ask(client, [6.25, 251, 1], X_Request_ID="mine")
    page = get(client, "mine")
    shown = zip(names, ("6.25", "251.0", "1.0"), strict=True)
    assert all(f'data-th="{name}">{value}<' in page for name, value in shown)
    assert "interval lies outside the training range" in page


def test_a_number_too_long_for_json_is_a_text(client: Service) -> None:
    publish_changed(client.settings.store(), {"card.json": json.dumps({"data": {"file": "a.csv", "rows": 1 << 80}})})
    answer = "/v1/models/boston/versions/2:predict"
    assert client.post(answer, json={"instances": [ROW]}, headers={"X-Request-ID": "odd"}).status_code == 200
    assert str(1 << 80) in str(get_json(client, "odd")["traces"])
    assert "files as published" in get(client, "odd")


def test_a_request_that_was_refused_says_why(client: Service) -> None:
    ask(client, [6, 250, 6666], X_Request_ID="mine")
    ask(client, IMPLAUSIBLE, X_Request_ID="odd")
    assert "age: 6666 lies outside the limits 0 to 100" in (page := get(client, "mine"))
    assert "status 422" in page
    assert "No prediction was made" in page
    assert "the prediction is not plausible, so it was not sent" in get(client, "odd")


def test_what_a_client_sent_is_no_markup_and_may_be_no_text(client: Service) -> None:
    body = b'<script>alert(1)</script>\xff\x1b"'
    client.post("/predict_json", data=body, headers={"X-Request-ID": "odd", "User-Agent": "<b>"})
    page = get(client, "odd")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert r"\udcff" in get_json(client, "odd")["traces"][0]["request"]["body"]


def test_a_long_body_and_many_rows_are_shown_in_part(client: Service) -> None:
    ask(client, [ROW] * 500, X_Request_ID="long")
    (trace,) = get_json(client, "long")["traces"]
    assert len(trace["request"]["body"]) == 2000
    assert [row["row"] for row in trace["predictions"]] == [str(row) for row in range(100)]
    page = get(client, "long")
    assert "There may be more than this page shows" in page
    assert "python -m audit trace long" in page


def test_an_id_that_was_used_often_has_its_newest_requests_first(client: Service) -> None:
    for tax in range(250, 257):
        ask(client, [6, tax, 66.5], X_Request_ID="mine")
    page = get(client, "mine")
    assert "5 requests had this id" in page
    shown = [tax for tax in range(250, 257) if f">{float(tax)}<" in page]
    assert shown == list(range(252, 257))
    assert page.index(">256.0<") < page.index(">255.0<")


def test_a_file_that_was_uploaded_is_found(client: Service) -> None:
    send_csv(client, CSV, X_Request_ID="file")
    assert "/predict_csv" in get(client, "file")


def test_an_unknown_id_is_told_where_it_was_looked_for(client: Service) -> None:
    ask(client, X_Request_ID="mine")
    (row,) = logged(client.settings, "requests")
    day = row["time"][:10]
    assert "23.505" in get(client, "mine", f"?day={day}")
    for path in ("/requests/other", "/requests/min", "/requests/mine?day=2001-01-01"):
        reply = client.get(path, headers=HTML)
        assert reply.status_code == 404
        assert "python -m audit trace" in reply.text
    assert client.get(f"/requests/{'x' * 129}").status_code == 404
    for odd in ("x", "2026-02-30", "20261123", ""):
        assert client.get(f"/requests/mine?day={odd}").status_code == 400


def test_without_tokens_for_pages_it_is_shown_on_this_machine_only(client: Service) -> None:
    ask(client, X_Request_ID="mine")
    for refused in (
        {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}},
        {"headers": {"X-Forwarded-For": "10.0.0.9"}},
        {"headers": {"Host": "evil.example"}},
    ):
        reply = client.get("/requests/mine", **refused)
        assert (reply.status_code, "own machine only" in reply.json["error"]) == (403, True)
        assert client.get("/requests/other", **refused).status_code == 403


def test_with_tokens_for_pages_it_is_shown_to_who_has_one_wherever(make_client: MakeClient, tmp_path: Path) -> None:
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(line)
    client = make_client(page_tokens=str(tmp_path / "tokens"))
    ask(client, X_Request_ID="mine")
    elsewhere = {"environ_base": {"REMOTE_ADDR": "10.0.0.9"}}
    assert client.get("/requests/mine").status_code == 401
    assert client.get("/requests/mine", headers={"Authorization": f"Bearer {token}"}, **elsewhere).status_code == 200


def test_one_search_of_a_worker_runs_at_a_time(client: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    import audit.recent_trace

    entered, leave = threading.Event(), threading.Event()
    search = audit.recent_trace.trace_recent

    def wait(*arguments: str) -> object:
        entered.set()
        assert leave.wait(30)
        return search(*arguments)  # type: ignore[arg-type]  # passed on

    ask(client, X_Request_ID="mine")
    monkeypatch.setattr("audit.recent_trace.trace_recent", wait)
    first: list[int] = []
    thread = threading.Thread(
        target=lambda: first.append(client.application.test_client().get("/requests/mine").status_code)
    )
    thread.start()
    assert entered.wait(30)
    second = client.get("/requests/mine")
    leave.set()
    thread.join()
    assert (first, second.status_code, second.headers["Retry-After"]) == ([200], 429, "1")


def test_logs_that_cannot_be_read_are_told(client: Service) -> None:
    ask(client, X_Request_ID="mine")
    for path in client.settings.log_folder.glob("requests-*"):
        path.unlink()
        path.mkdir()
    reply = client.get("/requests/mine")
    assert (reply.status_code, "can't be read" in reply.json["error"]) == (503, True)


@pytest.mark.parametrize("stream", ["requests", "predictions", "feedback"])
@pytest.mark.parametrize("header", [b"x" + b",x" * 30, b"\xff\xfe"])
def test_a_log_that_no_service_wrote_is_told(client: Service, stream: str, header: bytes) -> None:
    ask(client, X_Request_ID="mine")
    client.post("/feedback", json={"request_id": "mine", "actual": 31.5})
    (path,) = client.settings.log_folder.glob(f"{stream}-*")
    columns, _, rows = path.read_bytes().partition(b"\n")
    path.write_bytes(b",".join(header.split(b",")[: columns.count(b",") + 1]) + b"\n" + rows)
    reply = client.get("/requests/mine", headers=HTML)
    assert (reply.status_code, "no service wrote" in reply.text) == (503, True)


def test_a_version_that_no_service_answers_with_is_told(client: Service) -> None:
    ask(client, X_Request_ID="mine")
    (path,) = client.settings.log_folder.glob("predictions-*")
    path.write_bytes(path.read_bytes().replace(b",boston,1,", b",boston,x,"))
    assert client.get("/requests/mine", headers=HTML).status_code == 503


def test_a_card_with_odd_members_is_shown_as_far_as_it_goes(client: Service) -> None:
    publish_changed(client.settings.store(), {"card.json": '{"gates": 5, "data": {"file": [1]}, "by": "<i>"}'})
    answer = "/v1/models/boston/versions/2:predict"
    assert client.post(answer, json={"instances": [ROW]}, headers={"X-Request-ID": "odd"}).status_code == 200
    assert "Trained by" in (page := get(client, "odd"))
    assert "<i>" not in page


def test_without_a_version_records_are_shown_and_what_is_gone_is_named(
    client: Service, make_client: MakeClient, tmp_path: Path
) -> None:
    ask(client, X_Request_ID="mine")
    page = get(make_client(models=tmp_path / "empty"), "mine")
    assert "23.505" in page
    assert "version 1 is not published" in page


def test_the_form_links_to_it_where_it_can_be_opened(client: Service) -> None:
    question = "/form?rm=6&tax=250&age=66.5"
    reply = client.get(question)
    link = f"/requests/{reply.headers['X-Request-ID']}"
    assert f'href="{link}"' in reply.text
    assert client.get(link, headers=HTML).status_code == 200
    assert "/requests/" not in client.get(question, environ_base={"REMOTE_ADDR": "10.0.0.9"}).text


def test_rows_that_the_search_did_not_reach_are_not_called_missing(
    client: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(client, ROW, X_Request_ID="mine")
    (log,) = (client.settings.logs / "boston").glob("predictions-*.csv")
    with log.open("a") as file:
        file.write("another's row\n" * 1000)
    monkeypatch.setattr("audit.recent_trace.SEARCHED", 10_000)
    content = get_json(client, "mine")
    assert (content["complete"], content["traces"][0]["predictions"]) == (False, [])
    assert "prediction row" not in str(content["traces"][0]["faults"])
    monkeypatch.undo()
    log.unlink()
    assert "has no prediction row" in str(get_json(client, "mine")["traces"][0]["faults"])


def test_texts_and_what_is_missing_are_told_in_words(flats: Service) -> None:
    flats.post("/predict_json", json={"district": "<b>Bronx"}, headers={"X-Request-ID": "flat-1"})
    page = get(flats, "flat-1")
    assert '<td data-th="district">elsewhere</td>' in page
    assert '<td class="n" data-th="rooms"></td>' in page
    for words in ("rooms was not given", "district was not known to the version", "balcony was not given"):
        assert words in page
