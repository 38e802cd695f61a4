"""The files of the versions: each as it was published, or a sentence in its place."""

from __future__ import annotations

import re
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from app.settings import Settings
from registry import VersionStore
from registry.promotion import promote
from registry.signing import load_public_key, sign
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, make_champion
from tests.conftest import HOUSES, LINEAR, Keys, publish, write_version

ROOT = "/models/boston/1"
LARGE = 3 << 20  # bytes, more than what is read at a time


@pytest.fixture
def folder(settings: Settings) -> Path:
    """The folder of a version that has each kind of file; it is version 1."""
    store = VersionStore(settings.models, "boston")
    shutil.rmtree(store.folder)
    with store.staging() as staged:
        write_version(staged, HOUSES, LINEAR)
        (staged / "tfjs").mkdir()
        (staged / "tfjs" / "model.json").write_text("{}")
        (staged / "tfjs" / "weights.bin").write_bytes(bytes(range(256)) * (LARGE // 256))
        (staged / "plot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
        (staged / "page.html").write_text("<script>alert(1)</script>")
        (staged / "a b&c").write_text("odd")
        store.publish(staged, ANN)
    return store.folder / "1"


@pytest.fixture
def client(folder: Path, make_client: MakeClient) -> Service:
    assert folder.is_dir()
    return make_client()


def test_every_file_is_sent_as_it_was_published_and_so_is_their_list(client: Service, folder: Path) -> None:
    types = {".json": "application/json", ".svg": "image/svg+xml; charset=utf-8"}
    types |= {end: f"text/{kind}; charset=utf-8" for end, kind in ((".md", "markdown"), (".csv", "csv"), ("", "plain"))}
    sums = (folder / "SHA256SUMS").read_text()
    names = [line[66:] for line in sums.splitlines()]
    assert {"tfjs/model.json", "tfjs/weights.bin", "a b&c", "model.tflite"} <= set(names)
    for name in [*names, "SHA256SUMS"]:
        reply = client.get(f"{ROOT}/{name}")
        assert (reply.status_code, reply.data) == (200, (folder / name).read_bytes()), name
        assert reply.headers["ETag"] == f'"{sha256(reply.data).hexdigest()}"'
        assert reply.headers["Content-Length"] == str(len(reply.data))
        assert reply.headers["Cache-Control"] == "no-cache"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.content_type == types.get(Path(name).suffix, "application/octet-stream"), name


def test_no_file_can_act_as_a_page_of_this_service(client: Service) -> None:
    for name in ("plot.svg", "page.html", "model_card.md", "tfjs/model.json"):
        policy = client.head(f"{ROOT}/{name}").headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "sandbox"} <= set(policy)
        assert not any(part.startswith("script-src") for part in policy)
    assert client.head(f"{ROOT}/page.html").content_type == "application/octet-stream"
    assert client.head(f"{ROOT}/plot.svg").mimetype == "image/svg+xml"


def test_head_has_the_same_headers_and_a_client_that_has_the_file_gets_it_not_again(
    client: Service, folder: Path
) -> None:
    whole = client.get(f"{ROOT}/tfjs/weights.bin")
    head = client.head(f"{ROOT}/tfjs/weights.bin")
    assert (head.status_code, head.data) == (200, b"")
    assert {**head.headers, "X-Request-ID": ""} == {**whole.headers, "X-Request-ID": ""}
    assert int(head.headers["Content-Length"]) == LARGE
    etag = whole.headers["ETag"]
    for sent in (etag, f'"other", W/{etag}', "*"):
        reply = client.get(f"{ROOT}/tfjs/weights.bin", headers={"If-None-Match": sent})
        assert (reply.status_code, reply.data) == (304, b""), sent
        assert (reply.headers["ETag"], reply.headers["Cache-Control"]) == (etag, "no-cache")
    assert client.get(f"{ROOT}/tfjs/weights.bin", headers={"If-None-Match": '"other"'}).data == whole.data
    (folder / "tfjs" / "weights.bin").write_bytes(b"changed")  # what the client has is still what was published
    assert client.get(f"{ROOT}/tfjs/weights.bin", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/nothing",
        f"{ROOT}/tfjs",
        f"{ROOT}/tfjs/",
        f"{ROOT}//signature.json",
        f"{ROOT}/./signature.json",
        f"{ROOT}/tfjs/../signature.json",
        f"{ROOT}/../aliases.json",
        f"{ROOT}/%2e%2e/aliases.json",
        f"{ROOT}/..%2faliases.json",
        f"{ROOT}//etc/passwd",
        f"{ROOT}/signature.json%00",
        f"{ROOT}/%ff",
        f"{ROOT}/SHA256SUMS.sig",
        "/models/boston/2/signature.json",
        "/models/boston/0/signature.json",
        "/models/boston/12345678901234567890/signature.json",
        "/models/boston/retired/signature.json",
        "/models/other/1/signature.json",
        "/models/../1/signature.json",
    ],
)
def test_what_was_not_published_is_not_found(client: Service, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_file_that_was_added_later_is_not_found_and_a_link_never_followed(client: Service, folder: Path) -> None:
    (folder / "added.txt").symlink_to("/etc/passwd")
    assert client.get(f"{ROOT}/added.txt").status_code == 404
    shutil.move(folder / "signature.json", folder.parent / "moved.json")
    (folder / "signature.json").symlink_to(folder.parent / "moved.json")
    client.check_page_error(f"{ROOT}/signature.json", 503, "a version holds plain files and folders only")
    shutil.move(folder / "tfjs", folder.parent / "moved")
    (folder / "tfjs").symlink_to(folder.parent / "moved")
    client.check_page_error(f"{ROOT}/tfjs/model.json", 503, "a version holds plain files and folders only")


def test_a_file_that_was_changed_is_not_sent_and_the_others_are(client: Service, folder: Path) -> None:
    (folder / "card.json").write_text("{}")
    client.check_page_error(f"{ROOT}/card.json", 503, "card.json was changed; restore the published files")
    (folder / "tfjs" / "weights.bin").write_bytes(bytes(LARGE))
    client.check_page_error(f"{ROOT}/tfjs/weights.bin", 503, "tfjs/weights.bin was changed")
    (folder / "test.csv").unlink()
    client.check_page_error(f"{ROOT}/test.csv", 503, "test.csv: can't be read")
    assert client.head(f"{ROOT}/signature.json").status_code == 200
    (folder / "SHA256SUMS").write_text(f"{sha256(b'{}').hexdigest()}  card.json\n")
    client.check_page_error(f"{ROOT}/card.json", 503, "is not what was published as version 1")
    (folder / "SHA256SUMS").unlink()
    client.check_page_error(f"{ROOT}/card.json", 503, "SHA256SUMS: can't be read")


def test_a_version_that_the_history_does_not_name_has_no_files(client: Service, folder: Path) -> None:
    shutil.copytree(folder, folder.parent / "2")
    client.check_page_error("/models/boston/2/signature.json", 503, "version 2 is not in the history")


def test_the_files_of_a_retired_version_are_still_there(client: Service) -> None:
    publish(client.settings.models)
    store = client.settings.store()
    published = client.get(f"{ROOT}/signature.json").data
    make_champion(store, 2)
    store.aliases.retire(1, ANN)
    assert not (store.folder / "1").exists()
    assert client.get(f"{ROOT}/signature.json").data == published


def test_the_signing_is_sent_beside_the_list_and_a_wrong_one_keeps_everything_back(
    client: Service, make_client: MakeClient, keys: Keys
) -> None:
    store = client.settings.store()
    path = sign(store.folder, 1, (store.folder / "1" / "SHA256SUMS").read_bytes(), keys.private)
    strict = make_client(require_signature=str(keys.public))
    for service in (client, strict):
        assert service.get(f"{ROOT}/SHA256SUMS.sig").data == path.read_bytes()
        assert service.head(f"{ROOT}/signature.json").status_code == 200
    assert load_public_key(keys.public)
    path.write_text("AAAA\n")
    strict.check_page_error(f"{ROOT}/signature.json", 503, "is not this version's signature")
    assert client.get(f"{ROOT}/SHA256SUMS.sig").data == b"AAAA\n"


def test_a_download_is_no_row_of_the_log(client: Service) -> None:
    assert client.head(f"{ROOT}/signature.json").status_code == 200
    assert client.put(f"{ROOT}/signature.json").status_code == 405
    assert [row["status"] for row in client.new_rows("requests")] == ["405"]


def test_downloads_are_found_whatever_the_champion_is(client: Service) -> None:
    store = client.settings.store()
    publish(client.settings.models)
    promote(store, 2, "champion", ANN, override=True)
    for number in (1, 2):
        assert re.match(rb"# Model card", client.get(f"/models/boston/{number}/model_card.md").data)
