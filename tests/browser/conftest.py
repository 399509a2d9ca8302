"""One filled home, both user interfaces over it, and a browser: once per session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.mlflow_page import SETTLED
from tests.browser.servers import Pages, coldcast, serving
from tests.conftest import missing

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH, HEIGHT = 1400, 900
WORLD = ("--users", "160", "--items", "450", "--interactions", "9000")  # enough to be promoted
SETTINGS = {
    "filterllm": {"lora_epochs": 0},
    "sensors": {"nightly": "* * * * *"},  # a night every minute
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing(f"Chromium ({CHROMIUM})")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, trained and published with settings that the home keeps."""
    folder = tmp_path_factory.mktemp("browser") / "home"
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(SETTINGS))
    coldcast(folder, "import", "synthetic", *WORLD)
    coldcast(folder, "retrain")
    return folder


@pytest.fixture(scope="session")
def pages(home: Path) -> Iterator[Pages]:
    """Both user interfaces."""
    with serving(home, home.parent / "ui.log") as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page."""
    opened = new_page(browser)
    yield opened
    opened.context.close()


def new_page(browser: Browser) -> Page:
    """A page without history, in English and UTC."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", timezone_id="UTC"
    )
    context.add_init_script(SETTLED)
    return context.new_page()
