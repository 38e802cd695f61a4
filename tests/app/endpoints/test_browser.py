"""The page that runs the model in the browser: what it is given, and the script that it loads."""

from __future__ import annotations

import gzip
import html
import re
import shutil
from pathlib import Path

import pytest

from app.endpoints.browser import BUNDLE
from registry import VersionStore
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, make_champion
from tests.conftest import FLATS, HOUSES, LINEAR, write_version

CODES = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def client(settings: object, make_client: MakeClient) -> Service:
    """A client of a service whose version 2 has TensorFlow.js files; version 1, the champion, has none."""
    client = make_client()
    store = VersionStore(client.settings.models, "boston")
    with store.staging() as staged:
        write_version(staged, HOUSES, LINEAR)
        (staged / "tfjs").mkdir()
        for name in ("model.json", "weights.bin"):
            (staged / "tfjs" / name).write_text("{}")
        store.publish(staged, ANN)
    return client


def test_the_page_has_the_fields_of_the_signature_and_the_addresses_of_the_files(client: Service) -> None:
    page = client.get("/browser?version=2").text
    assert re.findall(r'<input [^>]*name="(\w+)"', page) == ["rm", "tax", "age"]
    for address in (
        'data-model="/models/boston/2/tfjs/model.json"',
        'data-rows-file="/models/boston/2/reference.csv"',
        'data-predict="/v1/models/boston/versions/2:predict"',
        '<a href="/models/boston/2/tfjs/weights.bin">',
        'data-limits="0 2000" data-training="187 711"',
        'src="/static/browser.js" type="module"',
    ):
        assert address in page, address
    assert "Nothing that you type is sent to the server" in page
    assert "This page needs JavaScript" in page
    assert "with the role <code>pinned</code>." in page
    for path in re.findall(r'data-(?:model|rows-file)="([^"]*)"', page):
        assert client.get(path).data
    assert client.new_rows("requests") == []


def test_the_page_shows_how_another_page_loads_the_model(client: Service, make_client: MakeClient) -> None:
    sample = html.unescape(client.get("/browser?version=2").text)
    assert 'tf.loadLayersModel("http://localhost/models/boston/2/tfjs/model.json")' in sample
    assert "tf.tensor2d([[6, 250, 66.5]])" in sample
    sample = html.unescape(client.get("/browser?version=2", headers={"Host": "my_model:5000"}).text)
    assert 'tf.loadLayersModel("http://my_model:5000/models/boston/2/tfjs/model.json")' in sample
    for origins, sentence in (
        ("*", "Pages of every origin may load these files"),
        ("https://shop.example", "Pages of these origins may load the files: https://shop.example"),
        ("", "Pages of other origins may not load the files here"),
    ):
        assert sentence in make_client(tfjs_origins=origins).get("/browser?version=2").text


def test_a_version_without_the_files_says_so_and_links_the_form(client: Service) -> None:
    page = client.get("/browser").text
    assert "No browser can run version 1." in page
    assert "browser.js" not in page
    make_champion(VersionStore(client.settings.models, "boston"), 2)
    client.application.extensions["router"].refresh()
    assert 'data-model="/models/boston/2/tfjs/model.json"' in client.get("/browser").text


def test_a_version_that_can_not_be_shown_is_an_error(client: Service) -> None:
    for version in ("3", "0", "x", "-1", "1.0", ""):
        assert client.get(f"/browser?version={version}").status_code == 404, version
    shutil.rmtree(client.settings.models / "boston" / "2" / "tfjs")
    client.check_page_error("/browser?version=2", 503, "tfjs/model.json is missing")


def test_the_script_is_sent_compressed_to_whoever_takes_that_and_whole_to_others(client: Service) -> None:
    compressed, whole = client.get("/static/tensorflow.js", headers=CODES), client.get("/static/tensorflow.js")
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert compressed.data == BUNDLE.read_bytes()
    assert "Content-Encoding" not in whole.headers
    assert gzip.decompress(compressed.data) == whole.data
    assert compressed.headers["ETag"] != whole.headers["ETag"]
    for reply in (compressed, whole):
        assert reply.mimetype == "text/javascript"
        assert "Accept-Encoding" in reply.vary
        assert reply.headers["Content-Length"] == str(len(reply.data))
    assert client.get("/static/tensorflow.js", headers={"Accept-Encoding": "gzip;q=0"}).data == whole.data


def test_a_browser_that_has_the_script_gets_it_not_again(client: Service) -> None:
    for headers in (CODES, {}):
        etag = client.get("/static/tensorflow.js", headers=headers).headers["ETag"]
        again = client.get("/static/tensorflow.js", headers={**headers, "If-None-Match": etag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)


def test_the_script_names_the_licences_of_its_parts(client: Service) -> None:
    script = client.get("/static/tensorflow.js").text
    assert "Apache License, Version 2.0" in script
    with client.get("/static/tensorflow-licenses.txt") as reply:
        licences = reply.text
    for part in ("tfjs-core", "tfjs-backend-cpu", "tfjs-layers", "seedrandom", "long", "node-fetch", "MIT License"):
        assert part in licences


def test_no_other_page_loads_the_script(client: Service) -> None:
    for path in ("/", "/form", "/form_csv", "/models/boston/2", "/monitor"):
        assert "browser.js" not in client.get(path).text
        assert "tensorflow.js" not in client.get(path).text


def test_texts_are_chosen_by_their_codes_and_an_empty_field_is_what_is_missing(
    make_client: MakeClient, tmp_path: Path
) -> None:
    store = VersionStore(tmp_path / "flats", "flats")
    with store.staging() as staged:
        write_version(staged, FLATS, LINEAR)
        (staged / "tfjs").mkdir()
        for name in ("model.json", "weights.bin"):
            (staged / "tfjs" / name).write_text("{}")
        store.publish(staged, ANN)
    page = make_client(models=tmp_path / "flats", model="flats").get("/browser").text
    assert '<option value="2" selected>the &#34;old&#34; town</option>' in page
    assert '<option value="2">not known</option>' in page  # of the balcony
    assert 'data-missing="-13"' in page
    assert 'data-signature="/models/flats/1/signature.json"' in page
    assert "tf.tensor2d([[4, 2, 1]])" in page
