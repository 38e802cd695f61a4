"""``python -m tests.e2e.screenshots``: each page as it looks light, dark and on a phone, into docs/screenshots/.

Trains into a temporary folder, or takes the models folder that is named; asks for predictions, and has the monitor
report on them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.e2e.conftest import CHROMIUM, QUIET
from tests.e2e.server import ROOT, run, serving
from tests.e2e.visit import use

FOLDER = ROOT / "docs" / "screenshots"
VIEWS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
LEFT_OUT = {"report", "beyond"}  # they look like the monitor's page and the answer
TALLEST = 1800  # pixels that are shown of a long page
COLOURS = 256


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="?", type=Path, help="a models folder; without it, two versions are trained")
    parser.add_argument("--model", default="boston", help="the model in it; default: boston")
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        models = arguments.models or Path(name, "models")
        for spec in [] if arguments.models else ([], ["train/boston_mlp.toml"]):
            done = run("train", *spec, SERVE_MODELS=str(models))
            if done.returncode:
                sys.stderr.write(done.stderr)
                return done.returncode
        with serving(models, Path(name, "logs"), workers=1, SERVE_MODEL=arguments.model) as server:
            paths = {page: path for page, path in use(server, arguments.model).items() if page not in LEFT_OUT}
            shoot(server.url, paths)
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    sys.stdout.write(f"{len(paths) * len(VIEWS)} pictures of {len(paths)} pages in {FOLDER}, {size / 1e6:.1f} MB\n")
    return 0


def shoot(url: str, paths: dict[str, str]) -> None:
    """Write a picture of each page in each view."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in FOLDER.glob("*.png"):
        file.unlink()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for view, (scheme, width) in VIEWS.items():
            context = browser.new_context(
                base_url=url,
                color_scheme=scheme,  # type: ignore[arg-type]  # one of Playwright's words
                viewport={"width": width, "height": 900},
            )
            page = context.new_page()
            for name, path in paths.items():
                page.goto(path)
                page.wait_for_load_state("networkidle")
                _write(page, FOLDER / f"{name}-{view}.png")
            context.close()
        browser.close()


def _write(page: Page, file: Path) -> None:
    """Write what is to be seen of a page, in 256 colours: fewer bytes."""
    page.screenshot(path=file, full_page=True)
    with Image.open(file) as picture:
        shown = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, TALLEST)))
    shown.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
