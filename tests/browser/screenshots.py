"""Pictures of the pages for the documents: ``python -m tests.browser.screenshots --home HOME [--out docs/img]``.

The home must hold a finished retrain, for instance that of ``coldcast demo``.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import dagster_page, mlflow_page
from tests.browser.conftest import ARGUMENTS, CHROMIUM, HEIGHT, WIDTH, new_page
from tests.browser.servers import Pages, serving

GRAPH_WIDTH, GRAPH_HEIGHT = 1900, 820  # room for the whole graph; drawn smaller
DRAWN = 2_500  # milliseconds until transitions are over


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "docs" / "img")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        take_report(browser, asked.home, asked.out)
        with serving(asked.home.resolve(), Path(folder) / "ui.log") as pages:
            take_dagster(browser, pages, asked.out)
            take_mlflow(browser, pages, asked.out)
        browser.close()


def take_report(browser: Browser, home: Path, out: Path) -> None:
    """The top of the newest report's page."""
    newest = max((home / "artifacts" / "evaluation_report").glob("*/report.html"))
    page = new_page(browser)
    page.goto(newest.resolve().as_uri())
    keep(page, out / "report.png", height=1000)


def take_dagster(browser: Browser, pages: Pages, out: Path) -> None:
    """Graph, green run, checks and the report's picture."""
    page = new_page(browser)
    page.set_viewport_size({"width": GRAPH_WIDTH, "height": GRAPH_HEIGHT})
    dagster_page.open_graph(page, pages, alone=True)
    keep(page, out / "asset-graph.png", width=GRAPH_WIDTH, height=GRAPH_HEIGHT)
    page = new_page(browser)
    green = next(run for run in dagster_page.runs(pages, "retrain") if run["status"] == "SUCCESS")
    page.set_viewport_size({"width": WIDTH, "height": 960})
    dagster_page.open_run(page, pages, str(green["runId"]))
    dagster_page.enlarge_chart(page, 850)
    keep(page, out / "dagster-run.png", height=960)
    dagster_page.open_checks(page, pages, "interaction_snapshot")
    keep(page, out / "dagster-checks.png")
    dagster_page.open_picture(page, pages)
    keep(page, out / "dagster-report.png")


def take_mlflow(browser: Browser, pages: Pages, out: Path) -> None:
    """Run tree and champion."""
    page = new_page(browser)
    mlflow_page.open_tree(page, pages)
    keep(page, out / "mlflow-runs.png", height=640)
    mlflow_page.open_champion(page, pages)
    keep(page, out / "mlflow-champion.png", height=820)


def keep(page: Page, file: Path, *, width: int = WIDTH, height: int = HEIGHT) -> None:
    """Write what the page shows; a wider page is drawn smaller."""
    page.set_viewport_size({"width": width, "height": height})
    page.mouse.move(width / 2, 5)
    page.wait_for_timeout(DRAWN)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if width != WIDTH:
        picture = picture.resize((WIDTH, round(height * WIDTH / width)), Image.Resampling.LANCZOS)
    picture.save(file, optimize=True)
    print(f"{file}  {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
