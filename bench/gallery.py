"""``python -m bench.gallery [FOLDER]``: every ready-made mail as its readers see it, in a real Chromium, narrow and wide, light
and dark.

Pictures are JPEG files named by mail, language, width and colour scheme. They are for people to look at; nothing is compared.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.german import examples_for
from posthouse.model.template import RenderedTemplate
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render
from tests.support import tools

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
WIDTHS = (320, 700)
LANGUAGES = ("en", "de")
HERE = Path(__file__).parents[1] / "docs" / "gallery"


def main(folder: Path, names: list[str]) -> None:
    """Take the pictures. Errors: SystemExit where no Chromium can be had."""
    chromium = tools.find("chromium")
    if chromium is None:
        raise SystemExit("There is no Chromium; `make tools` fetches one.")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for name in names or READY_MADE:
            version = READY_MADE[name]
            for language in LANGUAGES:
                made = render(version, examples_for(version, language), language)
                assert isinstance(made, RenderedTemplate)
                for width in WIDTHS:
                    for scheme in ("light", "dark"):
                        page = browser.new_page(viewport={"width": width, "height": 400}, color_scheme=scheme)  # type: ignore[arg-type]
                        page.set_content(made.html or "")
                        page.screenshot(
                            path=folder / f"{name}-{language}-{width}-{scheme}.jpg", type="jpeg", quality=85, full_page=True
                        )
                        page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE, sys.argv[2:])
