"""The pages of the versions: all of them, one version's card, two compared; over cards that no training wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.http.tokens import new_token
from app.settings import Settings
from registry import VersionStore
from registry.integrity import write_sums
from registry.promotion import canary, clear, promote, shadow
from tests.app.conftest import MakeClient, Service
from tests.app.requests import ANN, make_champion
from tests.cards import card_of
from tests.conftest import HOUSES, LINEAR, publish, write_version
from tests.registry.conftest import edit, retire

OTHER = {"errors": (1.0, -1.0), "hidden": (8, 4)}  # of a version that is better on half of the rows


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words(page: str) -> str:
    """Return what a reader sees of a page, on one line."""
    parser = _Text()
    parser.feed(page)
    return " ".join(" ".join(parser.words).split())


def cells(page: str, row: str) -> list[str]:
    """Return the cells of the first row of a table that has this text in its heading."""
    found = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    rows = [text for text in found if row in words(text.partition("</th>")[0])]
    return [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rows[0], re.DOTALL)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions with whole cards, and a third of other data. The tests leave them as they are."""
    folder = tmp_path_factory.mktemp("models")
    publish(folder, card=card_of())
    publish(folder, card=card_of(**OTHER))
    publish(folder, card=card_of(data="e" * 64))
    return folder


@pytest.fixture(scope="module")
def versions(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = Settings(models=models, logs=tmp_path_factory.mktemp("logs"))
    app = create_app(settings)
    app.testing = True
    yield Service(app, settings)
    app.extensions["router"].close()


def get(client: Service, path: str) -> str:
    reply = client.get(path, headers={"Accept": "text/html"})
    assert (reply.status_code, reply.mimetype) == (200, "text/html"), reply.text
    return reply.text


def test_a_card_says_what_the_version_is_and_how_good_it_is(versions: Service) -> None:
    page = get(versions, "/models/boston/2")
    text = words(page)
    for expected in (
        "Model card: boston, version 2",
        "RMSE on test rows 1.00 0.500 to 1.50, $1000",
        "RMSE, cross-validated 5.00 5 folds, 200 rows",
        "90 % intervals hold 100 % of 40 test rows",
        "Mean interval width 4.00 $1000",
        "Network mlp 8-4 11 weights",
        "by tests, in 8.3 s",
        "Not an input, so the model never sees it: chas",
        "Compare with version 1, the champion",
        "published version 2 as challenger by tests",
        "160 training rows, 40 test rows, seed 42; 1 with the inputs of an earlier row",
        "commit " + "c" * 40,
    ):
        assert expected in text, expected
    assert page.count('role="img"') == 2 + 3  # two of the test rows, and a curve for each input
    assert cells(page, "least squares") == ["1.00", "5.00"]
    assert cells(page, "parity") == ["1 × 10⁻⁶", "1 × 10⁻⁵", "passed"]


def test_a_card_lists_every_published_file_with_its_digest(versions: Service, models: Path) -> None:
    page = get(versions, "/models/boston/1")
    verified = VersionStore(models, "boston").check(1)
    for line in verified.sums.decode().splitlines():
        digest, name = line.split("  ")
        assert f'href="/models/boston/1/{name}"' in page
        assert digest in page
    assert 'href="/models/boston/1/SHA256SUMS"' in page
    assert verified.digest in page


def test_a_card_names_the_rows_outside_the_interval_and_the_slices_that_err_more(versions: Service) -> None:
    page = get(versions, "/models/boston/1")
    text = words(page)
    assert "90 % intervals hold 50 % of 40 test rows" in text  # errors of 3 and -1, within 2
    assert "Orange: outside the 90 % interval (20 rows)" in text
    assert "In no slice is the error clearly larger" in text  # from 4.0, and over all rows it is 5
    assert cells(page, "≤ 6") == ["20", "", "7.00", "4.00 to 9.00"]


def test_a_slice_whose_interval_is_above_the_error_of_all_rows_is_named(client: Service) -> None:
    publish(client.settings.models, card=card_of(low=5.5))
    assert "clearly larger where rm is ≤ 6 (7.00)" in words(get(client, "/models/boston/2"))


def test_a_program_gets_the_card_as_json_and_a_page_says_where_it_is(versions: Service) -> None:
    reply = versions.get("/models/boston/1", headers={"Accept": "application/json"})
    assert reply.json["weights_sha256"] == "9" * 64
    page = versions.get("/models/boston/1")
    assert page.headers["Link"] == '</models/boston/1/card.json>; rel="alternate"; type="application/json"'
    assert {reply.headers["Vary"], page.headers["Vary"]} == {"Accept"}


def test_the_text_of_a_version_is_no_markup(client: Service) -> None:
    evil = "<script>alert(1)</script>"
    card: dict[str, Any] = json.loads(
        json.dumps(card_of()).replace("Homes of `1970`", evil).replace("boston.csv", evil)
    )
    card |= {"by": evil, "commit": evil, "packages": {evil: evil}, "baselines": {evil: {}}, "created": evil}
    card["slices"][0] |= {"column": evil, "slice": evil}
    card["gates"] = [{"name": evil, "value": evil, "limit": 1, "passed": evil}]
    card["spec"]["content"]["about"]["ethics"] = f"[a](javascript:alert(1)) {evil}"
    inputs = [replace(item, label=evil, unit=evil) for item in HOUSES.inputs]
    output = replace(HOUSES.output, label=evil, unit=evil)
    publish(client.settings.models, replace(HOUSES, inputs=tuple(inputs), output=output), card=card)
    for path in ("/models/boston/2", "/models", "/models/compare"):
        page = get(client, path)
        assert "<script>" not in page.replace('<script src="', "")
        assert 'href="javascript:' not in page
        assert "&lt;script&gt;" in page


PARTS = ("spec", "data", "split", "metrics", "cv", "intervals", "baselines", "slices", "gates", "parity", "packages")
ODD: list[Any] = [
    None,
    7,
    "text",
    [],
    {},
    [1, "a", None, {}],
    {"rmse": "much", "name": [], "content": 5, "x": {"y": {}}},
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Versions whose cards were written by another program."""
    folder = tmp_path_factory.mktemp("odd")
    publish(folder / "models", card=card_of())
    store = VersionStore(folder / "models", "boston")
    texts = ["", "[]", "[" * 100_000, '{"metrics": {"rmse": 1e999}}', '{"metrics": {"rmse": NaN}}']
    for value in ODD:
        texts.append(json.dumps({**card_of(), **dict.fromkeys((*PARTS, "figures", "by", "created"), value)}))
        texts.append(json.dumps({**card_of(), "spec": value, "slices": [value], "gates": [value, {}]}))
    for number, text in enumerate(texts, 2):
        version = store.folder / str(number)
        version.mkdir()
        write_version(version, HOUSES, LINEAR)
        (version / "card.json").write_text(text)
        write_sums(version)
    store.aliases.import_existing(ANN)
    settings = Settings(models=folder / "models", logs=folder / "logs")
    app = create_app(settings)
    yield Service(app, settings)
    app.extensions["router"].close()


def test_whatever_a_card_holds_its_pages_are_shown(odd: Service) -> None:
    get(odd, "/models")
    for number in range(1, 1 + 5 + 2 * len(ODD) + 1):
        get(odd, f"/models/boston/{number}")
        get(odd, f"/models/compare?a=1&b={number}")
        get(odd, f"/models/compare?a={number}&b=1")


def test_an_older_version_has_a_card_without_what_it_lacks(client: Service) -> None:
    card = card_of()
    del card["figures"]
    card["slices"] = [{"column": "rm", "slice": "≤ 6", "cv_rows": 20, "cv_rmse": 7.0}]
    publish(client.settings.models, card=card)
    page = get(client, "/models/boston/2")
    text = words(page)
    for expected in (
        "this version has no intervals",
        "no test rows beside their predictions",
        "has no such curves",
        "was published without prediction intervals",
    ):
        assert expected in text
    assert cells(page, "≤ 6") == ["20", "", "7.00", "–"]


def test_the_card_of_a_model_that_came_fitted_says_what_is_not_known_of_it(client: Service) -> None:
    card = card_of()
    card["cv"] = card["interval"] = None
    card["spec"]["content"]["fit"] = {"file": "norm <b>.keras"}
    card["fitted"] = {"file": "norm <b>.keras", "kind": "keras", "sha256": "8" * 64, "training_rows": "unknown"}
    card["slices"] = [{"column": "rm", "slice": "≤ 6", "test_rows": 9, "test_rmse": 7.0, "cv_rows": 0, "cv_rmse": None}]
    publish(client.settings.models, card=card)
    text = words(get(client, "/models/boston/2"))
    assert "came in the file norm <b>.keras . Which rows it was fitted to is not known" in text
    assert "can't be cross-validated. Its error on the test rows of each slice is in model_card.md" in text
    assert "Network norm <b>.keras" in text
    get(client, "/models/compare?a=1&b=2")
    assert "Which rows it was fitted to" not in words(get(client, "/models/boston/1"))


def test_the_promise_of_an_interval_stands_beside_what_was_measured(client: Service) -> None:
    interval = {
        "rows": 506,
        "levels": {"0.9": {"coverage": 0.905, "width": 12.5}},
        "worst_third": {"name": "highest predictions", "rows": 169, "coverage": 0.88},
        "worst_slice": {"name": "rm ≤ 6", "rows": 131, "coverage": 0.83},
    }
    publish(client.settings.models, card={**card_of(), "interval": interval})
    text = words(get(client, "/models/boston/2"))
    assert "90 % intervals hold 90.5 % of 506 rows" in text
    assert "Of the thirds by prediction, the highest predictions did worst: 88 % of 169 rows were inside." in text
    assert "Of the slices, rm ≤ 6 did worst: 83 % of 131 rows." in text
    assert "It does not promise this for one row" in text


def test_a_retired_version_keeps_its_card(client: Service, store: VersionStore) -> None:
    retire(store)
    text = words(get(client, "/models/boston/2"))
    assert "Version 2 was taken out of service" in text
    assert "retired version 2 by ann" in text
    assert "1 is retired." in words(get(client, "/models"))


def test_a_damaged_version_is_named_on_each_page_and_nothing_of_it_is_shown(client: Service) -> None:
    publish(client.settings.models, card=card_of())
    assert "Ethical considerations" in get(client, "/models/boston/2")
    edit(client.settings.models / "boston" / "2" / "card.json", b"teaching", b"learning")
    for path in ("/models/boston/2", "/models", "/models/compare?a=1&b=2"):
        page = get(client, path)
        assert "card.json was changed; restore the published files" in page
        assert "Ethical considerations" not in page
        assert "learning" not in page


def test_a_version_that_is_gone_is_still_listed(client: Service, store: VersionStore) -> None:
    (store.folder / "2").rename(store.folder / ".elsewhere")
    assert "version 2 is gone" in get(client, "/models")
    assert "version 2 is gone" in get(client, "/models/boston/2")


def test_a_damaged_history_is_named_and_its_sound_lines_are_shown(client: Service, store: VersionStore) -> None:
    get(client, "/models")
    edit(store.folder / "history.jsonl", b"publish", b"PUBLISH")
    text = words(get(client, "/models"))
    assert "The registry is not in order" in text
    assert "line 1: was changed" in text
    assert "published version 2 as challenger" in text
    assert "line 1: was changed" in words(get(client, "/models/boston/1"))


def test_a_service_without_a_model_says_how_to_get_one(empty_service: Service) -> None:
    assert "make train" in words(get(empty_service, "/models"))
    assert "There is nothing to compare yet" in words(get(empty_service, "/models/compare"))


def test_all_versions_stand_side_by_side_with_their_aliases_and_who_made_them(versions: Service) -> None:
    page = get(versions, "/models")
    text = words(page)
    assert "3 versions. Version 1 answers, as champion." in text
    assert cells(page, "version 2")[:6] == ["–", "mlp 8-4", "1.00", "5.00", "0.500", "4.00 wide, 100 % inside"]
    assert cells(page, "version 1")[0] == "champion"
    assert cells(page, "version 3")[0] == "challenger"
    assert 'href="/models/compare?a=1&amp;b=2"' in page
    assert "version 1: 2.24 (1.74 to 2.74); version 2: 1 (0.5 to 1.5)" in page
    assert "Not all are known to be tested on the same rows" in text


def test_the_first_sentence_says_who_answers_and_who_stands_in(client: Service, store: VersionStore) -> None:
    for _ in range(2):
        publish(store.folder.parent)
    promote(store, 2, "fallback", ANN)
    canary(store, 3, 0.05, ANN)
    shadow(store, 4, ANN)
    client.application.extensions["router"].refresh()
    assert (
        "4 versions. Version 1 answers, as champion; version 3 answers 5 % of the requests instead, as canary; "
        "version 2 stands in if it fails; version 4 sees every request and answers none."
    ) in words(get(client, "/models"))


def test_overlapping_intervals_are_said_not_to_tell_versions_apart(client: Service) -> None:
    for errors in ((3.0,), (3.5,)):
        publish(client.settings.models, card=card_of(errors=errors))
    make_champion(VersionStore(client.settings.models, "boston"), 2)
    assert "All intervals overlap with the champion's" in words(get(client, "/models"))
    publish(client.settings.models, card=card_of(errors=(9.0,)))
    assert "Version 4 : outside the interval of the champion." in words(get(client, "/models")).replace("4:", "4 :")


def test_the_history_says_who_did_what_and_why_the_newest_first(client: Service, store: VersionStore) -> None:
    make_champion(store, 2)
    for _ in range(30):
        promote(store, 1, "fallback", ANN)
        clear(store, "fallback", ANN)
    store.history.append({"action": "seal", "by": "ann", "file": "requests-1.csv", "rows": 3, "sha256": "0" * 64})
    page = get(client, "/models")
    lines = re.findall(r'<tr><th scope="row"><span class="num">.*?</tr>', page, re.DOTALL)
    assert len(lines) == 50
    assert "took fallback away from version 1 by ann" in words(lines[0])
    assert "because" in words(lines[0])
    assert "And 13 earlier lines." in words(page)  # 2 publications, a promotion, 60 lines
    assert "1 line that seals a log file is left out." in words(page)


def test_a_promotion_over_a_failed_gate_is_marked(client: Service, store: VersionStore) -> None:
    make_champion(store, 2)  # it answers 10 more than is true
    assert "made version 2 champion by ann over a failed gate" in words(get(client, "/models/boston/2"))


def test_two_versions_are_compared_row_by_row_on_the_same_rows(versions: Service) -> None:
    page = get(versions, "/models/compare?a=1&b=2")
    text = words(page)
    assert "On the same 40 test rows, version 2 is nearer to the real value on 20 and farther on 0." in text
    assert "of version 2 less that of version 1 is −4.00" in text  # 9 and 1 against 1 and 1
    assert "All of it is below 0: version 2 has the smaller error" in text
    assert cells(page, "RMSE on test rows") == ["2.24 1.74 to 2.74", "1.00 0.500 to 1.50", "−1.24"]
    assert cells(page, "fit.hidden") == ["–", "[8, 4]"]
    assert cells(page, "rm ≤ 6")[1::2] == ["7.00 4.00 to 9.00"] * 2
    assert page.count('role="img"') == 6
    assert page.count(" selected") == 2


def test_versions_whose_cards_do_not_name_their_test_rows_are_not_said_to_have_the_same(client: Service) -> None:
    cards = [card_of(errors=(3.0,)), card_of(errors=(3.5,))]
    for card in cards:
        del card["split"]["test_rows_sha256"]
        publish(client.settings.models, card=card)
    assert "Not all are known to be tested on the same rows" in words(get(client, "/models"))
    assert "They are not known to be tested on the same rows" in words(get(client, "/models/compare?a=2&b=3"))


def test_versions_of_other_data_are_not_compared_row_by_row(versions: Service) -> None:
    text = words(get(versions, "/models/compare?a=1&b=3"))
    assert "They were made from different data" in text
    assert "can't be compared row by row" in text
    assert "nearer to the real value" not in text


def test_without_a_choice_the_champion_and_the_challenger_are_compared(versions: Service) -> None:
    assert "Versions 1 and 3 of boston" in words(get(versions, "/models/compare"))
    assert "Versions 2 and 3 of boston" in words(get(versions, "/models/compare?a=2"))
    assert "Versions 1 and 2 of boston" in words(get(versions, "/models/compare?b=2"))
    assert "This is one version twice" in words(get(versions, "/models/compare?a=2&b=2"))


def test_one_version_alone_can_not_be_compared(client: Service) -> None:
    assert "There is nothing to compare yet" in words(get(client, "/models/compare"))


@pytest.mark.parametrize("query", ["a=9", "a=x", "b=0", "b=-1", "a=1&b=" + "9" * 5000, "a=²"])
def test_a_version_that_never_was_is_not_found(versions: Service, query: str) -> None:
    reply = versions.get(f"/models/compare?{query}", headers={"Accept": "text/html"})
    assert (reply.status_code, reply.mimetype) == (404, "text/html")


@pytest.mark.parametrize("path", ["/models/boston/9", "/models/other/1", "/models/boston/" + "9" * 5000])
def test_a_card_that_never_was_is_a_page_that_says_so(versions: Service, path: str) -> None:
    reply = versions.get(path, headers={"Accept": "text/html"})
    assert (reply.status_code, reply.mimetype) == (404, "text/html")


def test_the_pages_need_a_token_where_pages_do(make_client: MakeClient, tmp_path: Path) -> None:
    token, line = new_token("ann")
    (tmp_path / "tokens").write_text(line)
    client = make_client(page_tokens=str(tmp_path / "tokens"))
    for path in ("/models", "/models/boston/1", "/models/compare"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200


# Texts, and what may be missing


def test_the_card_says_what_a_model_with_texts_takes(flats: Service, service: Service) -> None:
    page = get(flats, "/models/flats/1")
    assert "What it takes" in page
    assert "number, optional" in page
    assert "category of 4" in page
    assert "any other text counts as elsewhere" in page
    assert "if it is not known, it counts as without" in page
    assert "What it takes" not in get(service, "/models/boston/1")


def test_the_card_of_many_and_of_odd_texts_stays_small_and_is_no_markup(odd_texts: Service) -> None:
    page = get(odd_texts, "/models/odd/1")
    assert "95600" in page
    assert "and 488 more" in page
    assert page.count('<th scope="row">960') == 100  # of 500, in the table below the picture
    assert len(page) < 50_000
    assert "<b>bold" not in page
    assert "x0" * 30 not in page.partition("Numbers of this chart")[0]
