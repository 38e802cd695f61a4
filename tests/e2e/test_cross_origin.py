"""Pages of other origins, in a real browser: one loads the model with stock TensorFlow.js, one asks the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from app.http.tokens import new_token
from registry import VersionStore
from tests.conftest import publish
from tests.e2e.npm import install_packages, require_npm
from tests.e2e.server import Server, serving

LOAD = """async ([url, rows]) => {
    const model = await tf.loadLayersModel(url);
    return Array.from(await model.predict(tf.tensor2d(rows)).data());
}"""
# What a page gets to see of an answer; of none, the word that JavaScript has for it.
ASK = """async ([url, headers, body]) => {
    try {
        const reply = await fetch(url, { method: "POST", headers, body });
        const seen = ["X-Request-ID", "X-Model-Version"].map((name) => reply.headers.get(name));
        return { status: reply.status, content: await reply.json(), seen };
    } catch (error) {
        return { error: error.name };
    }
}"""
JSON = {"Content-Type": "application/json"}
ROW = "[6, 250, 66.5]"
PARTS = ("core", "backend-cpu", "layers")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def site(folder: Path, host: str = "localhost") -> Iterator[str]:
    """Serve a folder on a port of its own. Yield the origin of its pages; localhost and 127.0.0.1 are two sites."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://{host}:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text("<title>another site</title><link rel=icon href=data:,>")
    return folder


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a page that has stock TensorFlow.js and no policy, as most pages of tutorials."""
    require_npm("the TensorFlow.js files in a page of another origin")
    folder = tmp_path_factory.mktemp("stock")
    install_packages(folder)
    scripts = (f"@tensorflow/tfjs-{part}/dist/tf-{part}.min.js" for part in PARTS)
    (folder / "index.html").write_text("".join(f'<script src="node_modules/{script}"></script>' for script in scripts))
    return folder


def ask(
    browser: Browser, origin: str, server: Server, body: str = ROW, path: str = "/predict_json", **sent: str
) -> Any:
    """Ask from a page of an origin. Return what the page sees."""
    headers = {name.replace("_", "-"): value for name, value in sent.items()} or JSON
    page = browser.new_page()
    page.goto(f"{origin}/index.html")
    seen = page.evaluate(ASK, [f"{server.url}{path}", headers, body])
    page.close()
    return seen


@pytest.mark.parametrize("number", [1, 3], ids=["linear", "mlp"])
def test_a_page_of_another_origin_loads_the_model_and_predicts(
    published: Path, browser: Browser, stock: Path, tmp_path: Path, number: int
) -> None:
    rows = [[6, 250, 66.5], [7, 300, 10], [5.5, 666, 100]]
    with serving(published, tmp_path / "logs", workers=1) as server, site(stock) as origin:
        page = browser.new_page()
        page.goto(f"{origin}/index.html")
        computed = page.evaluate(LOAD, [f"{server.url}/models/boston/{number}/tfjs/model.json", rows])
        with pytest.raises(Exception, match="Failed to fetch"):
            page.evaluate("url => fetch(url)", f"{server.url}/models/boston/{number}/signature.json")
        page.close()
        assert server.rows("requests") == []
    expected = VersionStore(published, "boston").open(number).predictor.predict(np.array(rows, dtype=np.float32))
    assert computed == pytest.approx([float(value) for value in expected], abs=1e-4)


def test_a_page_that_the_setting_does_not_name_can_not_load_the_model(
    published: Path, browser: Browser, stock: Path, tmp_path: Path
) -> None:
    with (
        site(stock) as named,
        site(stock) as other,
        serving(published, tmp_path / "logs", workers=1, SERVE_TFJS_ORIGINS=named) as server,
    ):
        page = browser.new_page()
        arguments = [f"{server.url}/models/boston/1/tfjs/model.json", [[6, 250, 66.5]]]
        page.goto(f"{named}/index.html")
        assert len(page.evaluate(LOAD, arguments)) == 1
        page.goto(f"{other}/index.html")
        with pytest.raises(Exception, match="Failed to fetch"):
            page.evaluate(LOAD, arguments)
        page.close()


def test_a_page_that_is_named_asks_and_reads_answers_and_errors(
    browser: Browser, models: Path, folder: Path, tmp_path: Path
) -> None:
    token, line = new_token("shop")
    (tmp_path / "tokens").write_text(line)
    tokens = {"SERVE_TOKENS": str(tmp_path / "tokens"), "SERVE_PAGE_TOKENS": str(tmp_path / "tokens")}
    with (
        site(folder) as origin,
        serving(models, workers=1, SERVE_CORS_ORIGINS=f"https://shop.example,{origin}", **tokens) as server,
    ):
        known = {"Content_Type": "application/json", "Authorization": f"Bearer {token}", "X_Request_ID": "from-a-page"}
        answer = ask(browser, origin, server, **known)
        assert (answer["status"], answer["seen"]) == (200, ["from-a-page", "1"])
        assert answer["content"]["prediction"] == pytest.approx(23.505, abs=1e-4)
        stranger = ask(browser, origin, server)
        assert (stranger["status"], stranger["content"]["success"]) == (401, False)
        wrong = ask(browser, origin, server, '{"age": 6666}', **{**known, "X_Request_ID": "wrong"})
        assert (wrong["status"], wrong["seen"][0]) == (422, "wrong")
        (row,) = server.rows("predictions")
        assert row["request_id"] == "from-a-page"
        requests = [(row["method"], row["status"], "shop@" in row["client"]) for row in server.rows("requests")]
        assert requests == [("POST", "200", True), ("POST", "401", False), ("POST", "422", True)]


@pytest.mark.parametrize("setting", ["", "https://shop.example"])
def test_a_page_that_is_not_named_reads_nothing_and_nothing_is_predicted_for_it(
    browser: Browser, models: Path, folder: Path, setting: str
) -> None:
    with serving(models, workers=1, SERVE_CORS_ORIGINS=setting) as server, site(folder) as origin:
        assert ask(browser, origin, server) == {"error": "TypeError"}
        # Browsers send this without asking first.
        simple = {"Content_Type": "text/plain"}
        path = "/v1/models/boston:predict"
        assert ask(browser, origin, server, f'{{"instances": [{ROW}]}}', path, **simple) == {"error": "TypeError"}
        assert [(row["path"], row["status"]) for row in server.rows("requests")] == [(path, "403")]
        assert server.rows("predictions") == []
        assert server.ask()[0] == 200


def test_with_an_asterisk_every_page_asks_but_not_for_what_was_true(browser: Browser, tmp_path: Path) -> None:
    publish(tmp_path / "models")
    (tmp_path / "index.html").write_text("<link rel=icon href=data:,>")
    with serving(tmp_path / "models", workers=1, SERVE_CORS_ORIGINS="*") as server, site(tmp_path) as origin:
        answer = ask(browser, origin, server, X_Client_ID="a", Content_Type="application/json")
        assert answer["status"] == 200
        request_id = answer["seen"][0]
        truth = f'{{"request_id": "{request_id}", "value": 24}}'
        assert ask(browser, origin, server, truth, "/feedback") == {"error": "TypeError"}
        assert ask(browser, origin, server, truth, "/feedback", Content_Type="text/plain") == {"error": "TypeError"}
        assert server.rows("feedback") == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_over_plain_http_only_the_services_own_form_tells_what_was_true(
    browser: Browser, models: Path, folder: Path, script: bool
) -> None:
    token, _ = new_token("ann")
    with serving(models, workers=1, SERVE_FEEDBACK_TOKEN=token) as server, site(folder, "other.example") as origin:
        address = server.url.replace("127.0.0.1", "houses.example").replace("localhost", "houses.example")
        fields = "<input name=request_id value=a><input name=actual value=20><button>Win</button>"
        (folder / "index.html").write_text(f"<form method=post action={address}/form/feedback>{fields}</form>")
        kept = {"Authorization": f"Bearer {token}"}  # as a browser sends a password that it keeps
        context = browser.new_context(java_script_enabled=script, extra_http_headers=kept)
        page = context.new_page()
        page.goto(f"{origin}/index.html")
        with page.expect_response("**/form/feedback") as refused:
            page.click("button")
        assert "sec-fetch-site" not in refused.value.request.all_headers()
        assert (refused.value.status, server.rows("feedback")) == (403, [])
        page.goto(f"{address}/form?rm=6&tax=250&age=66.5")
        page.fill("#actual", "24,5")
        page.click("#tell-form button")
        page.wait_for_selector("#truth .good")
        assert [row["actual"] for row in server.rows("feedback")] == ["24.5"]
        context.close()
